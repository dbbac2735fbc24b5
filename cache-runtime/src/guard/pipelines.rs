//! Many keys at once: each group of them over its lane, all at the same time.
//!
//! Each group has its own deadline, and its own server's breaker. So a connection that hangs costs the answers that it was
//! to bring, and no others.

use std::pin::pin;

use futures_util::future::join_all;

use super::operation::Guard;
use crate::{
    entry::Entry,
    error::Error,
    look::Look,
    protocol::Step,
    store::{
        Lane, Lanes,
        batch::{Replies, States},
    },
    store_op::{StoreOp, StoreReply},
};

/// How many keys or steps are sent at once: so many that the round trip costs little beside them, so few that they
/// can be answered within one deadline.
const AT_ONCE: usize = 5_000;

impl Guard {
    /// Looks at several keys. An error is that of all of them; otherwise each key has a result of its own.
    pub(super) async fn look_at(&self, keys: &[&str], look: Look) -> Result<States, Error> {
        let lanes = match self.store.lanes_of_looks(keys) {
            Lanes::One(lane) => return self.look_over(&lane, keys, look).await,
            Lanes::Several(lanes) => lanes,
        };
        let looks = lanes.iter().map(|(lane, places)| async {
            let keys: Vec<&str> = places.iter().map(|&at| keys[at]).collect();
            self.look_over(lane, &keys, look).await
        });
        gathered(&lanes, join_all(looks).await)
    }

    async fn look_over(&self, lane: &Lane<'_>, keys: &[&str], look: Look) -> Result<States, Error> {
        let mut states = Vec::with_capacity(keys.len());
        for part in keys.chunks(AT_ONCE) {
            let looked = pin!(async { all_unwell(lane.look_many(part, look).await?) });
            let (seen, deadline) = (self.admit(lane)?, self.settings.deadline);
            let operation = StoreOp::READ_MANY;
            let found = self.attempt(operation, (lane, part[0]), seen, deadline, looked).await?;
            found.count(self.settings.counters());
            states.extend(found);
        }
        Ok(states)
    }

    /// Takes several steps; those of one key in this order, since they go over one lane. An error is that of all of
    /// them; otherwise each has an answer of its own.
    pub(super) async fn take(&self, steps: &[(&str, Step<Entry>)]) -> Result<Replies, Error> {
        let lanes = match self.store.lanes(steps) {
            Lanes::One(lane) => return self.take_over(&lane, steps).await,
            Lanes::Several(lanes) => lanes,
        };
        let taken = lanes.iter().map(|(lane, places)| async {
            let steps: Vec<_> = places.iter().map(|&at| steps[at].clone()).collect();
            self.take_over(lane, &steps).await
        });
        gathered(&lanes, join_all(taken).await)
    }

    async fn take_over(
        &self,
        lane: &Lane<'_>,
        steps: &[(&str, Step<Entry>)],
    ) -> Result<Replies, Error> {
        let mut replies = Vec::with_capacity(steps.len());
        for part in steps.chunks(AT_ONCE) {
            let taken = pin!(async { all_unwell(lane.run_many(part).await?) });
            let (seen, deadline) = (self.admit(lane)?, self.settings.deadline);
            let asked = StoreOp::steps(part);
            let answers = self.attempt(asked, (lane, part[0].0), seen, deadline, taken).await?;
            answers.count(self.settings.counters());
            replies.extend(answers);
        }
        Ok(replies)
    }
}

/// Makes one error of results that all say that the server is unwell.
fn all_unwell<T>(mut answers: Vec<Result<T, Error>>) -> Result<Vec<Result<T, Error>>, Error> {
    match answers.iter().all(|answer| matches!(answer, Err(Error::Unavailable(_)))) {
        true => match answers.pop() {
            Some(Err(error)) => Err(error),
            _ => Ok(answers),
        },
        false => Ok(answers),
    }
}

/// Puts the answers of several lanes in the order of the keys. Where no lane has answered, that is one error of all.
fn gathered<T>(
    lanes: &[(Lane<'_>, Vec<usize>)],
    answers: Vec<Result<Vec<Result<T, Error>>, Error>>,
) -> Result<Vec<Result<T, Error>>, Error> {
    if let Some(Err(error)) = answers.first()
        && answers.iter().all(Result::is_err)
    {
        return Err(error.clone());
    }
    let mut found: Vec<(usize, Result<T, Error>)> = Vec::new();
    for ((_, places), answers) in lanes.iter().zip(answers) {
        match answers {
            Ok(answers) => found.extend(places.iter().copied().zip(answers)),
            Err(error) => found.extend(places.iter().map(|&at| (at, Err(error.clone())))),
        }
    }
    found.sort_unstable_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, answer)| answer).collect())
}

#[cfg(all(test, feature = "redis"))]
mod tests;
