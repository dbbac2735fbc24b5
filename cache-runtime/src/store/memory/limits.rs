//! How much an embedded store may hold.

/// The bounds of an embedded store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The bytes of all values and stamps, with their keys and what it takes to keep them.
    pub(crate) max_bytes: u64,
    /// The number of values, if that is bounded too.
    pub(crate) max_values: Option<u64>,
}

impl Limits {
    /// 256 MiB.
    pub(crate) const DEFAULT: Limits = Limits { max_bytes: 256 << 20, max_values: None };

    /// A store of less could keep next to nothing.
    pub(crate) const LEAST_BYTES: u64 = 64 << 10;
}
