//! The operations on a queue over the shared connections: a write is accepted, and dead letters are replayed.

use std::sync::Arc;

use redis::{Cmd, RedisResult, Value, cmd};

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
        redis::{
            command::decimal,
            incarnation::Outgoing,
            reply::unavailable,
            script::{Arguments, Script},
            store::RedisStore,
        },
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
        let _own = self.copies.write(key);
        self.lane(key).retry_connect().await;
        let keys = [key, &*names.queue, &*names.dead, &*names.index];
        let args = |to| {
            let entry = entry.with_stamp(entry.stamp().of(to));
            vec![entry.bytes().to_vec(), decimal(capacity)]
        };
        match self.call(&self.queues.enqueue, &keys, &args).await {
            Ok(Value::Int(-1)) => Ok(Enqueued::Accepted),
            Ok(Value::Int(queued)) => Ok(Enqueued::Full(queued.unsigned_abs())),
            other => Err(expected("whether a write was accepted", other)),
        }
    }

    pub(crate) async fn queued(&self, names: &Names) -> Result<u64, Error> {
        match self.ask(&names.queue, cmd("XLEN").arg(&*names.queue)).await {
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
        match self.ask(&names.queue, &first).await {
            Ok(Value::Array(entries)) => Ok(entries.first().and_then(place)),
            other => Err(expected("an end of a queue", other)),
        }
    }

    pub(crate) async fn letters(&self, names: &Names, most: usize) -> Result<Vec<Letter>, Error> {
        let mut range = cmd("XRANGE");
        range.arg(&*names.dead).arg("-").arg("+").arg("COUNT").arg(most);
        match self.ask(&names.dead, &range).await {
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
        let _own = self.copies.write(key);
        let keys = [key, &*names.queue, &*names.dead, &*names.index];
        let args = |to| vec![id.into(), decimal(capacity), stamp.of(to).0.to_vec()];
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
        let args = |_| vec![id.into(), key.into()];
        match self.call(&self.queues.forget, &keys, &args).await {
            Ok(Value::Int(removed)) => Ok(removed > 0),
            other => Err(expected("whether a dead letter was removed", other)),
        }
    }

    /// What a crash of the server that has the queue would lose.
    pub(crate) async fn durability(&self, names: &Names) -> Result<Durability, Error> {
        let mut get = cmd("CONFIG");
        get.arg("GET").arg(&["appendonly", "save", "maxmemory", "maxmemory-policy"]);
        match self.ask(&names.queue, &get).await {
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
    async fn call(
        &self,
        script: &Script,
        keys: &[&str],
        args: &Arguments<'_>,
    ) -> RedisResult<Value> {
        let lane = self.lane(keys.first().unwrap_or(&""));
        let by_hash = |to| script.by_hash_of(keys, &args(to));
        let mut answer = lane.send(&Outgoing::Under(&by_hash), false).await;
        // A server that does not know a script has done nothing.
        if matches!(&answer, Err(e) if e.code() == Some("NOSCRIPT")) {
            let by_text = |to| script.by_text_of(keys, &args(to));
            answer = lane.send(&Outgoing::Under(&by_text), false).await;
        }
        Ok(answer?.value)
    }

    /// Asks what does not depend on the server's history. It may be asked twice.
    async fn ask(&self, key: &str, question: &Cmd) -> RedisResult<Value> {
        Ok(self.lane(key).send(&Outgoing::Same(question), true).await?.value)
    }
}
