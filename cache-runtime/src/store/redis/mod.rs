//! The Redis store: a pool of multiplexed connections, and a command or script for each step.

mod address;
mod link;
mod script;
pub(crate) mod stream;

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use redis::{Cmd, Pipeline, RedisError, Value, cmd};

use self::{
    link::{Connection, Link},
    script::{Script, Scripts},
};
use crate::{
    entry::{self, Entry},
    error::Error,
    protocol::{Expected, Nonce, Reply, State, Step},
    store::Replies,
};

/// What is needed to reach a server, checked.
pub(crate) use self::address::Address;

pub(crate) struct RedisStore {
    links: Box<[Link]>,
    hasher: RandomState,
    scripts: Scripts,
    /// Those of the queues.
    queues: Arc<stream::Scripts>,
    /// What a further connection needs.
    address: Address,
    greeting: Arc<Pipeline>,
}

impl RedisStore {
    /// A store over `connections` connections, each made when it is first needed.
    pub(crate) fn new(address: &Address, connections: usize) -> Self {
        let (scripts, queues) = (Scripts::new(), stream::Scripts::new());
        // Known scripts are called by their hash in one message, so a call that is cut short by its
        // deadline has still been sent whole.
        let mut greeting = scripts.load();
        queues.load(&mut greeting);
        let greeting = Arc::new(greeting);
        let link = |_| Link::new(address.clone(), Arc::clone(&greeting));
        RedisStore {
            links: (0..connections.max(1)).map(link).collect(),
            hasher: RandomState::new(),
            scripts,
            queues: Arc::new(queues),
            address: address.clone(),
            greeting,
        }
    }

    /// Starts to connect every link, and waits until each has succeeded or failed once.
    pub(crate) async fn connect(&self) -> Result<(), Error> {
        for link in &self.links {
            link.start();
        }
        for link in &self.links {
            link.connection().await.map_err(|e| unavailable(&e))?;
        }
        Ok(())
    }

    /// The link of `key`: always the same one, so that the steps of this process on a key reach the server
    /// in the order in which they were sent.
    fn link(&self, key: &str) -> &Link {
        match &*self.links {
            [only] => only,
            links => &links[self.hasher.hash_one(key) as usize % links.len()],
        }
    }

    pub(crate) async fn read(&self, key: &str) -> Result<State<Entry>, Error> {
        let mut get = Cmd::with_capacity(2, 3 + key.len());
        get.arg("GET").arg(key);
        found(self.send(key, &get, true).await)
    }

    /// Looks at several keys, in one round trip. What is of another Redis type looks vacant.
    pub(crate) async fn read_many(&self, keys: &[&str]) -> Result<Vec<State<Entry>>, Error> {
        let Some(first) = keys.first() else { return Ok(Vec::new()) };
        let mut get = Cmd::new();
        get.arg("MGET").arg(keys);
        match self.send(first, &get, true).await {
            Ok(Value::Array(values)) if values.len() == keys.len() => {
                values.into_iter().map(|value| found(Ok(value))).collect()
            }
            Ok(_) => Err(Error::Unavailable("the server did not answer for every key".into())),
            Err(e) => Err(unavailable(&e)),
        }
    }

    pub(crate) async fn run(&self, key: &str, step: Step<Entry>) -> Result<Reply<Entry>, Error> {
        // What a writer says must not be given up because an attempt to connect failed a while ago.
        if matches!(step, Step::Fence { .. } | Step::Settle { .. } | Step::Delete) {
            self.link(key).insist().await;
        }
        // A step that counts (a settlement) or compares (a fill) must not be taken twice.
        let again = !matches!(
            step,
            Step::Fill { .. } | Step::Settle { .. } | Step::Land { .. } | Step::Pend { .. }
        );
        let result = self.send(key, &self.command(key, &step, Script::by_hash), again).await;
        let result = match result {
            Err(e) if e.code() == Some("NOSCRIPT") => {
                self.send(key, &self.command(key, &step, Script::by_text), again).await
            }
            result => result,
        };
        answer(&step, result)
    }

