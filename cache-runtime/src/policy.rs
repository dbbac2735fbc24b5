//! The policy of a function: how its results are cached. The constants behind `#[cached(...)]`.

use std::time::Duration;

use crate::{
    encoding::{Codec, Compression, Encoding},
    look::Look,
    value::{CacheValue, refuse_unnamed},
};

/// How results are cached: the ttl, the lock, the version, and more.
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
    pub(crate) load_timeout: Option<Duration>,
    pub(crate) refresh_ahead: Option<RefreshAhead>,
    pub(crate) audit: Fraction,
    /// How old a local copy may be. None where there are none.
    pub(crate) local: Option<Duration>,
    /// Whether values name tags of their entries.
    pub(crate) names_tags: bool,
    pub(crate) encoding: Encoding,
}

/// When a value is refreshed before it has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshAhead {
    /// After this fraction of its ttl.
    At(Fraction),
    /// At random, the more likely the nearer its expiry is and the longer its load took.
    XFetch,
}

/// A fraction between zero and one, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fraction(u32);

impl Fraction {
    const fn of(fraction: f64) -> Fraction {
        Fraction((fraction * 1e6) as u32)
    }

    pub(crate) fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This fraction of `whole`.
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
    /// On zero. In a constant this is a compile error.
    pub const fn ttl(seconds: u64) -> Policy {
        assert!(seconds > 0, "a ttl of zero seconds would store nothing");
        Policy { ttl: Duration::from_secs(seconds), ..Policy::UNSET }
    }

    /// Keeps a value for `ttl`. A ttl under a millisecond is rounded up to one.
    ///
    /// # Panics
    ///
    /// On zero. In a constant this is a compile error.
    pub const fn ttl_duration(ttl: Duration) -> Policy {
        assert!(!ttl.is_zero(), "a ttl of zero would store nothing");
        Policy { ttl, ..Policy::UNSET }
    }

    /// No ttl yet: each call gives one.
    pub(crate) const UNSET: Policy = Policy {
        ttl: Duration::ZERO,
        negative_ttl: None,
        lock: false,
        lease: Duration::from_secs(1),
        wait: Duration::from_secs(10),
        version: None,
        name: None,
        template: None,
        jitter: Fraction(0),
        stale_while_revalidate: Duration::ZERO,
        stale_if_error: Duration::ZERO,
        soft_timeout: None,
        load_timeout: None,
        refresh_ahead: None,
        audit: Fraction(0),
        local: None,
        names_tags: false,
        encoding: Encoding::DEFAULT,
    };

    /// This policy with another ttl, of `seconds`.
    ///
    /// # Panics
    ///
    /// On zero. In a constant this is a compile error.
    pub const fn with_ttl(self, seconds: u64) -> Policy {
        assert!(seconds > 0, "a ttl of zero seconds would store nothing");
        Policy { ttl: Duration::from_secs(seconds), ..self }
    }

    /// This policy with another ttl.
    ///
    /// # Panics
    ///
    /// On zero. In a constant this is a compile error.
    pub const fn with_ttl_duration(self, ttl: Duration) -> Policy {
        assert!(!ttl.is_zero(), "a ttl of zero would store nothing");
        Policy { ttl, ..self }
    }

    /// One loader for each key across all processes; the others wait for its value.
    ///
    /// The callers of one process share a load with or without it.
    pub const fn lock(self) -> Policy {
        Policy { lock: true, ..self }
    }

    /// As [`lock`](Policy::lock), with the time after which the lease of a dead loader expires: 1 s by
    /// default. This is how long the others wait after a process was killed while it loaded.
    ///
    /// A living loader renews its lease three times in this time, however long it loads. One that cannot renew it for all
    /// of this time (its machine stands still, something blocks its runtime) loses it: another process loads as well, and
    /// what the first one has loaded is returned to its callers and not stored.
    ///
    /// # Panics
    ///
    /// On zero. In a constant this is a compile error.
    pub const fn lease(self, lease: Duration) -> Policy {
        assert!(!lease.is_zero(), "a lease of zero would protect nothing");
        Policy { lock: true, lease, ..self }
    }

