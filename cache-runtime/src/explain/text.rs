//! An explanation as text for people.

use std::{fmt, time::Duration};

use super::{Explanation, KeyStatus, StoredValue, TagStatus};

impl fmt::Display for Explanation {
    /// Some lines: what the key holds, for how long, how it is encoded, and its tags.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.status)?;
        match self.is_served() {
            _ if self.value.is_none() => {}
            Some(true) => write!(f, ", which is served")?,
            Some(false) => write!(f, ", which is not served")?,
            None => {}
        }
        if let Some(why) = &self.unreadable {
            write!(f, ": {why}")?;
        }
        match &self.value {
            Some(value) => self.of_value(value, f)?,
            None => {
                if let Some(left) = self.left {
                    write!(f, "\n  for {} more, unless it is renewed", length(left))?;
                }
            }
        }
        let named = self.tags.iter().filter(|tag| tag.status() != TagStatus::NoValue);
        for tag in named {
            write!(f, "\n  tag {}: {}", tag.name(), tag.status())?;
        }
        match self.unnamed_tags() {
            0 => {}
            1 => write!(f, "\n  one more tag, which was not named")?,
            more => write!(f, "\n  {more} more tags, which were not named")?,
        }
        if self.pending {
            write!(f, "\n  an invalidation of it is pending: this process does not use it")?;
        }
        if let Some(beside) = &self.beside {
            write!(f, "\n  beside it, for readers of another layout: {beside}")?;
        }
        Ok(())
    }
}

impl Explanation {
    fn of_value(&self, value: &StoredValue, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match value.age.is_zero() {
            true => write!(f, "\n  stored just now, ")?,
            false => write!(f, "\n  stored {} ago, ", length(value.age))?,
        }
        match (value.fresh.is_zero(), value.stale.is_zero()) {
            (false, true) if self.left.is_none() => write!(f, "kept until it is written")?,
            (false, true) => write!(f, "fresh for {} more", length(value.fresh))?,
            (false, false) => write!(
                f,
                "fresh for {} more, and then stale for {}",
                length(value.fresh),
                length(value.stale)
            )?,
            (true, _) => write!(f, "expired, and kept for {} more", length(value.stale))?,
        }
        write!(f, "\n  {} bytes", value.size)?;
        match value.codec {
            Some(codec) => write!(f, ", {codec:?}")?,
            None => write!(f, ", of an unknown codec")?,
        }
        if let Some(compression) = value.compression {
            write!(f, ", {compression:?}")?;
        }
        if let Some(key) = &value.sealed_by {
            write!(f, ", encrypted with {key:?}")?;
        }
        match value.layout {
            Some(layout) => write!(f, ", layout {layout:016x}")?,
            None => write!(f, ", no layout")?,
        }
        if let Some(incarnation) = self.incarnation() {
            write!(f, "; incarnation {incarnation:08x}")?;
        }
        match value.load.is_zero() {
            true => Ok(()),
            false => write!(f, "; its load took {}", length(value.load)),
        }
    }
}

impl fmt::Display for KeyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyStatus::Vacant => "nothing",
            KeyStatus::Value => "a value",
            KeyStatus::Absent => "a remembered `None`",
            KeyStatus::Queued => "a value that is yet to be written behind",
            KeyStatus::Leased => "the lease of a call that is loading",
            KeyStatus::Fenced => "the fence of a writer",
            KeyStatus::Unreadable => "unreadable",
            KeyStatus::Void => {
                "what is left from before the server was restarted or replaced, and is not used"
            }
            KeyStatus::Disabled => "the cache is disabled",
        })
    }
}

impl fmt::Display for TagStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TagStatus::Stands => "stands",
            TagStatus::Ended => "was invalidated after the load, so the value is not used",
            TagStatus::Fenced => "fenced by a writer",
            TagStatus::NotCarried => "not carried, so its readers do not find the value",
            TagStatus::NoValue => "there is no value to carry it",
        })
    }
}

/// A length of time, to the second where it is long.
fn length(time: Duration) -> String {
    let rounded = match time {
        long if long >= Duration::from_secs(10) => Duration::from_secs(long.as_secs()),
        short if short >= Duration::from_millis(10) => {
            Duration::from_millis(short.as_millis() as u64)
        }
        tiny => Duration::from_micros(tiny.as_micros() as u64),
    };
    humantime::format_duration(rounded).to_string()
}
