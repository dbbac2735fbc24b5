//! The command that takes each step.

use std::time::Duration;

use redis::{Cmd, cmd};

use super::script::{Script, Scripts};
use crate::{
    entry::{self, Entry},
    protocol::{Expected, Incarnation, Step},
};

impl Scripts {
    /// The command that takes `step`. `call` writes the call of a script.
    pub(super) fn command(&self, key: &str, step: &Step<Entry>, call: CallScript) -> Cmd {
        let Scripts {
            take,
            stamp,
            pend,
            land,
            fill,
            renew,
            release,
            discard,
            fence,
            settle,
            delete,
        } = self;
        match step {
            Step::Read => {
                let mut get = cmd("GET");
                get.arg(key);
                get
            }
            // One command takes the lease or returns what is there.
            Step::Acquire { token, life } => {
                let mut set = cmd("SET");
                set.arg(key).arg(entry::identity(Expected::Lease(*token)));
                set.arg("NX").arg("GET").arg("PX").arg(&millis(*life)[..]);
                set
            }
            Step::Take { stale, token, life } => {
                let lease = entry::identity(Expected::Lease(*token));
                let stale = entry::identity(*stale);
                call(take, &[key], &[&stale, &lease, &millis(*life)])
            }
            Step::Stamp { value, life, .. } => {
                call(stamp, &[key], &[value.bytes(), &millis(*life)])
            }
            Step::Fill { expected, value, life, .. } => {
                call(fill, &[key], &[&entry::identity(*expected), value.bytes(), &millis(*life)])
            }
            Step::Renew { expected, life } => {
                call(renew, &[key], &[&entry::identity(*expected), &millis(*life)])
            }
            Step::Release { expected } => call(release, &[key], &[&entry::identity(*expected)]),
            Step::Discard => call(discard, &[key], &[]),
            Step::Fence { epoch, life } => call(fence, &[key], &[&epoch.0, &millis(*life)]),
            Step::Settle { epoch, value: None } => call(settle, &[key], &[&epoch.0]),
            Step::Settle { epoch, value: Some((_, value, life)) } => {
                call(settle, &[key], &[&epoch.0, value.bytes(), &millis(*life)])
            }
            Step::Delete => call(delete, &[key], &[]),
            Step::Pend { value, .. } => call(pend, &[key], &[value.bytes()]),
            Step::Land { stamp, life: None, fence } => {
                call(land, &[key], &[&stamp.0, &millis(*fence)])
            }
            Step::Land { stamp, life: Some(life), fence } => {
                call(land, &[key], &[&stamp.0, &millis(*fence), &millis(*life)])
            }
        }
    }
}

/// A step as it is sent to a server of this incarnation. The stamp of a value is in its bytes.
pub(super) fn under(step: &Step<Entry>, incarnation: Incarnation) -> Step<Entry> {
    step.clone().under(incarnation, |value, stamp| match value.stamp() == stamp {
        true => value,
        false => value.with_stamp(stamp),
    })
}

/// Whether a step may be executed twice. One that counts (a settlement) or compares (a fill) may not.
pub(super) fn may_be_repeated(step: &Step<Entry>) -> bool {
    !matches!(step, Step::Fill { .. } | Step::Settle { .. } | Step::Land { .. } | Step::Pend { .. })
}

/// Whether a step is a writer's. Such a step must not fail because an attempt to connect failed a while ago.
pub(super) fn is_a_writers(step: &Step<Entry>) -> bool {
    matches!(
        step,
        Step::Fence { .. }
            | Step::Settle { .. }
            | Step::Release { expected: Expected::Fence(_) }
            | Step::Delete
    )
}

/// Whether a step may be sent with those of other callers: a reader's, unless they would have to wait for a large value.
pub(super) fn may_go_with_others(step: &Step<Entry>) -> bool {
    /// In bytes. A few of them fill a message as well as many small ones.
    const LARGE: usize = 16 << 10;
    match step {
        Step::Fill { value, .. } => value.bytes().len() < LARGE,
        Step::Acquire { .. } | Step::Take { .. } => true,
        _ => false,
    }
}

/// Whether this process must not serve its copy of the key any more once it has sent the step.
pub(super) fn takes_copies_away(step: &Step<Entry>) -> bool {
    matches!(
        step,
        Step::Fill { .. }
            | Step::Fence { .. }
            | Step::Settle { .. }
            | Step::Delete
            | Step::Pend { .. }
            | Step::Land { .. }
    )
}

/// How a script is called: by its hash, or by its text.
pub(super) type CallScript = fn(&Script, &[&str], &[&[u8]]) -> Cmd;

/// A life as Redis expects it: whole milliseconds, at least one, few enough for its 64-bit clock.
pub(super) fn millis(life: Duration) -> Vec<u8> {
    /// A thousand years.
    const MOST: u128 = 1000 * 366 * 24 * 3600 * 1000;
    life.as_millis().clamp(1, MOST).to_string().into_bytes()
}

/// A number as Redis expects it.
pub(super) fn decimal(number: impl itoa::Integer) -> Vec<u8> {
    itoa::Buffer::new().format(number).as_bytes().to_vec()
}