    /// As [`lock`](Policy::lock), with the time that a caller waits for another's load: 10 s by default. Then it loads for
    /// itself, and stores nothing while the other one's lease stands.
    ///
    /// Callers of one process wait for each other's loads with or without `lock`, for no longer than this: a load may hang,
    /// or nobody may poll it (its caller holds it in a `buffered` stream, or in a `select!` that is busy with another
    /// branch). Then one of those who wait takes over, and the others wait for it.
    pub const fn wait(self, wait: Duration) -> Policy {
        Policy { lock: true, wait, ..self }
    }

    /// Also remembers `None`, for `seconds`. Without this, `None` is not stored.
    ///
    /// # Panics
    ///
    /// On zero. In a constant this is a compile error.
    pub const fn negative_ttl(self, seconds: u64) -> Policy {
        assert!(seconds > 0, "a negative_ttl of zero seconds would store nothing");
        Policy { negative_ttl: Some(Duration::from_secs(seconds)), ..self }
    }

    /// Also remembers `None`, for `ttl`. Without this, `None` is not stored.
    ///
    /// # Panics
    ///
    /// On zero. In a constant this is a compile error.
    pub const fn negative_ttl_duration(self, ttl: Duration) -> Policy {
        assert!(!ttl.is_zero(), "a negative_ttl of zero would store nothing");
        Policy { negative_ttl: Some(ttl), ..self }
    }

    /// Makes `version` part of the key (`user:42:v2`), so that a new layout never reads an entry of an old one.
    pub const fn version(self, version: u32) -> Policy {
        Policy { version: Some(version), ..self }
    }

    /// Shortens each ttl at random, by up to this fraction, so that values that were stored together do not
    /// expire together.
    ///
    /// # Panics
    ///
    /// Where `fraction` is not between 0 and 1. In a constant this is a compile error.
    pub const fn jitter(self, fraction: f64) -> Policy {
        assert!(
            fraction > 0.0 && fraction < 1.0,
            "jitter is a fraction of the ttl, between 0 and 1, such as 0.1"
        );
        Policy { jitter: Fraction::of(fraction), ..self }
    }

    /// Serves a value for `seconds` after it has expired, while one caller of the whole fleet refreshes it
    /// ([RFC 5861](https://www.rfc-editor.org/rfc/rfc5861), section 3).
    ///
    /// A write wins: nobody serves a value that was invalidated.
    pub const fn stale_while_revalidate(self, seconds: u64) -> Policy {
        self.stale_while_revalidate_duration(Duration::from_secs(seconds))
    }

    /// As [`stale_while_revalidate`](Policy::stale_while_revalidate).
    pub const fn stale_while_revalidate_duration(self, time: Duration) -> Policy {
        assert!(!time.is_zero(), "a stale_while_revalidate of zero would serve nothing");
        Policy { stale_while_revalidate: time, ..self }
    }

    /// Serves a value for `seconds` after it has expired, if the load that should replace it fails
    /// ([RFC 5861](https://www.rfc-editor.org/rfc/rfc5861), section 4). After a failure, nobody loads again for a
    /// second.
    ///
    /// A write wins: nobody serves a value that was invalidated.
    pub const fn stale_if_error(self, seconds: u64) -> Policy {
        self.stale_if_error_duration(Duration::from_secs(seconds))
    }

    /// As [`stale_if_error`](Policy::stale_if_error).
    pub const fn stale_if_error_duration(self, time: Duration) -> Policy {
        assert!(!time.is_zero(), "a stale_if_error of zero would serve nothing");
        Policy { stale_if_error: time, ..self }
    }

