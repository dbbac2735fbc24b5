//! Why values are not stored: the reasons, and how often each of them was one.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::counter::Counter;
use crate::telemetry::{
    About,
    metric::{self, Labels, Subject},
};

macro_rules! reasons {
    ($($(#[$meta:meta])* $reason:ident: $name:literal,)*) => {
        /// Why a value that a function has loaded or written is not in the cache.
        ///
        /// Each is counted once for each value, in [`FunctionStats::not_stored`](crate::FunctionStats::not_stored), and is the
        /// `reason` of an event at `debug`. It is written as in the log, `zero_ttl` for [`ZeroTtl`](NotStored::ZeroTtl), by
        /// `Display` and by serde. Reasons may be added in any release.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum NotStored {
            $($(#[$meta])* $reason,)*
        }

        impl NotStored {
            /// All reasons, in the order in which they are listed.
            pub const ALL: &'static [NotStored] = &[$(NotStored::$reason,)*];

            /// The reason as it is logged, and as metrics have it.
            ///
            /// ```
            /// assert_eq!(cache_runtime::NotStored::ZeroTtl.as_str(), "zero_ttl");
            /// ```
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(NotStored::$reason => $name,)*
                }
            }
        }

        /// The labels of each reason's series.
        const LABELS: [Labels; COUNT] = [$(&[("cache.reason", $name)],)*];
    };
}

reasons! {
    /// It is `None`, and the function has no `negative_ttl`.
    Absent: "absent",
    /// `unless` is true of it.
    Unless: "unless",
    /// Its ttl, which was computed, is zero.
    ZeroTtl: "zero_ttl",
    /// It is larger than `max_bytes`, or than what the embedded store keeps.
    TooLarge: "too_large",
    /// It cannot be encoded, or not be decoded again, or its entry would have too many tags. The first is logged as a warning.
    Unencodable: "unencodable",
    /// It comes back from its encoding as another value. The first is logged as a warning.
    Changed: "changed",
    /// It is a row of a batch that belongs to no id that was asked for, or to one that has another row.
    Unmatched: "unmatched",
    /// A write came between the load and its fill, or two writers overlapped; or a write may have come, of a tag that the value
    /// names and that is new.
    Superseded: "superseded",
    /// A writer of the key or of one of its tags was at work.
    Fenced: "fenced",
    /// Another call had the right to store: it was loading the key, or had failed to a moment ago.
    Leased: "leased",
    /// The store did not answer, refused, or was not asked, since its breaker was open.
    Unavailable: "unavailable",
    /// The load took longer than `load_timeout`.
    LoadTimeout: "load_timeout",
    /// The load was made within another load of the same key, which stores its own value.
    Nested: "nested",
    /// Somebody put back what the key held, although it cannot be used: another release of the service, perhaps.
    Contested: "contested",
    /// The call was made in a transaction, which may be rolled back.
    Transaction: "transaction",
    /// The call went past the cache: by `when`, or within [`Cache::bypass`](crate::Cache::bypass).
    Bypassed: "bypassed",
}

const COUNT: usize = NotStored::ALL.len();

impl fmt::Display for NotStored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for NotStored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How many values of a function were not stored, by reason.
///
/// It prints as `2 absent, 1 fenced`, and serializes as a map of those that are not zero.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use cache_runtime::{Cache, NotStored, Policy};
///
/// const NAMES: Policy = Policy::ttl(60).name("names");
///
/// let cache = Cache::in_memory();
/// let name = cache.get_or_load("name:404", &NAMES, || async { None::<String> }).await;
/// assert_eq!(name, None);
/// let stats = cache.stats();
/// let not_stored = stats.function("names").unwrap().not_stored;
/// assert_eq!(not_stored.of(NotStored::Absent), 1);
/// assert_eq!(not_stored.to_string(), "1 absent");
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotStoredCounts([u64; COUNT]);

impl NotStoredCounts {
    /// How many for this reason.
    pub fn of(&self, reason: NotStored) -> u64 {
        self.0[reason as usize]
    }

    /// The reasons that there were, each with how many values it is that of.
    pub fn iter(&self) -> impl Iterator<Item = (NotStored, u64)> + '_ {
        let all = NotStored::ALL.iter().map(|&reason| (reason, self.of(reason)));
        all.filter(|(_, values)| *values > 0)
    }

    /// How many for whatever reason.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl std::ops::AddAssign for NotStoredCounts {
    fn add_assign(&mut self, other: NotStoredCounts) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum += more);
    }
}

impl fmt::Display for NotStoredCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().enumerate().try_for_each(|(at, (reason, values))| {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{values} {reason}")
        })
    }
}

impl Serialize for NotStoredCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.iter().count()))?;
        self.iter().try_for_each(|(reason, values)| map.serialize_entry(&reason, &values))?;
        map.end()
    }
}

/// The live counters of the reasons of one function.
#[derive(Debug)]
pub(super) struct NotStoredCounters([Counter; COUNT]);

impl NotStoredCounters {
    pub(super) fn new(function: &'static str) -> Self {
        let subject = Subject::Function(function);
        NotStoredCounters(LABELS.map(|labels| Counter::new(&metric::NOT_STORED, subject, labels)))
    }

    /// Counts a value that is not stored, and says so.
    #[cold]
    pub(super) fn add(&self, values: u64, about: About<'_>, reason: NotStored) {
        self.0[reason as usize].add(values);
        tracing::debug!(
            target: "cache_runtime::not_stored",
            function = about.function,
            template = about.template,
            key = about.key,
            reason = reason.as_str(),
            values = (values > 1).then_some(values),
            "a value is not stored"
        );
    }

    pub(super) fn snapshot(&self) -> NotStoredCounts {
        NotStoredCounts(self.0.each_ref().map(Counter::get))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_are_written_in_the_order_of_the_reasons() {
        let mut counts = NotStoredCounts::default();
        assert_eq!((counts.to_string(), counts.total()), (String::new(), 0));
        for (at, count) in counts.0.iter_mut().enumerate().skip(COUNT - 2) {
            *count = at as u64;
        }
        counts += counts;
        let last = NotStored::ALL[COUNT - 1];
        assert_eq!(counts.of(last), 2 * (COUNT as u64 - 1));
        assert_eq!(counts.iter().map(|(_, values)| values).sum::<u64>(), counts.total());
        let [first, second] = [COUNT - 2, COUNT - 1].map(|at| (2 * at, NotStored::ALL[at]));
        let text = format!("{} {}, {} {}", first.0, first.1, second.0, second.1);
        assert_eq!(counts.to_string(), text);
        let json = serde_json::json!({ first.1.as_str(): first.0, second.1.as_str(): second.0 });
        assert_eq!(serde_json::to_value(counts).ok(), Some(json));
    }

    #[test]
    fn each_reason_counts_in_its_own_place() {
        let places = NotStored::ALL.iter().map(|&reason| reason as usize);
        assert!(places.eq(0..COUNT));
    }
}
