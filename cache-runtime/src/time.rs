//! Time and randomness: nonces, jitter, the time of day, and the types of a ttl.

use std::time::Duration;

use tokio::{runtime::Handle, time::timeout};

use crate::protocol::Nonce;

/// 128 random bits, which nobody else will draw.
///
/// They come from the operating system. If it has none (early boot of exotic systems), a seeded generator is used
/// instead of failing the caller: a nonce must be unique, not secret.
pub(crate) fn nonce() -> Nonce {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        fastrand::fill(&mut bytes);
    }
    Nonce(bytes)
}

/// A random duration between half of `of` and `of`, so that waiters spread out.
pub(crate) fn jittered(of: Duration) -> Duration {
    of.mul_f64(0.5 + 0.5 * fastrand::f64())
}

/// Waits for `future`, but no longer than `limit`. Outside of a runtime there is no timer: there it waits for the end.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    match Handle::try_current() {
        Ok(_) => timeout(limit, future).await.ok(),
        Err(_) => Some(future.await),
    }
}

/// The time of day, in milliseconds since 1970. Soft expiries use it, because other processes read them.
#[cfg(not(test))]
pub(crate) fn now_ms() -> u64 {
    use std::time::{SystemTime, UNIX_EPOCH};

    // A clock before 1970 makes everything fresh. The store still ends entries by its own ttl.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The same on tokio's clock, so that it follows paused time.
#[cfg(test)]
pub(crate) fn now_ms() -> u64 {
    use std::sync::LazyLock;

    use tokio::time::Instant;

    /// An instant, and the time of day that this clock has then.
    static BASE: LazyLock<(Instant, u64)> = LazyLock::new(|| (Instant::now(), 1_700_000_000_000));

    let (base, then) = *BASE;
    let now = Instant::now();
    // Each test has a runtime with a clock of its own, which may be behind the clock that initialized `BASE`.
    let ahead = now.saturating_duration_since(base).as_millis() as u64;
    let behind = base.saturating_duration_since(now).as_millis() as u64;
    then + ahead - behind
}

/// A time to live: a [`Duration`], or a whole number of seconds.
///
/// A ttl of zero, or a negative number, means "do not store".
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a time to live",
    label = "not a time to live",
    note = "write a `std::time::Duration`, or a whole number of seconds"
)]
pub trait IntoTtl {
    /// The time to live.
    fn into_ttl(self) -> Duration;
}

impl IntoTtl for Duration {
    fn into_ttl(self) -> Duration {
        self
    }
}

macro_rules! seconds {
    ($($int:ty)*) => {$(
        impl IntoTtl for $int {
            fn into_ttl(self) -> Duration {
                Duration::from_secs(u64::try_from(self).unwrap_or(0))
            }
        }
    )*};
}

seconds!(u8 u16 u32 u64 usize i32 i64);
