//! The first two measurements: one caller, and a thousand at once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::{sync::Barrier, task::JoinSet};

use crate::{format::seconds, users::Users};

/// What some calls took.
#[derive(Debug, Serialize)]
pub(crate) struct Cost {
    pub(crate) queries: u64,
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub(crate) elapsed: Duration,
}

/// One user, asked for twice.
#[derive(Debug, Serialize)]
pub(crate) struct FirstCalls {
    pub(crate) cold: Cost,
    pub(crate) warm: Cost,
}

impl FirstCalls {
    /// The user must not have been asked for before.
    pub(crate) async fn measure(users: &Arc<Users>, id: u32) -> rusqlite::Result<Self> {
        Ok(FirstCalls { cold: at_once(users, id, 1).await?, warm: at_once(users, id, 1).await? })
    }
}

/// Many callers of one user that is not in the cache.
#[derive(Debug, Serialize)]
pub(crate) struct Stampede {
    pub(crate) callers: u64,
    pub(crate) without_cache: Cost,
    pub(crate) with_cache: Cost,
}

impl Stampede {
    const CALLERS: usize = 1_000;

    /// The user must not have been asked for before.
    pub(crate) async fn measure(
        uncached: &Arc<Users>,
        cached: &Arc<Users>,
        id: u32,
    ) -> rusqlite::Result<Self> {
        Ok(Stampede {
            callers: Self::CALLERS as u64,
            without_cache: at_once(uncached, id, Self::CALLERS).await?,
            with_cache: at_once(cached, id, Self::CALLERS).await?,
        })
    }
}

/// What it takes until all of the callers have the user.
async fn at_once(users: &Arc<Users>, id: u32, callers: usize) -> rusqlite::Result<Cost> {
    let (before, _) = users.statements();
    // The callers and the clock start together.
    let barrier = Arc::new(Barrier::new(callers + 1));
    let mut calls = JoinSet::new();
    for _ in 0..callers {
        let (users, barrier) = (Arc::clone(users), Arc::clone(&barrier));
        calls.spawn(async move {
            barrier.wait().await;
            users.find(u64::from(id)).await
        });
    }
    barrier.wait().await;
    let start = Instant::now();
    while let Some(call) = calls.join_next().await {
        call.expect("finding a user does not panic")?
            .ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    }
    Ok(Cost { queries: users.statements().0 - before, elapsed: start.elapsed() })
}
