//! What stands for the database, and what may go wrong.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::sync::Semaphore;

use crate::value::User;

/// Where a function loads from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// Nowhere: every call has to be a hit.
    Nothing,
    /// A row that is there at once.
    Row(&'static User),
    /// A row that takes its time, and counts its loads.
    Slow(&'static Slow),
    /// A row that is written while it is loaded.
    Race(&'static Race),
}

#[derive(Debug)]
pub struct Slow {
    pub user: User,
    pub takes: Duration,
    pub loads: AtomicU64,
}

/// A load that reads the old row, and goes on once it may; a write in between makes the row new. The row's `id` is its version.
#[derive(Debug)]
pub struct Race {
    pub user: User,
    pub version: AtomicU64,
    pub began: Semaphore,
    pub go: Semaphore,
}

impl Source {
    pub async fn load(self, id: u64) -> Result<User, Failure> {
        match self {
            Source::Nothing => Err(Failure(format!("user {id} was not in the cache"))),
            Source::Row(user) => Ok(user.clone()),
            Source::Slow(slow) => {
                slow.loads.fetch_add(1, Ordering::Relaxed);
                // The database at work.
                tokio::time::sleep(slow.takes).await;
                Ok(slow.user.clone())
            }
            Source::Race(race) => {
                let version = race.version.load(Ordering::SeqCst);
                race.began.add_permits(1);
                let _go = race.go.acquire().await.expect("it is never closed");
                Ok(User { id: version, ..race.user.clone() })
            }
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<redis::RedisError> for Failure {
    fn from(error: redis::RedisError) -> Self {
        Failure(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Failure(error.to_string())
    }
}
