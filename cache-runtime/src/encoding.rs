//! How values are encoded: the codec, compression and limits that a policy chooses.

/// How values are encoded.
///
/// An entry names its codec, and is decoded with that: a deployment that changes the codec loses none of the stored
/// entries. An entry whose codec is not enabled is a miss, is counted as
/// [`undecodable`](crate::FunctionStats::undecodable), and is replaced.
///
/// `Some(user)` is encoded as `user`, so that functions that return `Option<User>` and `User` share their entries.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// JSON: readable with `redis-cli`, and the default.
    Json,
    /// MessagePack with field names: smaller than JSON, and as lenient. Needs the feature `msgpack`.
    MsgPack,
    /// [Postcard](https://postcard.jamesmunns.com): the smallest, without field names. Needs the feature `postcard`.
    ///
    /// Without field names, only a fingerprint keeps an entry of an older layout from being decoded as one of the current
    /// layout, so the value's type has to be a [`CacheValue`](crate::CacheValue). A type where serde may leave out a field
    /// (`skip_serializing_if`) or has to look ahead (`flatten`, `tag`, `untagged`) cannot be decoded without field names.
    /// Values of such types, and of types without a fingerprint, are not stored, and are counted as
    /// [`unencodable`](crate::FunctionStats::unencodable).
    Postcard,
}

impl Codec {
    /// Its mark in the header of an entry.
    pub(crate) const fn mark(self) -> u8 {
        match self {
            Codec::Json => b'j',
            Codec::MsgPack => b'm',
            Codec::Postcard => b'p',
        }
    }

    /// The codec with this mark.
    pub(crate) fn of_mark(mark: u8) -> Option<Codec> {
        [Codec::Json, Codec::MsgPack, Codec::Postcard]
            .into_iter()
            .find(|codec| codec.mark() == mark)
    }

    /// The error of a codec whose feature is off.
    pub(crate) const fn missing(self) -> Option<&'static str> {
        match self {
            Codec::MsgPack if !cfg!(feature = "msgpack") => Some(
                "`Codec::MsgPack` is not built in: enable the feature `msgpack` of `cache-runtime`",
            ),
            Codec::Postcard if !cfg!(feature = "postcard") => Some(
                "`Codec::Postcard` is not built in: enable the feature `postcard` of `cache-runtime`",
            ),
            _ => None,
        }
    }
}

/// How large values are compressed.
///
/// As with [`Codec`], an entry names its compression. A value is only compressed where that makes it smaller. A value of
/// more than 64 MiB (or [`Policy::max_decompressed_bytes`](crate::Policy::max_decompressed_bytes)) is stored without
/// compression, because readers refuse to decompress more than that.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// LZ4: fast. Needs the feature `lz4`.
    Lz4,
    /// Zstandard at its default level: smaller, at several times the cost. Needs the feature `zstd`, and a C compiler.
    Zstd,
}

impl Compression {
    /// Its mark in the header of an entry.
    pub(crate) const fn mark(self) -> u8 {
        match self {
            Compression::Lz4 => b'l',
            Compression::Zstd => b'z',
        }
    }

    /// The compression with this mark.
    pub(crate) fn of_mark(mark: u8) -> Option<Compression> {
        [Compression::Lz4, Compression::Zstd].into_iter().find(|one| one.mark() == mark)
    }

    /// The error of a compression whose feature is off.
    pub(crate) const fn missing(self) -> Option<&'static str> {
        match self {
            Compression::Lz4 if !cfg!(feature = "lz4") => Some(
                "`Compression::Lz4` is not built in: enable the feature `lz4` of `cache-runtime`",
            ),
            Compression::Zstd if !cfg!(feature = "zstd") => Some(
                "`Compression::Zstd` is not built in: enable the feature `zstd` of `cache-runtime`",
            ),
            _ => None,
        }
    }
}

/// Everything that determines how a value is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub(crate) codec: Codec,
    pub(crate) compression: Option<Compression>,
    /// The size in bytes from which on values are compressed.
    pub(crate) compress_over: usize,
    /// The size in bytes above which values are not stored.
    pub(crate) max_bytes: usize,
    /// The most bytes that an entry may decompress to.
    pub(crate) max_decompressed: usize,
    /// The fingerprint of the value's type; zero where it has none.
    pub(crate) fingerprint: u64,
}

impl Encoding {
    /// Plain JSON of at most 8 MiB.
    pub(crate) const DEFAULT: Encoding = Encoding {
        codec: Codec::Json,
        compression: None,
        compress_over: 1024,
        max_bytes: 8 << 20,
        max_decompressed: 64 << 20,
        fingerprint: 0,
    };
}
