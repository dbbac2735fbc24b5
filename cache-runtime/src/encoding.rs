//! How values are to be written: the codec, compression and limits that a policy chooses.

/// How values are written.
///
/// An entry says what it was written with, and is read by that: a deployment that changes the codec loses nothing of
/// what is stored. An entry of a codec that is not built in is a miss, counted as
/// [`undecodable`](crate::FunctionStats::undecodable), and is written anew.
///
/// `Some(user)` is written as `user` is, so that functions that return `Option<User>` and `User` share their entries.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// JSON: readable with `redis-cli`, and the default.
    Json,
    /// MessagePack with the names of fields: smaller than JSON, and as lenient. Needs the feature `msgpack`.
    MsgPack,
    /// [Postcard](https://postcard.jamesmunns.com): the smallest, without names of fields. Needs the feature `postcard`.
    ///
    /// Only a fingerprint keeps an entry of an older layout from being read as one of today's, so the value's type has to be a
    /// [`CacheValue`](crate::CacheValue). A type where serde may leave a field out, by `skip_serializing_if`, or has to
    /// look ahead, by `flatten`, `tag` or `untagged`, cannot be read without names. Values of other types
    /// are not stored, and are counted as [`unencodable`](crate::FunctionStats::unencodable).
    Postcard,
}

impl Codec {
    /// Its mark in an entry's header.
    pub(crate) const fn mark(self) -> u8 {
        match self {
            Codec::Json => b'j',
            Codec::MsgPack => b'm',
            Codec::Postcard => b'p',
        }
    }

    /// The codec of this mark.
    pub(crate) fn of_mark(mark: u8) -> Option<Codec> {
        [Codec::Json, Codec::MsgPack, Codec::Postcard]
            .into_iter()
            .find(|codec| codec.mark() == mark)
    }

    /// What to do about a codec whose feature is not enabled.
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
/// As with [`Codec`], an entry says how it is compressed. It is compressed only where that makes it smaller. What would
/// be over 64 MiB without compression (or over [`Policy::max_decompressed_bytes`](crate::Policy::max_decompressed_bytes))
/// is not compressed: no entry can make a reader fill more memory than that.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// LZ4: costs little. Needs the feature `lz4`.
    Lz4,
    /// Zstandard at its default level: smaller, at several times the cost. Needs the feature `zstd`, and a C compiler.
    Zstd,
}

impl Compression {
    /// Its mark in an entry's header.
    pub(crate) const fn mark(self) -> u8 {
        match self {
            Compression::Lz4 => b'l',
            Compression::Zstd => b'z',
        }
    }

    /// The compression of this mark.
    pub(crate) fn of_mark(mark: u8) -> Option<Compression> {
        [Compression::Lz4, Compression::Zstd].into_iter().find(|one| one.mark() == mark)
    }

    /// What to do about one whose feature is not enabled.
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

/// All that decides how a value becomes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub(crate) codec: Codec,
    pub(crate) compression: Option<Compression>,
    /// The size in bytes from which on values are compressed.
    pub(crate) compress_over: usize,
    /// The size in bytes above which values are not stored.
    pub(crate) max_bytes: Option<usize>,
    /// The most bytes that a compressed entry may stand for.
    pub(crate) max_decompressed: usize,
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
        max_decompressed: 64 << 20,
        fingerprint: 0,
    };
}
