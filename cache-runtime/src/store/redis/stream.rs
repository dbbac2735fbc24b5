//! Queues as Redis streams, read by a consumer group: each step that a queue and its keys take together is one
//! script over both, made of the texts of `script.rs`. On a cluster they would need one hash slot.
//!
//! A place in the queue is a number: the server's clock in microseconds, and at least one more than the place
//! before. It is the first half of the entry's id, so that it grows even where the stream was lost and begins
//! anew.

mod reply;
mod scripts;
mod source;

use std::sync::Arc;

use redis::{Cmd, RedisError, Value, cmd};

use self::reply::{expected, letter, place};
pub(super) use self::scripts::Scripts;
pub(crate) use self::source::Source;
use super::{RedisStore, link::Link, script::Script, unavailable};
use crate::{
    entry::Entry,
    error::Error,
    protocol::Nonce,
    store::queue::{Durability, Enqueued, Letter, Names, Replayed},
};

impl RedisStore {
    pub(crate) async fn enqueue(
        &self,
        names: &Names,
        key: &str,
        entry: &Entry,
        capacity: u64,
    ) -> Result<Enqueued, Error> {
        let link = self.link(key);
        link.insist().await;
        let keys = [key, &*names.queue, &*names.dead, &*names.index];
        let args = [&entry.bytes()[..], &decimal(capacity)];
        // Never sent twice: it may have been accepted although its answer was lost.
        match call(link, &self.queues.enqueue, &keys, &args).await {
            Ok(Value::Int(-1)) => Ok(Enqueued::Accepted),
            Ok(Value::Int(queued)) => Ok(Enqueued::Full(queued.unsigned_abs())),
            other => Err(expected("whether a write was accepted", other)),
        }
    }

    pub(crate) async fn queued(&self, names: &Names) -> Result<u64, Error> {
        match self.ask(cmd("XLEN").arg(&*names.queue)).await {
            Ok(Value::Int(queued)) => Ok(queued.unsigned_abs()),
            other => Err(expected("a length", other)),
        }
    }

    pub(crate) async fn ends(&self, names: &Names) -> Result<Option<(i64, i64)>, Error> {
        let first = self.end(names, ["XRANGE", "-", "+"]).await?;
        let last = self.end(names, ["XREVRANGE", "+", "-"]).await?;
        Ok(first.zip(last))
    }

    /// The place of the first entry of a range.
    async fn end(&self, names: &Names, [range, from, to]: [&str; 3]) -> Result<Option<i64>, Error> {
        let mut first = cmd(range);
        first.arg(&*names.queue).arg(from).arg(to).arg("COUNT").arg(1);
        match self.ask(&first).await {
            Ok(Value::Array(entries)) => Ok(entries.first().and_then(place)),
            other => Err(expected("an end of a queue", other)),
        }
    }

    pub(crate) async fn letters(&self, names: &Names, most: usize) -> Result<Vec<Letter>, Error> {
        let mut range = cmd("XRANGE");
        range.arg(&*names.dead).arg("-").arg("+").arg("COUNT").arg(most);
        match self.ask(&range).await {
            Ok(Value::Array(letters)) => Ok(letters.into_iter().filter_map(letter).collect()),
            other => Err(expected("dead letters", other)),
        }
    }

    pub(crate) async fn replay(
        &self,
        names: &Names,
        (id, key): (&str, &str),
        stamp: Nonce,
        capacity: u64,
    ) -> Result<Replayed, Error> {
        let keys = [key, &*names.queue, &*names.dead, &*names.index];
        let args = [id.as_bytes(), &decimal(capacity), &stamp.0];
        match call(self.link(key), &self.queues.replay, &keys, &args).await {
            Ok(Value::Int(-1)) => Ok(Replayed::Queued),
            Ok(Value::Int(-2)) => Ok(Replayed::Gone),
            Ok(Value::Int(queued)) => Ok(Replayed::Full(queued.unsigned_abs())),
            other => Err(expected("whether a dead letter was queued", other)),
        }
    }

    pub(crate) async fn forget(
        &self,
        names: &Names,
        (id, key): (&str, &str),
    ) -> Result<bool, Error> {
        let keys = [&*names.dead, &*names.index];
        let args = [id.as_bytes(), key.as_bytes()];
        match call(self.link(key), &self.queues.forget, &keys, &args).await {
            Ok(Value::Int(removed)) => Ok(removed > 0),
            other => Err(expected("whether a dead letter was removed", other)),
        }
    }

    pub(crate) async fn durability(&self) -> Result<Durability, Error> {
        let mut get = cmd("CONFIG");
        get.arg("GET").arg(&["appendonly", "save", "maxmemory", "maxmemory-policy"]);
        match self.ask(&get).await {
            Ok(settings) => Ok(reply::durability(settings)),
            Err(error) if error.is_io_error() || error.is_unrecoverable_error() => {
                Err(unavailable(&error))
            }
            Err(error) => Ok(Durability::Unknown(error.to_string())),
        }
    }

    /// What a flusher needs of its own.
    pub(crate) fn source(&self) -> Source {
        let link = Link::new(self.address.clone(), Arc::clone(&self.greeting));
        Source::new(link, Arc::clone(&self.queues))
    }

    /// Asks something that changes nothing.
    async fn ask(&self, question: &Cmd) -> Result<Value, RedisError> {
        self.send("", question, true).await
    }
}

/// Runs a script, once.
async fn call(
    link: &Link,
    script: &Script,
    keys: &[&str],
    args: &[&[u8]],
) -> Result<Value, RedisError> {
    let mut connection = link.connection().await?;
    let mut answer = connection.send(&script.by_hash(keys, args)).await;
    // A server that does not know a script has done nothing.
    if matches!(&answer, Err(e) if e.code() == Some("NOSCRIPT")) {
        answer = connection.send(&script.by_text(keys, args)).await;
    }
    if let Err(error) = &answer {
        link.lost(&connection, error);
    }
    answer
}

fn decimal(number: impl itoa::Integer) -> Vec<u8> {
    itoa::Buffer::new().format(number).as_bytes().to_vec()
}
