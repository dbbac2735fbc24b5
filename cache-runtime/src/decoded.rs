//! Decoded values: what is kept beside the entry of a local copy, so that a hit need not decode it.

use std::{any::Any, fmt, sync::OnceLock};

/// The value of an entry, once a hit has decoded it. Clones of the entry share it.
#[derive(Default)]
pub(crate) struct Decoded(OnceLock<Box<dyn Any + Send + Sync>>);

impl Decoded {
    /// The value, if it is known, and a `T`.
    pub(crate) fn get<T: 'static>(&self) -> Option<&T> {
        self.0.get()?.downcast_ref::<T>()
    }

    /// Keeps a value, unless one is kept.
    pub(crate) fn put<T: Send + Sync + 'static>(&self, value: impl FnOnce() -> T) {
        self.0.get_or_init(|| Box::new(value()));
    }
}

impl fmt::Debug for Decoded {
    /// Leaves out the value, which is user data and must not be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoded").field("is_known", &self.0.get().is_some()).finish()
    }
}
