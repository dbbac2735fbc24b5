//! How one function's results are cached: the constants behind `#[cached(...)]`.

use std::time::Duration;

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
    };

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

    /// The label under which [`Cache::stats`](crate::Cache::stats) counts.
    pub const fn name(self, name: &'static str) -> Policy {
        Policy { name: Some(name), ..self }
    }
}