    /// How long a caller waits for a load while there is a value that [`stale_if_error`](Policy::stale_if_error)
    /// allows it to serve. After that it gets the stale value, and the load continues in the background.
    pub const fn soft_timeout(self, time: Duration) -> Policy {
        Policy { soft_timeout: Some(time), ..self }
    }

    /// How long a load may take. Until then its leases are renewed, and after that:
    ///
    /// - A load in the background is dropped, and counts as one that failed. So it must be right to drop the function's
    ///   future at any `await`, as it is where a caller is cancelled.
    /// - A caller that may serve an expired value ([`stale_if_error`](Policy::stale_if_error)) drops its load, and gets that
    ///   value.
    /// - Any other caller goes on with its load, since there is nothing else to give it. What it loads is returned, but not
    ///   stored, and others load for themselves.
    ///
    /// By default, a load in the background may take 30 s, and a caller decides for itself how long it waits for its own.
    ///
    /// # Panics
    ///
    /// On zero. In a constant this is a compile error.
    pub const fn load_timeout(self, time: Duration) -> Policy {
        assert!(!time.is_zero(), "a load_timeout of zero would end every load");
        Policy { load_timeout: Some(time), ..self }
    }

    /// How long a load in the background may take.
    pub(crate) const fn background_timeout(&self) -> Duration {
        match self.load_timeout {
            Some(time) => time,
            None => Duration::from_secs(30),
        }
    }

    /// Refreshes a value in the background on the first hit after this fraction of its ttl.
    ///
    /// # Panics
    ///
    /// Where `fraction` is not between 0 and 1. In a constant this is a compile error.
    pub const fn refresh_ahead(self, fraction: f64) -> Policy {
        assert!(
            fraction > 0.0 && fraction < 1.0,
            "refresh_ahead is a fraction of the ttl, between 0 and 1, such as 0.8"
        );
        Policy { refresh_ahead: Some(RefreshAhead::At(Fraction::of(fraction))), ..self }
    }

    /// Refreshes a value in the background at a random time before it expires. A refresh is the more likely, the nearer
    /// the expiry is and the longer the load took: Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache
    /// Stampede Prevention", PVLDB 8(8), 2015, with a beta of 1.
    pub const fn xfetch(self) -> Policy {
        Policy { refresh_ahead: Some(RefreshAhead::XFetch), ..self }
    }

    /// Whether loads may continue after their callers are gone.
    pub(crate) const fn loads_in_background(&self) -> bool {
        !self.stale_while_revalidate.is_zero()
            || self.soft_timeout.is_some()
            || self.refresh_ahead.is_some()
    }

    /// Loads again on this fraction of the hits, and counts hits whose cached value differs
    /// ([`FunctionStats::stale_detected`](crate::FunctionStats::stale_detected)), so that production can be checked for
    /// stale values. The caller of such a hit waits for the load and gets its value. Values are compared as they are for
    /// [`Cache::same`](crate::Cache::same); of types that cannot be compared, their encodings are, the order of maps and sets
    /// apart.
    ///
    /// # Panics
    ///
    /// Where `fraction` is not between 0 and 1. In a constant this is a compile error.
    pub const fn audit(self, fraction: f64) -> Policy {
        assert!(
            fraction > 0.0 && fraction <= 1.0,
            "audit is a fraction of the hits, between 0 and 1, such as 0.001"
        );
        Policy { audit: Fraction::of(fraction), ..self }
    }

    /// Keeps local copies: a hit is answered from this process's memory, without a round trip.
    ///
    /// On the embedded store that is exact, and spares decoding. Over Redis, a copy is taken away as soon as its key is
    /// written: see [`Builder::local_lease`](crate::Builder::local_lease) for what a hit can miss, and
    /// [`Builder::local_strict`](crate::Builder::local_strict) for a mode in which it misses nothing.
    ///
    /// ```
    /// use cache_runtime::Policy;
    ///
    /// const USERS: Policy = Policy::ttl(3600).lock().local();
    /// ```
    pub const fn local(self) -> Policy {
        Policy { local: Some(Duration::MAX), ..self }
    }

