//! How one function's results are cached: the constants behind `#[cached(...)]`.

use std::time::Duration;

use crate::{
    encoding::{Codec, Compression, Encoding},
    value::{CacheValue, refuse_unnamed},
};

/// How results are cached: for how long, under which lock, in which version.
///
/// Every method is `const`, so that a policy can be a constant:
///
/// ```
/// use cache_runtime::Policy;
///
/// const USERS: Policy = Policy::ttl(3600).lock().negative_ttl(60).version(2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(crate) ttl: Duration,
    pub(crate) negative_ttl: Option<Duration>,
    pub(crate) lock: bool,
    pub(crate) lease: Duration,
    pub(crate) wait: Duration,
    pub(crate) version: Option<u32>,
    pub(crate) name: Option<&'static str>,
    /// The template of the key, for logs.
    pub(crate) template: Option<&'static str>,
    pub(crate) jitter: Fraction,
    pub(crate) stale_while_revalidate: Duration,
    pub(crate) stale_if_error: Duration,
    pub(crate) soft_timeout: Option<Duration>,
    pub(crate) refresh_ahead: Option<RefreshAhead>,
    pub(crate) audit: Fraction,
    pub(crate) encoding: Encoding,
}

/// When a value is renewed before it has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshAhead {
    /// When this part of its ttl is over.
    At(Fraction),
    /// At random, the likelier the nearer its end is and the longer its load took.
    XFetch,
}

/// A part of a whole, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fraction(u32);

impl Fraction {
    const fn of(part: f64) -> Fraction {
        Fraction((part * 1e6) as u32)
    }

    pub(crate) fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This part of `whole`.
    pub(crate) fn of_whole(self, whole: u64) -> u64 {
        let part = u128::from(whole) * u128::from(self.0) / 1_000_000;
        u64::try_from(part).unwrap_or(u64::MAX)
    }

    pub(crate) fn as_f64(self) -> f64 {
        f64::from(self.0) / 1e6
    }
}

impl Policy {
    /// Keeps a value for `seconds`.
    ///
    /// # Panics
    ///
    /// On zero; in a constant that is a compile error.
    pub const fn ttl(seconds: u64) -> Policy {
        assert!(seconds > 0, "a ttl of zero seconds would store nothing");
        Policy { ttl: Duration::from_secs(seconds), ..Policy::UNSET }
    }

    /// Keeps a value for `ttl`; under a millisecond is rounded up to one.
    ///
    /// # Panics
    ///
    /// On zero; in a constant that is a compile error.
    pub const fn ttl_duration(ttl: Duration) -> Policy {
        assert!(!ttl.is_zero(), "a ttl of zero would store nothing");
        Policy { ttl, ..Policy::UNSET }
    }

    /// No ttl yet: one is given with every call.
    pub(crate) const UNSET: Policy = Policy {
        ttl: Duration::ZERO,
        negative_ttl: None,
        lock: false,
        lease: Duration::from_secs(5),
        wait: Duration::from_secs(10),
        version: None,
        name: None,
        template: None,
        jitter: Fraction(0),
        stale_while_revalidate: Duration::ZERO,
        stale_if_error: Duration::ZERO,
        soft_timeout: None,
        refresh_ahead: None,
        audit: Fraction(0),
        encoding: Encoding::DEFAULT,
    };

    /// This policy with another ttl, of `seconds`.
    ///
    /// # Panics
    ///
    /// On zero; in a constant that is a compile error.
    pub const fn with_ttl(self, seconds: u64) -> Policy {
        assert!(seconds > 0, "a ttl of zero seconds would store nothing");
        Policy { ttl: Duration::from_secs(seconds), ..self }
    }

    /// This policy with another ttl.
    ///
    /// # Panics
    ///
    /// On zero; in a constant that is a compile error.
    pub const fn with_ttl_duration(self, ttl: Duration) -> Policy {
        assert!(!ttl.is_zero(), "a ttl of zero would store nothing");
        Policy { ttl, ..self }
    }

    /// One loader for each key across all processes; the others wait for its value.
    ///
    /// Callers of one process share a load with or without it.
    pub const fn lock(self) -> Policy {
        Policy { lock: true, ..self }
    }

    /// As [`lock`](Policy::lock), with the time after which the lease of a dead loader is free: 5 s by
    /// default. A living loader renews its lease for as long as it works, so this can be short.
    ///
    /// # Panics
    ///
    /// On zero; in a constant that is a compile error.
    pub const fn lease(self, lease: Duration) -> Policy {
        assert!(!lease.is_zero(), "a lease of zero would protect nothing");
        Policy { lock: true, lease, ..self }
    }

