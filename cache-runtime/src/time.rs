//! Time and randomness: nonces, jitter, clocks, deadlines in real time, and the types of a ttl.

use std::{
    future::Future,
    pin::Pin,
    sync::{LazyLock, mpsc},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures_util::future::{Either, select};
use tokio::{runtime::Handle, task, time};

use crate::protocol::Nonce;

/// 96 random bits, which nobody else will draw, of no incarnation yet.
///
/// They come from the operating system. If it has none (early boot of exotic systems), a seeded generator is used
/// instead of failing the caller: a nonce must be unique, not secret.
pub(crate) fn nonce() -> Nonce {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes[4..]).is_err() {
        fastrand::fill(&mut bytes[4..]);
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
        Ok(_) => time::timeout(limit, future).await.ok(),
        Err(_) => Some(future.await),
    }
}

/// A clock by which soft expiries are set and judged, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Tokio's, which a test can pause and advance. It is for entries that no other process reads, and it is the clock by
    /// which the embedded store ends them.
    Tokio,
    /// The system's, which other processes have too.
    System,
}

impl Clock {
    pub(crate) fn now_ms(self) -> u64 {
        match self {
            Clock::Tokio => {
                /// The time of day at an instant. Both clocks were read once, so that they agree from then on.
                static AT: LazyLock<(Instant, Duration)> =
                    LazyLock::new(|| (Instant::now(), of_day()));

                let (instant, then) = *AT;
                let now = time::Instant::now().into_std();
                // A runtime whose clock is paused may be behind.
                let ahead = now.saturating_duration_since(instant);
                let behind = instant.saturating_duration_since(now);
                // Rounded at the end, so that what is a second apart is a thousand milliseconds apart.
                whole_ms((then + ahead).saturating_sub(behind))
            }
            Clock::System => whole_ms(of_day()),
        }
    }
}

/// The system's time since 1970.
fn of_day() -> Duration {
    // A clock before 1970 makes everything fresh. The store still ends entries by its own ttl.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Waits for `step`, and no longer than `limit`. None where the time is over.
///
/// For what another process has to answer, which no test can make wait: while a test has paused tokio's clock, it runs
/// ahead whenever everything waits, to the next timer. Then this waits for the rest of the real time.
#[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "there is no other process"))]
pub(crate) fn in_real_time<T>(
    limit: Duration,
    step: Pin<&mut impl Future<Output = T>>,
) -> impl Future<Output = Option<T>> {
    in_real_time_since(Instant::now(), limit, step)
}

/// The same for a step that has begun at this moment, which is now.
#[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "there is no other process"))]
pub(crate) async fn in_real_time_since<T>(
    began: Instant,
    limit: Duration,
    mut step: Pin<&mut impl Future<Output = T>>,
) -> Option<T> {
    if let Ok(answer) = time::timeout(limit, step.as_mut()).await {
        return Some(answer);
    }
    match limit.saturating_sub(began.elapsed()) {
        // A timer is never early.
        Duration::ZERO => None,
        left => Box::pin(in_paused_time(left, step)).await,
    }
}

/// Sleeps in a thread beside, while which tokio's clock does not run ahead.
async fn in_paused_time<T>(left: Duration, step: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    let (end, ended) = mpsc::channel::<()>();
    let sleep = task::spawn_blocking(move || ended.recv_timeout(left));
    let answer = match select(step, sleep).await {
        Either::Left((answer, _)) => Some(answer),
        Either::Right(_) => None,
    };
    drop(end);
    answer
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whenever the clock is read first: here a paused one may be behind it.
    #[tokio::test(start_paused = true)]
    async fn a_second_of_a_paused_clock_is_a_thousand_milliseconds() {
        for _ in 0..1_000 {
            let began = Clock::Tokio.now_ms();
            time::advance(Duration::from_secs(1)).await;
            assert_eq!(Clock::Tokio.now_ms() - began, 1_000);
            time::advance(Duration::from_micros(123)).await;
        }
    }
}
