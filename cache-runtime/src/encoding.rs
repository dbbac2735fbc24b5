//! How values are to be written: the codec, compression and limits that a policy chooses.

/// How values are written.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// JSON: readable with `redis-cli`, and the default.
    Json,
}

/// How large values are compressed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {}

/// All that decides how a value becomes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub(crate) codec: Codec,
    pub(crate) compression: Option<Compression>,
    /// The size in bytes from which on values are compressed.
    pub(crate) compress_over: usize,
    /// The size in bytes above which values are not stored.
    pub(crate) max_bytes: Option<usize>,
    /// Of the value's type; zero where it has none.
    pub(crate) fingerprint: u64,
}

impl Encoding {
    /// Plain JSON of any size.
    pub(crate) const DEFAULT: Encoding = Encoding {
        codec: Codec::Json,
        compression: None,
        compress_over: 1024,
        max_bytes: None,
        fingerprint: 0,
    };
}