    /// As [`lock`](Policy::lock), with the time that a caller waits for another process's load before
    /// it loads for itself, storing nothing: 10 s by default.
    pub const fn wait(self, wait: Duration) -> Policy {
        Policy { lock: true, wait, ..self }
    }

    /// Also remembers `None`, for `seconds`. Without it, `None` is not stored.
    ///
    /// # Panics
    ///
    /// On zero; in a constant that is a compile error.
    pub const fn negative_ttl(self, seconds: u64) -> Policy {
        assert!(seconds > 0, "a negative_ttl of zero seconds would store nothing");
        Policy { negative_ttl: Some(Duration::from_secs(seconds)), ..self }
    }

    /// Also remembers `None`, for `ttl`. Without it, `None` is not stored.
    ///
    /// # Panics
    ///
    /// On zero; in a constant that is a compile error.
    pub const fn negative_ttl_duration(self, ttl: Duration) -> Policy {
        assert!(!ttl.is_zero(), "a negative_ttl of zero would store nothing");
        Policy { negative_ttl: Some(ttl), ..self }
    }

    /// Makes `version` part of the key (`user:42:v2`), so that a new layout never reads an old one.
    pub const fn version(self, version: u32) -> Policy {
        Policy { version: Some(version), ..self }
    }

    /// Shortens each ttl at random, by up to this part of it, so that values that were stored together do not
    /// expire together.
    ///
    /// # Panics
    ///
    /// Where `part` is not between 0 and 1; in a constant that is a compile error.
    pub const fn jitter(self, part: f64) -> Policy {
        assert!(
            part > 0.0 && part < 1.0,
            "jitter is a part of the ttl, between 0 and 1, such as 0.1"
        );
        Policy { jitter: Fraction::of(part), ..self }
    }

    /// Serves a value for `seconds` after it has expired, while one caller of the whole fleet loads anew
    /// ([RFC 5861](https://www.rfc-editor.org/rfc/rfc5861), section 3).
    ///
    /// A write wins: what was invalidated is served by nobody.
    pub const fn stale_while_revalidate(self, seconds: u64) -> Policy {
        self.stale_while_revalidate_duration(Duration::from_secs(seconds))
    }

    /// As [`stale_while_revalidate`](Policy::stale_while_revalidate).
    pub const fn stale_while_revalidate_duration(self, time: Duration) -> Policy {
        assert!(!time.is_zero(), "a stale_while_revalidate of zero would serve nothing");
        Policy { stale_while_revalidate: time, ..self }
    }

    /// Serves a value for `seconds` after it has expired, if the load that should replace it fails
    /// ([RFC 5861](https://www.rfc-editor.org/rfc/rfc5861), section 4). For a second after a failure the
    /// source is not asked again.
    ///
    /// A write wins: what was invalidated is served by nobody.
    pub const fn stale_if_error(self, seconds: u64) -> Policy {
        self.stale_if_error_duration(Duration::from_secs(seconds))
    }

    /// As [`stale_if_error`](Policy::stale_if_error).
    pub const fn stale_if_error_duration(self, time: Duration) -> Policy {
        assert!(!time.is_zero(), "a stale_if_error of zero would serve nothing");
        Policy { stale_if_error: time, ..self }
    }

    /// How long a caller waits for a load when there is a value that [`stale_if_error`](Policy::stale_if_error)
    /// would allow it to serve: past that it gets the stale value, and the load goes on.
    pub const fn soft_timeout(self, time: Duration) -> Policy {
        Policy { soft_timeout: Some(time), ..self }
    }

    /// Renews a value in the background on the first hit after this part of its ttl.
    ///
    /// # Panics
    ///
    /// Where `part` is not between 0 and 1; in a constant that is a compile error.
    pub const fn refresh_ahead(self, part: f64) -> Policy {
        assert!(
            part > 0.0 && part < 1.0,
            "refresh_ahead is a part of the ttl, between 0 and 1, such as 0.8"
        );
        Policy { refresh_ahead: Some(RefreshAhead::At(Fraction::of(part))), ..self }
    }

