//! What is said where functions do not fit together.

use std::{error, fmt};

/// What [`Cache::check`](crate::Cache::check) has found: functions that were called, and do not fit together.
///
/// It prints one line for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatches(Vec<String>);

impl Mismatches {
    pub(super) fn of(mut messages: Vec<String>) -> Result<(), Mismatches> {
        messages.sort_unstable();
        messages.dedup();
        match messages.is_empty() {
            true => Ok(()),
            false => Err(Mismatches(messages)),
        }
    }

    /// What is wrong, and what to write instead: a sentence for each.
    pub fn messages(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Mismatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("functions of this cache do not fit together:")?;
        self.0.iter().try_for_each(|message| write!(f, "\n- {message}"))
    }
}

impl error::Error for Mismatches {}
