//! How many operations wait for the store: so many and no more, lest one that hangs fills the memory.

use std::{
    ops::Deref,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::Guard;

pub(super) struct Waiting {
    most: usize,
    now: AtomicUsize,
}

impl Waiting {
    pub(super) fn new(most: usize) -> Waiting {
        Waiting { most, now: AtomicUsize::new(0) }
    }

    fn enter(&self) -> bool {
        let room = self.now.fetch_add(1, Ordering::Relaxed) < self.most;
        if !room {
            self.leave();
        }
        room
    }

    fn leave(&self) {
        self.now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One of the places. Dropping it gives it back.
pub(super) struct Place<G: Deref<Target = Guard>>(G);

impl<G: Deref<Target = Guard>> Place<G> {
    /// A place, if there is one left.
    pub(super) fn take(guard: G) -> Option<Place<G>> {
        guard.waiting.enter().then(|| Place(guard))
    }
}

impl<G: Deref<Target = Guard>> Drop for Place<G> {
    fn drop(&mut self) {
        self.0.waiting.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::Waiting;

    #[test]
    fn there_are_so_many_places() {
        let waiting = Waiting::new(2);
        assert!(waiting.enter());
        assert!(waiting.enter());
        assert!(!waiting.enter());
        waiting.leave();
        assert!(waiting.enter());
        assert!(!waiting.enter());
    }
}
