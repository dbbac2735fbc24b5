//! Local copies over a server: what the server holds, kept in this process, and served for as long as the server is known
//! to have said nothing else.
//!
//! | file | subject |
//! |---|---|
//! | `settings` | how many copies there are, and for how long they are believed |
//! | `hello` | how a connection begins to be told of changes |
//! | `tracked` | a connection that is told of changes, and the lease of its copies |
//! | `agreement` | whether all processes keep copies in the same way |
//! | `copies` | the copies, by key, and what takes them away |
//! | `keeper` | renews the lease of a connection |
//!
//! Each file imports only from those above it. `copied`, beside this folder, has the looks that copies answer, and those that
//! leave some.
//!
//! A copy belongs to a connection of its own kind, which speaks RESP3 and whose server tracks the keys that are read over it
//! (`CLIENT TRACKING ON OPTIN`). The server writes an invalidation into the connection when the key changes, so any answer to
//! a later command comes after it. `ARCHITECTURE.md` has the proof that follows from that. The idea of a lease is from Gray
//! and Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache Consistency", SOSP 1989.

mod agreement;
mod copies;
mod hello;
mod keeper;
mod settings;
mod tracked;

pub(crate) use self::settings::LocalSettings;
pub(super) use self::{
    agreement::Others,
    copies::{Copies, Copy, Ticket, end},
    hello::hello,
    keeper::Keeper,
    tracked::{Tracked, track},
};
