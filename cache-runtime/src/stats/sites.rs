//! The counters of annotated functions, by a number that each function has in the process: found without a look-up by name.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use super::function::Counters;

/// A bucket has room for so many functions.
const BUCKET: usize = 64;

/// So many functions have a place; more than any program has.
const BUCKETS: usize = 256;

/// The number of a function in the process, drawn when it is first asked for.
#[derive(Debug)]
pub(crate) struct SitePlace(AtomicUsize);

/// The number that the next function gets. Zero stands for none.
static NEXT: AtomicUsize = AtomicUsize::new(1);

impl SitePlace {
    pub(crate) const fn new() -> SitePlace {
        SitePlace(AtomicUsize::new(0))
    }

    pub(crate) fn get(&self) -> usize {
        match self.0.load(Relaxed) {
            0 => self.draw(),
            place => place,
        }
    }

    #[cold]
    fn draw(&self) -> usize {
        let drawn = NEXT.fetch_add(1, Relaxed);
        match self.0.compare_exchange(0, drawn, Relaxed, Relaxed) {
            Ok(_) => drawn,
            // Another thread was first, and this number stays unused.
            Err(place) => place,
        }
    }
}

type Slot = OnceLock<Arc<Counters>>;

/// The counters of one cache, by the numbers of their functions.
#[derive(Debug)]
pub(super) struct Sites {
    buckets: Box<[OnceLock<Box<[Slot]>>]>,
}

impl Sites {
    pub(super) fn new() -> Sites {
        Sites { buckets: (0..BUCKETS).map(|_| OnceLock::new()).collect() }
    }

    /// The counters of the function with this number, which `find` finds by name the first time. None for one beyond all
    /// places.
    pub(super) fn get(
        &self,
        place: usize,
        find: impl FnOnce() -> Arc<Counters>,
    ) -> Option<&Arc<Counters>> {
        let bucket = self.buckets.get(place / BUCKET)?;
        let slots = bucket.get_or_init(|| (0..BUCKET).map(|_| OnceLock::new()).collect());
        Some(slots[place % BUCKET].get_or_init(find))
    }
}
