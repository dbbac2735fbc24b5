//! One connection that comes back by itself: made when first needed, remade in the background when lost.
//!
//! `redis`' own `ConnectionManager` makes calls wait for its reconnects, outside any response timeout. Here
//! a call waits only while an attempt is under way, and its caller's deadline bounds that; between attempts
//! it fails at once.

mod liveness;

use std::{
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{Cmd, ErrorKind, Pipeline, RedisError, Value};
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
    task,
    time::{self, Instant},
};

use self::liveness::ConnectStats;
use super::{
    address::Address,
    connect::Line,
    sentinel::{LOOK, NOW, Node},
};
use crate::time::jittered;

/// The pause after a failed attempt, doubled each time up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Bounds the time between a server's return and our noticing.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How old a connection has to be before it is replaced for being refused.
const TRIAL: Duration = Duration::from_secs(5);

/// The connection and what keeps it. Clones are the same link.
#[derive(Clone)]
pub(super) struct Link {
    shared: Arc<Shared>,
}

struct Shared {
    address: Address,
    greeting: Arc<Pipeline>,
    slot: watch::Sender<LinkState>,
    /// Ends the pause between two attempts.
    wake: Arc<Notify>,
    /// What attempts have cost since there was a connection.
    stats: Mutex<ConnectStats>,
}

#[derive(Clone)]
enum LinkState {
    /// There is no connection, and nobody is making one.
    Down,
    /// An attempt is under way.
    Connecting,
    /// The last attempt failed; the next one comes after a pause.
    Failed(RedisError),
    Up(Connection),
}

impl LinkState {
    /// Whether it holds this very connection.
    fn is(&self, which: u64) -> bool {
        matches!(self, LinkState::Up(up) if up.which == which)
    }
}

/// A connection, and which one it is, so that the loss of an old one is not taken for the loss of its heir.
#[derive(Clone)]
pub(super) struct Connection {
    line: Line,
    which: u64,
    /// The server, where sentinels have said which that is.
    node: Option<Arc<Node>>,
    since: Instant,
    liveness: Arc<Liveness>,
}

/// What is known of whether a connection is of use.
struct Liveness {
    /// Whether it has brought an answer.
    answered: AtomicBool,
    /// Whether an operation on it has had no answer in time, or those before it were lost before they had brought one.
    silent: AtomicBool,
    /// Whether a task waits for an answer on it.
    watched: AtomicBool,
}

impl Connection {
    pub(super) async fn send(&mut self, cmd: &Cmd) -> Result<Value, RedisError> {
        let answer = self.line.send(cmd).await;
        self.note(&answer);
        answer
    }

    /// Sends all of them at once. The answer to each may be an error of its own.
    pub(super) async fn send_all(&mut self, all: &Pipeline) -> Result<Vec<Value>, RedisError> {
        let answers = self.line.send_all(all).await;
        self.note(&answers);
        answers
    }

    /// Notes that it has brought an answer, if it has; an error of the server's is one.
    fn note<T>(&self, answer: &Result<T, RedisError>) {
        let from_the_server = answer.as_ref().err().is_none_or(|error| error.code().is_some());
        if from_the_server && !self.liveness.answered.load(Ordering::Relaxed) {
            self.liveness.answered.store(true, Ordering::Relaxed);
        }
    }
}

impl Link {
    /// A link to `address`; each of its connections begins with `greeting`.
    pub(super) fn new(address: Address, greeting: Arc<Pipeline>) -> Link {
        let (slot, _) = watch::channel(LinkState::Down);
        let (wake, stats) = (Arc::default(), Mutex::default());
        Link { shared: Arc::new(Shared { address, greeting, slot, wake, stats }) }
    }

    /// The connection, once an attempt that is under way has ended. Callers bound the wait.
    pub(super) async fn connection(&self) -> Result<Connection, RedisError> {
        if let LinkState::Up(connection) = &*self.shared.slot.borrow() {
            return Ok(connection.clone());
        }
        self.start();
        let mut slots = self.shared.slot.subscribe();
        let slot = slots.wait_for(|slot| !matches!(slot, LinkState::Connecting)).await;
        match slot.as_deref() {
            Ok(LinkState::Up(connection)) => Ok(connection.clone()),
            // Whatever the server has said to it, it is no answer to an operation.
            Ok(LinkState::Failed(error)) => {
                Err((ErrorKind::Io, "cannot connect", error.to_string()).into())
            }
            _ => Err((ErrorKind::Io, "no connection to the server").into()),
        }
    }

    /// Where an attempt has failed, makes another one now, and waits until it has ended.
    ///
    /// A writer must not take a failed attempt's word: other processes may be back with the server already,
    /// and load what it is about to change. An attempt that fails after a commit shows that the server was
    /// still away then, so that one that comes back empty will only see loads from after the commit.
    pub(super) async fn retry_connect(&self) {
        let mut slots = self.shared.slot.subscribe();
        if self.connection().await.is_err() {
            slots.mark_unchanged();
            self.shared.wake.notify_one();
            // Nobody to say so: the runtime shuts down.
            _ = slots.changed().await;
            _ = self.connection().await;
        }
    }

