//! Operations on very many keys: some of them at once, and each of the others when one has ended.
//!
//! So a call that names a hundred thousand keys takes neither the permits of others nor the memory that as many waiting
//! operations would. Each operation has its own deadline, from when it begins.

use std::{future::Future, mem};

use futures_util::{
    future::join_all,
    stream::{FuturesOrdered, StreamExt},
};

use super::operation::Guard;
use crate::error::Error;

/// A call with no more operations than this begins all of them at once.
const FEW: usize = 16;

/// How many operations of one call wait for their answers at once: so many that a round trip costs little beside them.
pub(super) const AT_ONCE: usize = 256;

impl Guard {
    /// Runs all of `operations`, whatever becomes of the others. The first of their errors, in their order.
    pub(crate) async fn all(
        &self,
        operations: impl IntoIterator<Item: Future<Output = Result<(), Error>>>,
    ) -> Result<(), Error> {
        let mut all = Ok(());
        self.each(operations, |one| all = mem::replace(&mut all, Ok(())).and(one)).await;
        all
    }

    /// Runs `operations`, and gives their outcomes to `take`, in their order.
    ///
    /// The operations of all such calls together leave half of the permits to others.
    pub(crate) async fn each<F: Future>(
        &self,
        operations: impl IntoIterator<Item = F>,
        mut take: impl FnMut(F::Output),
    ) {
        let mut operations = operations.into_iter();
        if operations.size_hint().1.is_some_and(|most| most <= FEW) {
            join_all(operations).await.into_iter().for_each(take);
            return;
        }
        let mut running = FuturesOrdered::new();
        loop {
            while running.len() < AT_ONCE
                && let Some(operation) = operations.next()
            {
                running.push_back(async {
                    // It is never closed.
                    let _turn = self.turns.acquire().await;
                    operation.await
                });
            }
            match running.next().await {
                Some(outcome) => take(outcome),
                None => return,
            }
        }
    }
}
