//! The Redis store: a command or script for each step, sent to the server that has the key.

mod address;
mod cluster;
mod connect;
mod failure_log;
mod health;
mod pool;
mod reconnect;
mod reply;
mod script;
mod sentinel;
mod servers;
pub(crate) mod stream;
#[cfg(feature = "tls")]
mod tls;

use std::{sync::Arc, time::Duration};

use redis::{Cmd, Pipeline, RedisError, Value, cmd};

#[cfg(feature = "tls")]
pub(crate) use self::tls::Security;
/// What is needed to reach a server, checked.
pub(crate) use self::{address::Address, cluster::Seeds, sentinel::Sentinels};
use self::{
    cluster::Cluster,
    pool::Pool,
    reply::{found, reply, unavailable},
    script::{Script, Scripts},
    servers::Servers,
};
use crate::{
    entry::{self, Entry},
    error::Error,
    protocol::{Expected, Reply, State, Step},
    store::{Replies, States},
};

pub(crate) struct RedisStore {
    servers: Servers,
    scripts: Scripts,
    /// Those of the queues.
    queues: Arc<stream::Scripts>,
}

impl RedisStore {
    /// A store over `connections` connections to one server, each made when it is first needed.
    pub(crate) fn new(address: &Address, connections: usize) -> Self {
        RedisStore::over(|greeting| Servers::One(Pool::new(address, connections, greeting)))
    }

    /// A store over a cluster, with `connections` connections or one to each master, whichever is more.
    pub(crate) fn cluster(seeds: Seeds, connections: usize) -> Self {
        RedisStore::over(|greeting| Servers::Cluster(Cluster::new(seeds, connections, greeting)))
    }

    fn over(servers: impl FnOnce(Arc<Pipeline>) -> Servers) -> Self {
        let (scripts, queues) = (Scripts::new(), stream::Scripts::new());
        // Known scripts are called by their hash in one message, so a call that is cut short by its
        // deadline has still been sent whole.
        let mut greeting = scripts.load();
        queues.load(&mut greeting);
        RedisStore { servers: servers(Arc::new(greeting)), scripts, queues: Arc::new(queues) }
    }

    /// Starts to connect every link, and waits until each has succeeded or failed once.
    pub(crate) async fn connect(&self) -> Result<(), Error> {
        self.servers.connect().await.map_err(|e| unavailable(&e))
    }

    /// What this is called in statistics.
    pub(crate) fn kind(&self) -> &'static str {
        self.servers.kind()
    }

    /// Whether keys are on several servers.
    pub(crate) fn has_several_servers(&self) -> bool {
        matches!(self.servers, Servers::Cluster(_))
    }

    /// The number of the server that has `key`.
    pub(crate) fn shard(&self, key: &str) -> usize {
        self.servers.number(key)
    }

    pub(crate) async fn read(&self, key: &str) -> Result<State<Entry>, Error> {
        let mut get = Cmd::with_capacity(2, 3 + key.len());
        get.arg("GET").arg(key);
        found(self.servers.send(key, &get, true).await)
    }

    /// Looks at several keys, in one round trip. What is of another Redis type may look vacant.
    pub(crate) async fn read_many(&self, keys: &[&str]) -> Result<States, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let answers = self.servers.read_many(keys).await.map_err(|e| unavailable(&e))?;
        Ok(answers.into_iter().map(found).collect())
    }

    pub(crate) async fn run(&self, key: &str, step: Step<Entry>) -> Result<Reply<Entry>, Error> {
        use Expected::Fence;
        // What a writer says must not be given up because an attempt to connect failed a while ago.
        if matches!(
            step,
            Step::Fence { .. }
                | Step::Settle { .. }
                | Step::Release { expected: Fence(_) }
                | Step::Delete
        ) {
            self.servers.retry_connect(key).await;
        }
        // A step that counts (a settlement) or compares (a fill) must not be taken twice.
        let again = !matches!(
            step,
            Step::Fill { .. } | Step::Settle { .. } | Step::Land { .. } | Step::Pend { .. }
        );
        let command = self.command(key, &step, Script::by_hash);
        let result = match self.servers.send(key, &command, again).await {
            Err(e) if e.code() == Some("NOSCRIPT") => {
                let command = self.command(key, &step, Script::by_text);
                self.servers.send(key, &command, again).await
            }
            result => result,
        };
        reply(&step, result)
    }

    /// Takes several steps, each on its key, in one round trip; those of one key in this order. Each has an answer
    /// of its own.
    pub(crate) async fn run_many(&self, steps: &[(&str, Step<Entry>)]) -> Result<Replies, Error> {
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        let all: Vec<usize> = (0..steps.len()).collect();
        let mut results = self.send_steps(steps, &all, Script::by_hash).await?;
        // A server that has forgotten the scripts is told them again, all in one more round trip.
        let forgotten = |result: &Result<Value, RedisError>| {
            result.as_ref().is_err_and(|e| e.code() == Some("NOSCRIPT"))
        };
        let again: Vec<usize> = all.into_iter().filter(|&at| forgotten(&results[at])).collect();
        if !again.is_empty() {
            let told = self.send_steps(steps, &again, Script::by_text).await?;
            again.into_iter().zip(told).for_each(|(at, result)| results[at] = result);
        }
        Ok(steps.iter().zip(results).map(|((_, step), result)| reply(step, result)).collect())
    }

    /// Sends `some` of the steps.
    async fn send_steps(
        &self,
        steps: &[(&str, Step<Entry>)],
        some: &[usize],
        call: CallScript,
    ) -> Result<Vec<Result<Value, RedisError>>, Error> {
        let keys: Vec<&str> = some.iter().map(|&at| steps[at].0).collect();
        let command = |which: usize| {
            let (key, step) = &steps[some[which]];
            self.command(key, step, call)
        };
        self.servers.send_all(&keys, &command).await.map_err(|e| unavailable(&e))
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
}

/// How a script is called: by its hash, or by its text.
type CallScript = fn(&Script, &[&str], &[&[u8]]) -> Cmd;

/// A life as Redis wants it: whole milliseconds, at least one, few enough for its 64-bit clock.
fn millis(life: Duration) -> Vec<u8> {
    /// A thousand years.
    const MOST: u128 = 1000 * 366 * 24 * 3600 * 1000;
    life.as_millis().clamp(1, MOST).to_string().into_bytes()
}