    /// Whether `error` means that `connection` is of no use any more. If so, another one is on its way.
    pub(super) fn lost(&self, connection: &Connection, error: &RedisError) -> bool {
        let dead = error.is_unrecoverable_error() || error.is_io_error();
        let lost = dead || self.outlived(connection, error);
        if lost {
            self.replace(connection);
        }
        lost
    }

    /// Whether a server refuses what it might allow over a new connection: it has other users now, or another one
    /// answers in its place. A connection that is refused from its beginning on is not replaced all the time.
    fn outlived(&self, connection: &Connection, error: &RedisError) -> bool {
        let refused = match error.code() {
            // Sentinels know of another one; if they do not yet, this one is not taken again.
            Some("READONLY") if self.shared.address.sentinels.is_some() => return true,
            Some("NOAUTH" | "READONLY") => true,
            Some("NOPERM") => self.shared.address.provider.is_some(),
            _ => false,
        };
        refused && connection.since.elapsed() >= TRIAL
    }

    /// Asks the sentinels whether the server is the master still, and leaves it if it is not.
    pub(super) async fn verify_masters(&self) {
        self.look_for_another(NOW).await;
    }

    /// The same, where what sentinels have said `age` ago will do.
    async fn look_for_another(&self, age: Duration) {
        let LinkState::Up(Connection { which, node: Some(node), .. }) =
            self.shared.slot.borrow().clone()
        else {
            return;
        };
        let Some(sentinels) = &self.shared.address.sentinels else { return };
        if let Ok(master) = sentinels.master(age).await
            && master != *node
        {
            let address = &self.shared.address;
            tracing::info!(?address, ?master, "the cache's server has changed");
            self.give_up(which);
        }
    }

    /// Makes another connection in the place of this one.
    pub(super) fn replace(&self, connection: &Connection) {
        self.give_up(connection.which);
    }

    fn give_up(&self, which: u64) {
        self.shared.slot.send_if_modified(|slot| {
            let LinkState::Up(connection) = &*slot else { return false };
            let ours = connection.which == which;
            if ours {
                self.shared.stats().lost(connection.liveness.answered.load(Ordering::Relaxed));
                *slot = LinkState::Down;
            }
            ours
        });
        self.start();
    }

    /// Begins to connect in the background, unless there is a connection or somebody at it.
    pub(super) fn start(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let begun = self.shared.slot.send_if_modified(|slot| {
            let down = matches!(slot, LinkState::Down);
            if down {
                *slot = LinkState::Connecting;
            }
            down
        });
        if begun {
            runtime.spawn(reconnect(Attempts { link: Arc::downgrade(&self.shared) }));
        }
    }
}

/// Tries until it succeeds or the link is gone.
async fn reconnect(attempts: Attempts) {
    let mut pause = FIRST_PAUSE;
    while let Some(shared) = attempts.link.upgrade() {
        shared.slot.send_replace(LinkState::Connecting);
        shared.stats().begin();
        match shared.address.reach(&shared.greeting).await {
            Ok((line, node)) => {
                shared.address.failure_log.over(&shared.address);
                let node = node.map(Arc::new);
                let (which, since) = (fastrand::u64(..), Instant::now());
                let liveness = Arc::new(Liveness {
                    answered: AtomicBool::new(false),
                    silent: AtomicBool::new(shared.stats().connected()),
                    watched: AtomicBool::new(false),
                });
                let sentinels = node.is_some();
                let connection = Connection { line, which, node, since, liveness };
                shared.slot.send_replace(LinkState::Up(connection));
                if sentinels {
                    tokio::spawn(follow(Arc::downgrade(&shared), which));
                }
                return;
            }
            Err(error) => {
                shared.address.failure_log.failed(&shared.address, &error);
                shared.stats().failed();
                shared.slot.send_replace(LinkState::Failed(error));
            }
        }
        let wake = Arc::clone(&shared.wake);
        drop(shared);
        // Where a writer is in a hurry there is no pause, but those who wait shall see that this attempt has failed.
        task::yield_now().await;
        _ = time::timeout(jittered(pause), wake.notified()).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Leaves a connection to what was the master once it is so no longer. A server that has been demoted says so; one
/// that hangs or is cut off from the others says nothing, so the sentinels are asked.
async fn follow(link: Weak<Shared>, which: u64) {
    loop {
        time::sleep(jittered(LOOK)).await;
        let Some(shared) = link.upgrade() else { return };
        if !shared.slot.borrow().is(which) {
            return;
        }
        Link { shared }.look_for_another(LOOK / 2).await;
    }
}

/// The task that connects. If its runtime shuts down under it, the link is down and can be started again.
struct Attempts {
    link: Weak<Shared>,
}

impl Drop for Attempts {
    fn drop(&mut self) {
        if let Some(shared) = self.link.upgrade() {
            shared.slot.send_if_modified(|slot| {
                let unfinished = !matches!(slot, LinkState::Up(_));
                if unfinished {
                    *slot = LinkState::Down;
                }
                unfinished
            });
        }
    }
}
