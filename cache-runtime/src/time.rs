//! Time and chance: the nonces of the protocol, jitter, and what a ttl may be written as.

use std::time::Duration;

use crate::protocol::Nonce;

/// 128 bits that nobody else will draw.
///
/// They come from the operating system. Should it have none (early boot of exotic systems), a seeded
/// generator stands in rather than failing the caller: a nonce must be unique, not secret.
pub(crate) fn nonce() -> Nonce {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        fastrand::fill(&mut bytes);
    }
    Nonce(bytes)
}

/// A random duration between half of `of` and the whole of it, so that waiters spread out.
pub(crate) fn jittered(of: Duration) -> Duration {
    of.mul_f64(0.5 + 0.5 * fastrand::f64())
}

/// What can be given as a time to live: a [`Duration`], or a whole number of seconds.
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
