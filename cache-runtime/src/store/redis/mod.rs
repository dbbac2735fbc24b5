//! The Redis store: a pool of multiplexed connections, and a command or script for each step.

mod link;
mod script;

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use redis::{Cmd, RedisError, Value, cmd};

use self::{
    link::Link,
    script::{Script, Scripts},
};
use crate::{
    entry::{self, Entry},
    error::Error,
    protocol::{Expected, Nonce, Reply, State, Step},
};

/// What is needed to reach a server, checked.
pub(crate) use self::link::Address;

pub(crate) struct RedisStore {
    links: Box<[Link]>,
    hasher: RandomState,
    scripts: Scripts,
}

impl RedisStore {
    /// A store over `connections` connections, each made when it is first needed.
    pub(crate) fn new(address: &Address, connections: usize) -> Self {
        let scripts = Scripts::new();
        // Known scripts are called by their hash in one message, so a call that is cut short by its
        // deadline has still been sent whole.
        let greeting = Arc::new(scripts.load());
        let link = |_| Link::new(address.clone(), Arc::clone(&greeting));
        RedisStore {
            links: (0..connections.max(1)).map(link).collect(),
            hasher: RandomState::new(),
            scripts,
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

    pub(crate) async fn run(&self, key: &str, step: Step<Entry>) -> Result<Reply<Entry>, Error> {
        // What a writer says must not be given up because an attempt to connect failed a while ago.
        if matches!(step, Step::Fence { .. } | Step::Settle { .. } | Step::Delete) {
            self.link(key).insist().await;
        }
        match step {
            Step::Read => self.read(key).await.map(Reply::Found),
            Step::Acquire { token, life } => self.acquire(key, token, life).await,
            Step::Fill { expected, value, life, .. } => {
                let args: [&[u8]; 3] = [&entry::identity(expected), value.bytes(), &millis(life)];
                flag(self.eval(key, &self.scripts.fill, &args, false).await)
            }
            Step::Renew { expected, life } => {
                let args: [&[u8]; 2] = [&entry::identity(expected), &millis(life)];
                flag(self.eval(key, &self.scripts.renew, &args, true).await)
            }
            Step::Discard => flag(self.eval(key, &self.scripts.discard, &[], true).await),
            Step::Release { expected } => flag(
                self.eval(key, &self.scripts.release, &[&entry::identity(expected)], true).await,
            ),
            Step::Fence { epoch, life } => {
                let args: [&[u8]; 2] = [&epoch.0, &millis(life)];
                epoch_of(self.eval(key, &self.scripts.fence, &args, true).await)
            }
            Step::Settle { epoch, value: None } => {
                flag(self.eval(key, &self.scripts.settle, &[&epoch.0], false).await)
            }
            Step::Settle { epoch, value: Some((_, value, life)) } => {
                let args: [&[u8]; 3] = [&epoch.0, value.bytes(), &millis(life)];
                flag(self.eval(key, &self.scripts.settle, &args, false).await)
            }
            Step::Delete => flag(self.eval(key, &self.scripts.delete, &[], true).await),
        }
    }

    /// `SET NX GET`: one command takes the lease or says what is there.
    async fn acquire(
        &self,
        key: &str,
        token: Nonce,
        life: Duration,
    ) -> Result<Reply<Entry>, Error> {
        let mut set = cmd("SET");
        set.arg(key).arg(entry::identity(Expected::Lease(token)));
        set.arg("NX").arg("GET").arg("PX").arg(&millis(life)[..]);
        Ok(match found(self.send(key, &set, true).await)? {
            State::Vacant => Reply::Acquired,
            // A first try took it, and its answer was lost with the connection.
            State::Leased(held) if held == token => Reply::Acquired,
            state => Reply::Found(state),
        })
    }

    async fn eval(
        &self,
        key: &str,
        script: &Script,
        args: &[&[u8]],
        again: bool,
    ) -> Result<Value, RedisError> {
        let result = self.send(key, &script::by_hash(script, key, args), again).await;
        match result {
            Err(e) if e.code() == Some("NOSCRIPT") => {
                self.send(key, &script::by_text(script, key, args), again).await
            }
            result => result,
        }
    }

    /// Sends a command. Where the connection turns out to be dead, one that may be sent `again` is, once,
    /// over the next connection; a step that counts (a settlement) or compares (a fill) may not.
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
