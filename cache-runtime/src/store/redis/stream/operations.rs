//! The operations on a queue over the shared connections: a write is accepted, and dead letters are replayed.

use std::sync::Arc;

use redis::{RedisResult, Value, cmd};

use super::{
    dedicated::Dedicated,
    reply::{durability, expected, letter, open, place},
    slot_check::check,
    source::Source,
};
use crate::{
    entry::Entry,
    error::Error,
    protocol::Nonce,
    store::{
        queue::{Durability, Enqueued, Letter, Names, Replayed},
        redis::{command::decimal, reply::unavailable, script::Script, store::RedisStore},
    },
};

impl RedisStore {
    pub(crate) async fn enqueue(
        &self,
        names: &Names,
        key: &str,
        entry: &Entry,
        capacity: u64,
    ) -> Result<Enqueued, Error> {
        check(&self.servers, names, Some(key))?;
        let entry = self.encryptor.seal(key, entry)?;
        self.lane(key).retry_connect().await;
        let keys = [key, &*names.queue, &*names.dead, &*names.index];
        let args = [&entry.bytes()[..], &decimal(capacity)];
        match self.call(&self.queues.enqueue, &keys, &args).await {
            Ok(Value::Int(-1)) => Ok(Enqueued::Accepted),
            Ok(Value::Int(queued)) => Ok(Enqueued::Full(queued.unsigned_abs())),
            other => Err(expected("whether a write was accepted", other)),
        }
    }

    pub(crate) async fn queued(&self, names: &Names) -> Result<u64, Error> {
        match self.lane(&names.queue).send(cmd("XLEN").arg(&*names.queue), true).await {
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
        match self.lane(&names.queue).send(&first, true).await {
            Ok(Value::Array(entries)) => Ok(entries.first().and_then(place)),
            other => Err(expected("an end of a queue", other)),
        }
    }

    pub(crate) async fn letters(&self, names: &Names, most: usize) -> Result<Vec<Letter>, Error> {
        let mut range = cmd("XRANGE");
        range.arg(&*names.dead).arg("-").arg("+").arg("COUNT").arg(most);
        match self.lane(&names.dead).send(&range, true).await {
            Ok(Value::Array(letters)) => Ok(letters
                .into_iter()
                .filter_map(letter)
                .map(|letter| self.opened(letter))
                .collect()),
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
        check(&self.servers, names, Some(key))?;
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
        check(&self.servers, names, None)?;
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
        match self.lane(&names.queue).send(&get, true).await {
            Ok(settings) => Ok(durability(settings)),
            Err(error) if error.is_io_error() || error.is_unrecoverable_error() => {
                Err(unavailable(&error))
            }
            Err(error) => Ok(Durability::Unknown(error.to_string())),
        }
    }

    /// A letter with its value opened. A value in a queue is sealed as under its key.
    fn opened(&self, letter: Letter) -> Letter {
        Letter { item: open(&self.encryptor, letter.item), ..letter }
    }

    /// A flusher's access to its queue.
    pub(crate) fn source(&self) -> Source {
        let connection = Dedicated::new(&self.servers);
        Source::new(connection, Arc::clone(&self.queues), self.encryptor.clone())
    }

    /// Runs a script. It is never sent twice where it may have been run: an answer can be lost.
    async fn call(&self, script: &Script, keys: &[&str], args: &[&[u8]]) -> RedisResult<Value> {
        let lane = self.lane(keys.first().unwrap_or(&""));
        let answer = lane.send(&script.by_hash(keys, args), false).await;
        // A server that does not know a script has done nothing.
        if matches!(&answer, Err(e) if e.code() == Some("NOSCRIPT")) {
            return lane.send(&script.by_text(keys, args), false).await;
        }
        answer
    }
}