    /// Takes several steps, each on its key, in one round trip and in this order. Each has an answer of its
    /// own.
    pub(crate) async fn run_many(&self, steps: &[(&str, Step<Entry>)]) -> Result<Replies, Error> {
        let Some((first, _)) = steps.first() else { return Ok(Vec::new()) };
        let link = self.link(first);
        let mut connection = link.connection().await.map_err(|e| unavailable(&e))?;
        let hashed = steps.iter().map(|(key, step)| self.command(key, step, Script::by_hash));
        let mut results = send_all(link, &mut connection, hashed.collect()).await?;
        // A server that has forgotten the scripts is told them again, all in one more round trip.
        let forgotten = |result: &Result<Value, RedisError>| {
            result.as_ref().is_err_and(|e| e.code() == Some("NOSCRIPT"))
        };
        let again: Vec<usize> = (0..steps.len()).filter(|&at| forgotten(&results[at])).collect();
        if !again.is_empty() {
            let steps = again.iter().map(|&at| &steps[at]);
            let told = steps.map(|(key, step)| self.command(key, step, Script::by_text));
            let told = send_all(link, &mut connection, told.collect()).await?;
            again.into_iter().zip(told).for_each(|(at, result)| results[at] = result);
        }
        Ok(steps.iter().zip(results).map(|((_, step), result)| answer(step, result)).collect())
    }

    /// The command that takes `step`. Where it is a script, `call` says how that is named.
    fn command(&self, key: &str, step: &Step<Entry>, call: CallScript) -> Cmd {
        let Scripts {
            take,
            stamp,
            pend,
            land,
            fill,
            renew,
            release,
            discard,
            fence,
            settle,
            delete,
        } = &self.scripts;
        match step {
            Step::Read => {
                let mut get = cmd("GET");
                get.arg(key);
                get
            }
            // One command takes the lease or says what is there.
            Step::Acquire { token, life } => {
                let mut set = cmd("SET");
                set.arg(key).arg(entry::identity(Expected::Lease(*token)));
                set.arg("NX").arg("GET").arg("PX").arg(&millis(*life)[..]);
                set
            }
            Step::Take { stale, token, life } => {
                let lease = entry::identity(Expected::Lease(*token));
                let stale = entry::identity(Expected::Value(*stale));
                call(take, &[key], &[&stale, &lease, &millis(*life)])
            }
            Step::Stamp { value, life, .. } => {
                call(stamp, &[key], &[value.bytes(), &millis(*life)])
            }
            Step::Fill { expected, value, life, .. } => {
                call(fill, &[key], &[&entry::identity(*expected), value.bytes(), &millis(*life)])
            }
            Step::Renew { expected, life } => {
                call(renew, &[key], &[&entry::identity(*expected), &millis(*life)])
            }
            Step::Release { expected } => call(release, &[key], &[&entry::identity(*expected)]),
            Step::Discard => call(discard, &[key], &[]),
            Step::Fence { epoch, life } => call(fence, &[key], &[&epoch.0, &millis(*life)]),
            Step::Settle { epoch, value: None } => call(settle, &[key], &[&epoch.0]),
            Step::Settle { epoch, value: Some((_, value, life)) } => {
                call(settle, &[key], &[&epoch.0, value.bytes(), &millis(*life)])
            }
            Step::Delete => call(delete, &[key], &[]),
            Step::Pend { value, .. } => call(pend, &[key], &[value.bytes()]),
            Step::Land { stamp, life: None, fence } => {
                call(land, &[key], &[&stamp.0, &millis(*fence)])
            }
            Step::Land { stamp, life: Some(life), fence } => {
                call(land, &[key], &[&stamp.0, &millis(*fence), &millis(*life)])
            }
        }
    }