    /// As [`local`](Policy::local), with copies that are taken anew after `time`, although their values may be good for
    /// longer. The embedded store, whose values are copies themselves, takes no notice of it.
    ///
    /// # Panics
    ///
    /// On zero. In a constant this is a compile error.
    pub const fn local_for(self, time: Duration) -> Policy {
        assert!(!time.is_zero(), "a copy that is kept for no time would answer nothing");
        Policy { local: Some(time), ..self }
    }

    /// Values name tags of their entries: what an attribute with such a closure says.
    #[doc(hidden)]
    pub const fn names_tags(self) -> Policy {
        Policy { names_tags: true, ..self }
    }

    /// How the looks of a call may be answered.
    pub(crate) const fn look(&self) -> Look {
        match self.local {
            Some(time) => Look::Local(time),
            None => Look::Store,
        }
    }

    /// How values are encoded: JSON by default.
    ///
    /// # Panics
    ///
    /// Where the codec's feature is not enabled, and for [`Codec::Postcard`] where the type of
    /// [`value`](Policy::value) can only be decoded with field names. In a constant this is a compile error.
    #[track_caller]
    pub const fn codec(self, codec: Codec) -> Policy {
        if let Some(missing) = codec.missing() {
            panic!("{}", missing);
        }
        self.encoded(Encoding { codec, ..self.encoding })
    }

    /// Compresses values of at least 1 KiB, or of the size of [`compress_over`](Policy::compress_over), where that makes
    /// them smaller.
    ///
    /// # Panics
    ///
    /// Where its feature is not enabled. In a constant this is a compile error.
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

    /// Does not store a value of more than this many bytes, after compression if there is any, and counts it as
    /// [`FunctionStats::too_large`](crate::FunctionStats::too_large). The default is 8 MiB, since a value that takes longer
    /// than the [deadline](crate::Builder::deadline) to come is never a hit, and holds up others on its connection;
    /// `usize::MAX` is no limit.
    ///
    /// A reader is not bound by it: what another program has put under the key comes as it is, in one round trip.
    pub const fn max_bytes(self, bytes: usize) -> Policy {
        Policy { encoding: Encoding { max_bytes: bytes, ..self.encoding }, ..self }
    }

    /// Refuses to decompress an entry to more than this many bytes: 64 MiB by default. Such an entry is a miss, is
    /// counted as [`FunctionStats::undecodable`](crate::FunctionStats::undecodable), and is replaced. A larger value is
    /// stored without compression.
    ///
    /// Otherwise somebody who can write to the server could fill a reader's memory with a few bytes. Make it small where
    /// values are small: every concurrent call that decompresses may need this much.
    pub const fn max_decompressed_bytes(self, bytes: usize) -> Policy {
        Policy { encoding: Encoding { max_decompressed: bytes, ..self.encoding }, ..self }
    }

    /// Marks entries with the fingerprint of the value's type, so that entries of another layout are not read. An
    /// `Option` has the fingerprint of its content.
    ///
    /// # Panics
    ///
    /// Where the type's [`FINGERPRINT`](CacheValue::FINGERPRINT) is zero, and with [`Codec::Postcard`], which writes no
    /// field names, where the type can only be decoded with them. In a constant this is a compile error.
    #[track_caller]
    pub const fn value<T: CacheValue + ?Sized>(self) -> Policy {
        let fingerprint = T::FINGERPRINT;
        assert!(fingerprint != 0, "a fingerprint must not be zero");
        self.encoded(Encoding { fingerprint, ..self.encoding })
    }

    /// The name under which [`Cache::stats`](crate::Cache::stats) counts.
    pub const fn name(self, name: &'static str) -> Policy {
        Policy { name: Some(name), ..self }
    }
}
