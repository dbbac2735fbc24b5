//! The cache-aside flow: look, and on a miss load once, store if nothing was written meanwhile, and share.
//!
//! | file | subject |
//! |---|---|
//! | `single`, `many` | a call whose types are known: for one key, and for the keys of a batch |
//! | `driver`, `turn` | drive a call to its end, without knowing its types |
//! | `local` | the shortest way to a hit, without an engine |
//! | `engine`, `key_state` | what a call knows, and what that allows |
//! | `fetch`, `acquire`, `next`, `load` | the round trips of a call, and what it does between them |
//! | `named_tags`, `learn` | tags that values name |
//! | `running`, `spawned` | a load under way; loads that go on without their caller |
//! | `emptied` | what a call that refreshes leaves |
//!
//! [`Run`] and [`many`] are generic over the function and thin: polling its body, coding and decoding. All else is done
//! by the engine on bytes, once for all functions and for one key as for many.

mod acquire;
mod audit;
mod began;
mod decision;
mod detached;
mod driver;
mod emptied;
mod engine;
mod fetch;
mod function;
mod key_state;
mod keys;
mod learn;
mod load;
mod load_role;
mod local;
mod many;
mod named_tags;
mod next;
mod outcome;
mod patience;
mod peek;
mod reentry;
mod request;
mod running;
mod single;
mod snapshot;
mod spawned;
mod turn;
mod values;

pub use self::{
    decision::{Decision, keep},
    single::{Attended, Owned, Run},
};
pub(crate) use self::{
    detached::DynFuture,
    local::Wanted,
    many::{Attended as AttendedMany, Owned as OwnedMany, many},
    peek::peek,
    request::{Request, past},
    single::reload,
};

#[cfg(test)]
mod tests;