    /// Sends a command. Where the connection turns out to be dead, one that may be sent `again` is, once,
    /// over the next connection.
    async fn send(&self, key: &str, cmd: &Cmd, again: bool) -> Result<Value, RedisError> {
        let link = self.link(key);
        let mut connection = link.connection().await?;
        match connection.send(cmd).await {
            Err(e) if link.lost(&connection, &e) && again => {
                link.connection().await?.send(cmd).await
            }
            result => result,
        }
    }
}

/// Sends some commands, in one round trip. Each has an answer of its own.
async fn send_all(
    link: &Link,
    connection: &mut Connection,
    commands: Vec<Cmd>,
) -> Result<Vec<Result<Value, RedisError>>, Error> {
    let mut pipeline = Pipeline::with_capacity(commands.len());
    let expected = commands.len();
    for command in commands {
        pipeline.add_command(command);
    }
    let values = connection.send_all(&pipeline).await.map_err(|e| {
        link.lost(connection, &e);
        unavailable(&e)
    })?;
    if values.len() != expected {
        return Err(Error::Unavailable("the server did not answer every step".into()));
    }
    Ok(values.into_iter().map(Value::extract_error).collect())
}

/// How a script is called: by its hash, or by its text.
type CallScript = fn(&Script, &[&str], &[&[u8]]) -> Cmd;

/// What the answer to the command of `step` means.
fn answer(step: &Step<Entry>, result: Result<Value, RedisError>) -> Result<Reply<Entry>, Error> {
    match step {
        Step::Read | Step::Stamp { .. } => found(result).map(Reply::Found),
        Step::Acquire { token, .. } | Step::Take { token, .. } => Ok(match found(result)? {
            State::Vacant => Reply::Acquired,
            // A first try took it, and its answer was lost with the connection.
            State::Leased(held) if held == *token => Reply::Acquired,
            state => Reply::Found(state),
        }),
        Step::Fence { .. } => epoch_of(result),
        _ => flag(result),
    }
}

/// What a reading command found. A key of another Redis type is unreadable.
fn found(result: Result<Value, RedisError>) -> Result<State<Entry>, Error> {
    match result {
        Ok(Value::BulkString(bytes)) => Ok(entry::decode(Bytes::from(bytes))),
        Ok(Value::Nil) => Ok(State::Vacant),
        Ok(_) => Ok(State::Unreadable),
        Err(e) if e.code() == Some("WRONGTYPE") => Ok(State::Unreadable),
        Err(e) => Err(unavailable(&e)),
    }
}

/// What a script that answers 1 or 0 did.
fn flag(result: Result<Value, RedisError>) -> Result<Reply<Entry>, Error> {
    match result {
        Ok(Value::Int(1)) => Ok(Reply::Done),
        Ok(_) => Ok(Reply::Superseded),
        Err(e) => Err(unavailable(&e)),
    }
}

/// The epoch in force that the fence script answers.
fn epoch_of(result: Result<Value, RedisError>) -> Result<Reply<Entry>, Error> {
    let bytes = match result {
        Ok(Value::BulkString(bytes)) => bytes,
        Ok(_) => Vec::new(),
        Err(e) => return Err(unavailable(&e)),
    };
    match <[u8; 16]>::try_from(bytes) {
        Ok(epoch) => Ok(Reply::Fenced(Nonce(epoch))),
        Err(_) => Err(Error::Unavailable("the server gave an answer that is no epoch".into())),
    }
}

/// Redis' own words; they hold neither the URL nor the password.
fn unavailable(error: &RedisError) -> Error {
    Error::Unavailable(error.to_string())
}

/// A life as Redis wants it: whole milliseconds, at least one, few enough for its 64-bit clock.
fn millis(life: Duration) -> Vec<u8> {
    /// A thousand years.
    const MOST: u128 = 1000 * 366 * 24 * 3600 * 1000;
    life.as_millis().clamp(1, MOST).to_string().into_bytes()
}