    /// Renews a value in the background at a random time before it expires, the likelier the nearer its end
    /// is and the longer its load took: Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache
    /// Stampede Prevention", PVLDB 8(8), 2015, with a beta of 1.
    pub const fn xfetch(self) -> Policy {
        Policy { refresh_ahead: Some(RefreshAhead::XFetch), ..self }
    }

    /// Whether loads may go on where their callers are gone.
    pub(crate) const fn loads_in_background(&self) -> bool {
        !self.stale_while_revalidate.is_zero()
            || self.soft_timeout.is_some()
            || self.refresh_ahead.is_some()
    }

    /// Loads anew on this part of the hits, and counts where the cache held something else
    /// ([`FunctionStats::stale_detected`](crate::FunctionStats::stale_detected)), so that the promise can be
    /// watched in production. The caller of such a hit waits for the load and gets its value. The order of maps and sets
    /// is of no account.
    ///
    /// # Panics
    ///
    /// Where `part` is not between 0 and 1; in a constant that is a compile error.
    pub const fn audit(self, part: f64) -> Policy {
        assert!(
            part > 0.0 && part <= 1.0,
            "audit is a part of the hits, between 0 and 1, such as 0.001"
        );
        Policy { audit: Fraction::of(part), ..self }
    }

    /// How values are written: JSON by default.
    ///
    /// # Panics
    ///
    /// Where the codec's feature is not enabled, and for [`Codec::Postcard`] where the type of
    /// [`value`](Policy::value) can only be read by the names of its fields; in a constant that is a compile error.
    #[track_caller]
    pub const fn codec(self, codec: Codec) -> Policy {
        if let Some(missing) = codec.missing() {
            panic!("{}", missing);
        }
        self.encoded(Encoding { codec, ..self.encoding })
    }

    /// Compresses values of 1 KiB and more, or of what [`compress_over`](Policy::compress_over) says, as far as that
    /// makes them smaller.
    ///
    /// # Panics
    ///
    /// Where its feature is not enabled; in a constant that is a compile error.
    #[track_caller]
    pub const fn compress(self, compression: Compression) -> Policy {
        if let Some(missing) = compression.missing() {
            panic!("{}", missing);
        }
        self.encoded(Encoding { compression: Some(compression), ..self.encoding })
    }

    #[track_caller]
    const fn encoded(self, encoding: Encoding) -> Policy {
        if matches!(encoding.codec, Codec::Postcard) {
            refuse_unnamed(encoding.fingerprint);
        }
        Policy { encoding, ..self }
    }

    /// The size in bytes from which on values are compressed.
    pub const fn compress_over(self, bytes: usize) -> Policy {
        Policy { encoding: Encoding { compress_over: bytes, ..self.encoding }, ..self }
    }

    /// Does not store a value that takes more than so many bytes, compressed where it is; counts it as
    /// [`FunctionStats::too_large`](crate::FunctionStats::too_large).
    pub const fn max_bytes(self, bytes: usize) -> Policy {
        Policy { encoding: Encoding { max_bytes: Some(bytes), ..self.encoding }, ..self }
    }

    /// Refuses to decompress an entry that stands for more than so many bytes: 64 MiB by default. It is a miss, is
    /// counted as [`FunctionStats::undecodable`](crate::FunctionStats::undecodable), and is replaced. A value that is
    /// larger itself is stored without compression.
    ///
    /// A few bytes of somebody who can write to the server could fill a reader's memory otherwise. Where values are
    /// small, so can this be: every call that decompresses at the same time may need as much.
    pub const fn max_decompressed_bytes(self, bytes: usize) -> Policy {
        Policy { encoding: Encoding { max_decompressed: bytes, ..self.encoding }, ..self }
    }

    /// Marks entries with the fingerprint of the value's type, so that one of another layout is left alone. An
    /// `Option` counts as what it holds.
    ///
    /// # Panics
    ///
    /// Where the type's [`FINGERPRINT`](CacheValue::FINGERPRINT) is zero, and where it can only be read by the names of
    /// its fields, which [`Codec::Postcard`] does not write; in a constant that is a compile error.
    #[track_caller]
    pub const fn value<T: CacheValue + ?Sized>(self) -> Policy {
        let fingerprint = T::FINGERPRINT;
        assert!(fingerprint != 0, "a fingerprint is any number but zero");
        self.encoded(Encoding { fingerprint, ..self.encoding })
    }

    /// The label under which [`Cache::stats`](crate::Cache::stats) counts.
    pub const fn name(self, name: &'static str) -> Policy {
        Policy { name: Some(name), ..self }
    }
}
