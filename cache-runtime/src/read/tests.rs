//! Calls on the embedded store, on a paused clock.

mod bounds;
mod many;
mod reentry;
