//! Invalidations that did not reach the store: told again in the background until they do.

use std::{sync::Arc, time::Duration};

use tokio::{runtime::Handle, time};

use crate::{guard::Guard, protocol::Step, time::jittered};

/// How many may be on their way at once; more are given up with a warning.
pub(crate) const PENDING: usize = 4096;

/// After this an invalidation is given up: a fence that stood has long fallen.
const PATIENCE: Duration = Duration::from_secs(60);

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Empties `key` in the background.
///
/// As a delete, not as a settlement told again: the first one may have counted although its answer was
/// lost, and counting it twice could end another writer's fence. A delete leaves a fence standing.
pub(crate) fn retry(guard: &Arc<Guard>, key: &Arc<str>) {
    let place = Arc::clone(guard.pending()).try_acquire_owned();
    let (Ok(place), Ok(runtime)) = (place, Handle::try_current()) else {
        tracing::error!(
            key = &**key,
            "an invalidation was given up: too many are waiting for the store"
        );
        return;
    };
    let (guard, key) = (Arc::clone(guard), Arc::clone(key));
    runtime.spawn(async move {
        let _place = place;
        let until = time::Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        while let Err(error) = guard.run(&key, Step::Delete).await {
            if time::Instant::now() > until {
                tracing::error!(key = &*key, %error, "an invalidation was given up: the store stays away");
                return;
            }
            time::sleep(jittered(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    });
}
