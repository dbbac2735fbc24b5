//! Calls on the embedded store, on a paused clock.

mod many;
mod reentry;
