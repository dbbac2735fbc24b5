//! A flusher's own connection, on which it waits for entries.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use redis::{RedisError, Value, cmd};
use tokio::time;

use super::{
    dedicated::Dedicated,
    reply::{Entries, entries, expected, open},
};
use crate::{
    encryption::Encryptor,
    entry,
    error::Error,
    protocol::{Expected, Nonce},
    store::{
        queue::{DeadLetterOutcome, DeadLetterRequest, Landing, Names, Taken},
        redis::{
            command::{decimal, millis},
            queue_scripts::QueueScripts,
            reply::unavailable,
        },
    },
    time::{in_real_time, nonce},
};

/// A flusher is in no hurry, and its batches are large: this bounds what a server may take that hangs.
const DEADLINE: Duration = Duration::from_secs(5);

/// Keys that land in one step, so that no step keeps the server long from others.
const LANDINGS: usize = 256;

pub(crate) struct Source {
    connection: Dedicated,
    scripts: Arc<QueueScripts>,
    encryptor: Encryptor,
    /// Its name in the group.
    consumer: String,
    /// A wait was given up: its answer is outstanding on the connection.
    waiting: bool,
}

impl Source {
    pub(super) fn new(
        connection: Dedicated,
        scripts: Arc<QueueScripts>,
        encryptor: Encryptor,
    ) -> Source {
        let consumer = nonce().0[8..].iter().map(|byte| format!("{byte:02x}")).collect();
        Source { connection, scripts, encryptor, consumer, waiting: false }
    }

    pub(crate) async fn take(
        &mut self,
        names: &Names,
        token: Nonce,
        most: usize,
        again: Option<i64>,
    ) -> Result<Taken, Error> {
        self.connection.check(names)?;
        let (most, again) = (decimal(most), again.map(|from| id(&from)).unwrap_or_default());
        self.make_ready();
        // A lease of another incarnation is none.
        let args = |to| {
            let lease = entry::identity(Expected::Lease(token.of(to)));
            vec![lease, self.consumer.clone().into_bytes(), most.clone(), again.clone()]
        };
        let keys = [&*names.leader, &*names.queue];
        let taken = in_time(self.connection.call(&self.scripts.take, &keys, &args)).await;
        let (more, found) = match taken? {
            Value::Nil => return Ok(Taken::Deposed),
            Value::Array(mut answer) => match (answer.pop(), answer.pop()) {
                (Some(Value::Array(found)), Some(Value::Int(more))) => (more == 1, found),
                _ => return Err(expected("entries", Ok(Value::Nil))),
            },
            other => return Err(expected("entries", Ok(other))),
        };
        let Entries { items, strange } = entries(found);
        if !strange.is_empty() {
            tracing::error!(
                queue = &*names.title,
                ?strange,
                "a queue held what no write has put there"
            );
            let ids = strange.iter().map(|id| id.clone().into_bytes());
            let args: Vec<_> = [b"1".to_vec()].into_iter().chain(ids).collect();
            let args = |_| args.clone();
            in_time(self.connection.call(&self.scripts.land, &[&names.queue], &args)).await?;
        }
        let items = items.into_iter().map(|item| open(&self.encryptor, item)).collect();
        Ok(Taken::Items { items, more })
    }

    pub(crate) async fn arrival(&mut self, names: &Names, most: Duration) -> Result<(), Error> {
        let mut read = cmd("XREAD");
        read.arg("BLOCK").arg(&millis(most)[..]).arg("COUNT").arg(1);
        // Every entry of the queue is still to be flushed.
        read.arg("STREAMS").arg(&*names.queue).arg("0-0");
        self.make_ready();
        self.waiting = true;
        let answer =
            time::timeout(most + DEADLINE, self.connection.wait(&names.queue, &read)).await;
        self.waiting = answer.is_err();
        match answer {
            Ok(answer) => answer.map(drop).map_err(|e| unavailable(&e)),
            Err(_) => Err(late()),
        }
    }

    pub(crate) async fn land(
        &mut self,
        names: &Names,
        landings: &[Landing<'_>],
        fence: Duration,
    ) -> Result<(), Error> {
        self.make_ready();
        for part in landings.chunks(LANDINGS) {
            let keys: Vec<&str> =
                [&*names.queue].into_iter().chain(part.iter().map(|landing| landing.key)).collect();
            let mut args = vec![millis(fence)];
            for landing in part {
                args.push(landing.stamp.0.to_vec());
                args.push(landing.life.map(millis).unwrap_or_default());
            }
            args.extend(part.iter().flat_map(|landing| landing.seqs).map(id));
            in_time(self.connection.call(&self.scripts.land, &keys, &|_| args.clone())).await?;
        }
        Ok(())
    }

    pub(crate) async fn dead_letter(
        &mut self,
        names: &Names,
        request: &DeadLetterRequest<'_>,
        fence: Duration,
    ) -> Result<DeadLetterOutcome, Error> {
        let DeadLetterRequest { item, seqs, error, attempts } = request;
        let keys = [&*names.queue, &*item.key, &*names.dead, &*names.index];
        let stamp = item.stamp();
        let mut args = vec![stamp.0.to_vec(), millis(fence), error.as_bytes().to_vec()];
        args.push(decimal(*attempts));
        args.extend(seqs.iter().map(id));
        let args = |_| args.clone();
        self.make_ready();
        match in_time(self.connection.call(&self.scripts.dead_letter, &keys, &args)).await? {
            Value::Int(1) => Ok(DeadLetterOutcome::Dead),
            Value::Int(2) => Ok(DeadLetterOutcome::Replaced),
            Value::Int(0) => Ok(DeadLetterOutcome::Gone),
            other => Err(expected("what became of a write", Ok(other))),
        }
    }

    /// Gives up a connection on which an answer is outstanding.
    fn make_ready(&mut self) {
        if std::mem::take(&mut self.waiting) {
            self.connection.leave();
        }
    }
}

async fn in_time(call: impl Future<Output = Result<Value, RedisError>>) -> Result<Value, Error> {
    match in_real_time(DEADLINE, pin!(call)).await {
        Some(answer) => answer.map_err(|e| unavailable(&e)),
        None => Err(late()),
    }
}

fn late() -> Error {
    Error::Unavailable(format!("no answer within {DEADLINE:?}"))
}

/// The id of the entry in this place.
fn id(seq: &i64) -> Vec<u8> {
    let mut id = decimal(*seq);
    id.extend_from_slice(b"-0");
    id
}
