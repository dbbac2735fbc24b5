//! Whether all processes of a namespace keep local copies in the same way: a key of the store says how.
//!
//! In strict mode writers wait for the leases of other processes' copies. So a process whose mode or lease differs from what
//! the others use keeps no copies, and waits as long as they ask for. Whoever has copies keeps the key alive; without them it
//! expires, and the next process decides.

use std::{
    fmt::Display,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use redis::{Cmd, Value, cmd};

use super::settings::LocalSettings;
use crate::boot_clock::Time;

/// How long the key stands if nobody keeps it alive.
const LIFE: Duration = Duration::from_secs(60);

/// How often a process with copies asks, and keeps the key alive.
const EVERY: Duration = Duration::from_secs(20);

/// What this process knows of the others.
pub(in crate::store::redis) struct Agreement {
    /// The key of the store.
    pub(in crate::store::redis) key: Box<str>,
    /// What this process says of itself.
    ours: String,
    /// Until when the others are known to do the same.
    stands: AtomicU64,
    /// When they are asked again.
    next: AtomicU64,
    warned: AtomicBool,
    /// How many milliseconds others ask writers to wait; zero where they do not.
    others_wait: AtomicU64,
}

/// What the others do.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::store::redis) enum Others {
    /// The same, or there are none.
    Same,
    /// Something else, which they said so.
    Differ(String),
}

impl Agreement {
    pub(in crate::store::redis) fn new(key: Box<str>, settings: &LocalSettings) -> Agreement {
        let mode = if settings.strict { "strict" } else { "bounded" };
        let ours = format!("{mode} {}ms", settings.lease.as_millis());
        let zero = || AtomicU64::new(0);
        let (stands, next, others_wait) = (zero(), zero(), zero());
        Agreement { key, ours, stands, next, warned: AtomicBool::new(false), others_wait }
    }

    /// The command that asks, and says it where nobody has.
    pub(in crate::store::redis) fn question(&self) -> Cmd {
        let mut set = cmd("SET");
        set.arg(&*self.key).arg(&self.ours).arg("NX").arg("GET");
        set.arg("PX").arg(LIFE.as_millis() as u64);
        set
    }

    /// The command that keeps the key alive.
    pub(in crate::store::redis) fn renewal(&self) -> Cmd {
        let mut expire = cmd("PEXPIRE");
        expire.arg(&*self.key).arg(LIFE.as_millis() as u64);
        expire
    }

    /// Whether the others are known to do the same at `now`.
    pub(in crate::store::redis) fn stands(&self, now: Time) -> bool {
        now.0 < self.stands.load(Relaxed)
    }

    /// Whether the caller is the one to ask now.
    pub(in crate::store::redis) fn is_due(&self, now: Time) -> bool {
        let next = self.next.load(Relaxed);
        let (after, exchange) = (now.plus(EVERY).0, |next, after| {
            self.next.compare_exchange(next, after, Relaxed, Relaxed).is_ok()
        });
        now.0 >= next && exchange(next, after)
    }

    /// The question has not been answered: the next caller after a second asks again.
    pub(in crate::store::redis) fn failed(&self, now: Time, error: &dyn Display) {
        self.next.store(now.plus(Duration::from_secs(1)).0, Relaxed);
        if !self.warned.swap(true, Relaxed) {
            tracing::warn!(
                key = &*self.key,
                %error,
                "no local copies are kept until other processes can be asked how they keep theirs"
            );
        }
    }

    /// Takes note of the answer to the question that was asked at `asked`.
    pub(in crate::store::redis) fn heard(&self, answer: &Value, asked: Time) -> Others {
        let others = self.others(answer);
        match &others {
            Others::Same => {
                self.stands.store(asked.plus(LIFE).0, Relaxed);
                self.warned.store(false, Relaxed);
            }
            Others::Differ(theirs) => {
                self.stands.store(0, Relaxed);
                if !self.warned.swap(true, Relaxed) {
                    tracing::error!(
                        ours = self.ours,
                        theirs,
                        "other processes keep local copies in another way, so this one keeps none: give all of a namespace \
                         the same `local_strict` and `local_lease`"
                    );
                }
            }
        }
        others
    }

    fn others(&self, answer: &Value) -> Others {
        let said = match answer {
            Value::BulkString(text) => String::from_utf8_lossy(text).into_owned(),
            _ => return self.same(),
        };
        if said == self.ours {
            return self.same();
        }
        let millis = said.strip_prefix("strict ").and_then(|rest| rest.strip_suffix("ms"));
        let millis = millis.and_then(|millis| millis.parse::<u64>().ok()).unwrap_or(0);
        self.others_wait.store(millis, Relaxed);
        Others::Differ(said)
    }

    fn same(&self) -> Others {
        self.others_wait.store(0, Relaxed);
        Others::Same
    }

    /// The lease that others' copies have, if writers have to wait for it.
    pub(in crate::store::redis) fn others_lease(&self) -> Option<Duration> {
        Some(self.others_wait.load(Relaxed))
            .filter(|&millis| millis != 0)
            .map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1);

    fn agreement(strict: bool) -> Agreement {
        Agreement::new("#local".into(), &LocalSettings { strict, ..LocalSettings::DEFAULT })
    }

    fn text(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    #[test]
    fn whoever_says_the_same_or_is_the_first_agrees() {
        let bounded = agreement(false);
        assert_eq!(bounded.heard(&Value::Nil, NOW), Others::Same);
        assert_eq!(bounded.heard(&text("bounded 200ms"), NOW), Others::Same);
        assert_eq!(bounded.others_lease(), None);
        assert!(bounded.stands(NOW) && !bounded.stands(NOW.plus(LIFE)));
    }

    #[test]
    fn one_caller_asks_at_a_time() {
        let agreement = agreement(false);
        assert!(agreement.is_due(NOW) && !agreement.is_due(NOW));
        assert!(!agreement.is_due(NOW.plus(EVERY / 2)) && agreement.is_due(NOW.plus(EVERY)));
        let later = NOW.plus(EVERY);
        agreement.failed(later, &"no answer");
        assert!(!agreement.is_due(later) && agreement.is_due(later.plus(Duration::from_secs(1))));
    }

    #[test]
    fn a_process_that_differs_waits_as_the_others_ask() {
        let bounded = agreement(false);
        let others = bounded.heard(&text("strict 500ms"), NOW);
        assert_eq!(others, Others::Differ("strict 500ms".into()));
        assert_eq!(bounded.others_lease(), Some(Duration::from_millis(500)));
        assert_eq!(bounded.heard(&Value::Nil, NOW), Others::Same, "they have gone");
        assert_eq!(bounded.others_lease(), None);
        let strict = agreement(true);
        assert_eq!(
            strict.heard(&text("bounded 200ms"), NOW),
            Others::Differ("bounded 200ms".into())
        );
        assert_eq!(strict.others_lease(), None);
        assert_ne!(strict.heard(&text("what is this?"), NOW), Others::Same);
    }
}
