//! Queues as Redis streams, read by a consumer group: each step that a queue and its keys take together is one
//! script over both, made of the texts of `script.rs`. On a cluster they need one hash slot (`slot.rs`).
//!
//! A place in the queue is a number: the server's clock in microseconds, and at least one more than the place
//! before. It is the first half of the entry's id, so that it grows even where the stream was lost and begins
//! anew.

mod dedicated;
mod reply;
mod scripts;
mod slot_check;
mod source;

use std::sync::Arc;

use redis::{RedisError, Value, cmd};

pub(super) use self::scripts::Scripts;
pub(crate) use self::source::Source;
use self::{
    dedicated::Line,
    reply::{expected, letter, place},
};
use super::{RedisStore, script::Script, unavailable};
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
        self.check_slots(names, Some(key))?;
        self.servers.retry_connect(key).await;
        let keys = [key, &*names.queue, &*names.dead, &*names.index];
        let args = [&entry.bytes()[..], &decimal(capacity)];
        match self.call(&self.queues.enqueue, &keys, &args).await {
            Ok(Value::Int(-1)) => Ok(Enqueued::Accepted),
            Ok(Value::Int(queued)) => Ok(Enqueued::Full(queued.unsigned_abs())),
            other => Err(expected("whether a write was accepted", other)),
        }
    }

    pub(crate) async fn queued(&self, names: &Names) -> Result<u64, Error> {
        match self.servers.send(&names.queue, cmd("XLEN").arg(&*names.queue), true).await {
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
        match self.servers.send(&names.queue, &first, true).await {
            Ok(Value::Array(entries)) => Ok(entries.first().and_then(place)),
            other => Err(expected("an end of a queue", other)),
        }
    }

    pub(crate) async fn letters(&self, names: &Names, most: usize) -> Result<Vec<Letter>, Error> {
        let mut range = cmd("XRANGE");
        range.arg(&*names.dead).arg("-").arg("+").arg("COUNT").arg(most);
        match self.servers.send(&names.dead, &range, true).await {
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
        self.check_slots(names, Some(key))?;
        let keys = [key, &*names.queue, &*names.dead, &*names.index];
        let args = [id.as_bytes(), &decimal(capacity), &stamp.0];
        match self.call(&self.queues.replay, &keys, &args).await {
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
        self.check_slots(names, None)?;
        let keys = [&*names.dead, &*names.index];
        let args = [id.as_bytes(), key.as_bytes()];
        match self.call(&self.queues.forget, &keys, &args).await {
            Ok(Value::Int(removed)) => Ok(removed > 0),
            other => Err(expected("whether a dead letter was removed", other)),
        }
    }

    /// What a crash of the server that has the queue would lose.
    pub(crate) async fn durability(&self, names: &Names) -> Result<Durability, Error> {
        let mut get = cmd("CONFIG");
        get.arg("GET").arg(&["appendonly", "save", "maxmemory", "maxmemory-policy"]);
        match self.servers.send(&names.queue, &get, true).await {
            Ok(settings) => Ok(reply::durability(settings)),
            Err(error) if error.is_io_error() || error.is_unrecoverable_error() => {
                Err(unavailable(&error))
            }
            Err(error) => Ok(Durability::Unknown(error.to_string())),
        }
    }

    /// What a flusher needs of its own.
    pub(crate) fn source(&self) -> Source {
        Source::new(Line::new(&self.servers), Arc::clone(&self.queues))
    }

    /// Runs a script. It is never sent twice where it may have been run: an answer can be lost.
    async fn call(
        &self,
        script: &Script,
        keys: &[&str],
        args: &[&[u8]],
    ) -> Result<Value, RedisError> {
        let key = keys.first().unwrap_or(&"");
        let answer = self.servers.send(key, &script.by_hash(keys, args), false).await;
        // A server that does not know a script has done nothing.
        if matches!(&answer, Err(e) if e.code() == Some("NOSCRIPT")) {
            return self.servers.send(key, &script.by_text(keys, args), false).await;
        }
        answer
    }
}

fn decimal(number: impl itoa::Integer) -> Vec<u8> {
    itoa::Buffer::new().format(number).as_bytes().to_vec()
}
