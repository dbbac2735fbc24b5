//! One connection that comes back by itself: made when first needed, remade in the background when lost.
//!
//! `redis`' own `ConnectionManager` makes calls wait for its reconnects, outside any response timeout. Here
//! a call waits only while an attempt is under way, and its caller's deadline bounds that; between attempts
//! it fails at once.

mod health;

use std::{
    sync::{Arc, Mutex, Weak, atomic::AtomicBool},
    time::Duration,
};

use redis::{Cmd, ErrorKind, Pipeline, RedisError, Value};
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
    task, time,
};

use self::health::Costs;
use super::{address::Address, dial::Line};
use crate::time::jittered;

/// The pause after a failed attempt, doubled each time up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Bounds the time between a server's return and our noticing.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The connection and what keeps it. Clones are the same link.
#[derive(Clone)]
pub(super) struct Link {
    shared: Arc<Shared>,
}

struct Shared {
    address: Address,
    greeting: Arc<Pipeline>,
    slot: watch::Sender<Slot>,
    /// Ends the pause between two attempts.
    hurry: Arc<Notify>,
    /// What attempts have cost since there was a connection.
    costs: Mutex<Costs>,
}

#[derive(Clone)]
enum Slot {
    /// There is no connection, and nobody is making one.
    Down,
    /// An attempt is under way.
    Connecting,
    /// The last attempt failed; the next one comes after a pause.
    Failed(RedisError),
    Up(Connection),
}

/// A connection, and which one it is, so that the loss of an old one is not taken for the loss of its heir.
#[derive(Clone)]
pub(super) struct Connection {
    line: Line,
    which: u64,
    /// Whether an operation on it has had no answer in time.
    silent: Arc<AtomicBool>,
}

impl Connection {
    pub(super) async fn send(&mut self, cmd: &Cmd) -> Result<Value, RedisError> {
        self.line.send(cmd).await
    }

    /// Sends all of them at once. The answer to each may be an error of its own.
    pub(super) async fn send_all(&mut self, all: &Pipeline) -> Result<Vec<Value>, RedisError> {
        self.line.send_all(all).await
    }
}

impl Link {
    /// A link to `address`; each of its connections begins with `greeting`.
    pub(super) fn new(address: Address, greeting: Arc<Pipeline>) -> Link {
        let (slot, _) = watch::channel(Slot::Down);
        let (hurry, costs) = (Arc::default(), Mutex::default());
        Link { shared: Arc::new(Shared { address, greeting, slot, hurry, costs }) }
    }

    /// The connection, once an attempt that is under way has ended. Callers bound the wait.
    pub(super) async fn connection(&self) -> Result<Connection, RedisError> {
        if let Slot::Up(connection) = &*self.shared.slot.borrow() {
            return Ok(connection.clone());
        }
        self.start();
        let mut slots = self.shared.slot.subscribe();
        let slot = slots.wait_for(|slot| !matches!(slot, Slot::Connecting)).await;
        match slot.as_deref() {
            Ok(Slot::Up(connection)) => Ok(connection.clone()),
            // Whatever the server has said to it, it is no answer to an operation.
            Ok(Slot::Failed(error)) => {
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
    pub(super) async fn insist(&self) {
        let mut slots = self.shared.slot.subscribe();
        if self.connection().await.is_err() {
            slots.mark_unchanged();
            self.shared.hurry.notify_one();
            // Nobody to say so: the runtime shuts down.
            _ = slots.changed().await;
            _ = self.connection().await;
        }
    }

    /// Whether `error` means that `connection` is dead. If so, another one is on its way.
    pub(super) fn lost(&self, connection: &Connection, error: &RedisError) -> bool {
        let dead = error.is_unrecoverable_error() || error.is_io_error();
        if dead {
            self.replace(connection);
        }
        dead
    }

    /// Makes another connection in the place of this one.
    pub(super) fn replace(&self, connection: &Connection) {
        self.shared.slot.send_if_modified(|slot| {
            let ours = matches!(slot, Slot::Up(up) if up.which == connection.which);
            if ours {
                *slot = Slot::Down;
            }
            ours
        });
        self.start();
    }

    /// Begins to connect in the background, unless there is a connection or somebody at it.
    pub(super) fn start(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let begun = self.shared.slot.send_if_modified(|slot| {
            let down = matches!(slot, Slot::Down);
            if down {
                *slot = Slot::Connecting;
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
        shared.slot.send_replace(Slot::Connecting);
        shared.costs().begin();
        match shared.address.connect(&shared.greeting).await {
            Ok(line) => {
                shared.address.trouble.over(&shared.address);
                let (which, silent) = (fastrand::u64(..), Arc::default());
                shared.costs().forget();
                shared.slot.send_replace(Slot::Up(Connection { line, which, silent }));
                return;
            }
            Err(error) => {
                shared.address.trouble.failed(&shared.address, &error);
                shared.costs().failed();
                shared.slot.send_replace(Slot::Failed(error));
            }
        }
        let hurry = Arc::clone(&shared.hurry);
        drop(shared);
        // Where a writer is in a hurry there is no pause, but those who wait shall see that this attempt has failed.
        task::yield_now().await;
        _ = time::timeout(jittered(pause), hurry.notified()).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
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
                let unfinished = !matches!(slot, Slot::Up(_));
                if unfinished {
                    *slot = Slot::Down;
                }
                unfinished
            });
        }
    }
}
