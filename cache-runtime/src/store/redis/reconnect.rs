//! A link: one connection that is made when first needed, and made anew in the background when lost.
//!
//! With `redis`' own `ConnectionManager` calls wait for its reconnects, outside any response timeout. Here a call waits
//! only while an attempt is under way, and its caller's deadline bounds that; between attempts it fails at once.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic::Ordering},
    time::Duration,
};

use futures_util::future::join;
use redis::{ErrorKind, RedisError, RedisResult};
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
    task,
    time::{self, Instant},
};

use super::{
    coalesce::Coalescer,
    connect::{Connection, History},
    connect_stats::ConnectStats,
    endpoint::{Endpoint, Named},
    incarnation::{Current, Greeting},
    local::Tracked,
    sentinel::{LOOK, NOW},
};
use crate::{
    protocol::Incarnation,
    time::{in_real_time, jittered},
};

/// The pause after a failed attempt, doubled each time up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause. It bounds how late a server's return is noticed.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// A connection that is refused is replaced if it is as old as this.
const TRIAL: Duration = Duration::from_secs(5);

/// The connection and what keeps it. Clones are the same link.
#[derive(Clone)]
pub(super) struct Link {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: Endpoint,
    greeting: Arc<Greeting>,
    /// The incarnation that the connections of the server have in common.
    current: Arc<Current>,
    state: watch::Sender<LinkState>,
    /// Ends the pause between two attempts.
    wake: Arc<Notify>,
    stats: Mutex<ConnectStats>,
    coalescer: Coalescer,
}

#[derive(Clone)]
enum LinkState {
    /// There is no connection, and no attempt to make one.
    Down,
    /// An attempt is under way.
    Connecting,
    /// The last attempt failed; the next one comes after a pause.
    Failed(RedisError),
    Up(Connection),
}

impl LinkState {
    fn connection(&self) -> Option<&Connection> {
        match self {
            LinkState::Up(connection) => Some(connection),
            _ => None,
        }
    }
}

impl Link {
    /// A link to `endpoint`; each of its connections begins with `greeting`.
    pub(super) fn new(endpoint: Endpoint, greeting: Arc<Greeting>, current: Arc<Current>) -> Link {
        let (state, _) = watch::channel(LinkState::Down);
        let (wake, stats, coalescer) = (Arc::default(), Mutex::default(), Coalescer::default());
        Link {
            shared: Arc::new(Shared { endpoint, greeting, current, state, wake, stats, coalescer }),
        }
    }

    /// The connection, once an attempt that is under way has ended. Callers bound the wait.
    pub(super) async fn connection(&self) -> RedisResult<Connection> {
        let outdated = match &*self.shared.state.borrow() {
            LinkState::Up(connection) if self.shared.current.is(connection.incarnation()) => {
                return Ok(connection.clone());
            }
            LinkState::Up(connection) => Some(connection.id()),
            _ => None,
        };
        if let Some(outdated) = outdated {
            self.give_up(outdated);
        }
        self.start();
        let mut states = self.shared.state.subscribe();
        let state = states.wait_for(|state| !matches!(state, LinkState::Connecting)).await;
        match state.as_deref() {
            Ok(LinkState::Up(connection)) if self.shared.current.is(connection.incarnation()) => {
                Ok(connection.clone())
            }
            // As an I/O error: what the server said to the attempt is no answer to an operation.
            Ok(LinkState::Failed(error)) => {
                Err((ErrorKind::Io, "cannot connect", error.to_string()).into())
            }
            _ => Err((ErrorKind::Io, "no connection to the server").into()),
        }
    }

    /// The connection, if there is one.
    pub(super) fn current(&self) -> Option<Connection> {
        self.shared.state.borrow().connection().cloned()
    }

    /// The connection, if it is there and nothing is known against it. Otherwise one is being made.
    pub(super) fn at_hand(&self) -> Option<Connection> {
        let current = self.current();
        if let Some(up) = &current
            && self.shared.current.is(up.incarnation())
            && up.tracked().is_none_or(|tracked| tracked.is_alive())
        {
            return current;
        }
        match current {
            Some(outdated) => self.replace(&outdated),
            None => self.start(),
        }
        None
    }

    /// The id of the connection, if there is one.
    pub(super) fn connection_id(&self) -> Option<u64> {
        self.shared.state.borrow().connection().map(Connection::id)
    }

    /// Waits until there is a connection other than `old`.
    pub(super) async fn other_than(&self, old: Option<u64>) {
        let mut states = self.shared.state.subscribe();
        let other = |state: &LinkState| {
            state.connection().is_some_and(|connection| Some(connection.id()) != old)
        };
        // The link holds the sender.
        _ = states.wait_for(other).await;
    }

    /// Where the last attempt failed, makes another one now, and waits until it has ended.
    ///
    /// A writer must not rely on a failed attempt: other processes may be back with the server already, and load what
    /// it is about to change. An attempt that fails after a commit shows that the server was still away then, so that
    /// one that comes back empty will only see loads from after the commit.
    pub(super) async fn retry_connect(&self) {
        let mut states = self.shared.state.subscribe();
        if self.connection().await.is_err() {
            states.mark_unchanged();
            self.shared.wake.notify_one();
            // Nobody changes it while the runtime shuts down.
            _ = states.changed().await;
            _ = self.connection().await;
        }
    }

    /// Makes an attempt to connect now, if there is no connection.
    pub(super) fn reconnect_now(&self) {
        self.start();
        if self.connection_id().is_none() {
            self.shared.wake.notify_one();
        }
    }

    /// Makes another connection in the place of the one that there is.
    pub(super) fn renew(&self) {
        if let Some(id) = self.connection_id() {
            self.give_up(id);
        }
    }

    /// Makes another connection in the place of this one.
    pub(super) fn replace(&self, connection: &Connection) {
        self.give_up(connection.id());
    }

    /// Whether `error` means that `connection` is of no use any more. If so, another one is being made.
    pub(super) fn lost(&self, connection: &Connection, error: &RedisError) -> bool {
        let dead = error.is_unrecoverable_error() || error.is_io_error();
        let lost = dead || self.is_outdated(connection, error);
        if lost {
            self.replace(connection);
        }
        lost
    }

    /// Whether `error` may be cured by another connection: the server has other users now, or another server answers
    /// in its place. A connection that is refused from its beginning on is not replaced all the time.
    fn is_outdated(&self, connection: &Connection, error: &RedisError) -> bool {
        let endpoint = &self.shared.endpoint;
        let refused = match error.code() {
            // Sentinels name another server. If they do not yet, `ROLE` keeps this one from being taken again.
            Some("READONLY") if endpoint.has_sentinels() => return true,
            Some("NOAUTH" | "READONLY") => true,
            Some("NOPERM") => endpoint.has_provider(),
            _ => false,
        };
        refused && connection.age() >= TRIAL
    }

    /// Asks the sentinels whether the server is still the master, and gives its connection up if it is not.
    pub(super) async fn verify_master(&self) {
        self.verify_master_of(NOW).await;
    }

    /// The same, where an answer of `age` ago will do.
    async fn verify_master_of(&self, age: Duration) {
        let Some(connection) = self.current() else { return };
        let endpoint = &self.shared.endpoint;
        let asked = connection.tracked().map(|_| Tracked::now());
        match endpoint.named_master(&connection, age).await {
            Some(Named::Another(master)) => {
                tracing::info!(address = ?endpoint, ?master, "the cache's server has changed");
                self.replace(&connection);
            }
            Some(Named::Same) => {
                if let (Some(tracked), Some(asked)) = (connection.tracked(), asked) {
                    tracked.confirm(asked.before(age));
                }
            }
            None => {}
        }
    }

    /// Asks the server whether its history is still the same, unless nobody uses the connection, and gives it up if not.
    async fn verify_history(&self) {
        let Some(mut connection) = self.current() else { return };
        if connection.tracked().is_some_and(|tracked| tracked.was_used()) {
            connection.usage().note();
        }
        if !connection.usage().asks() {
            // Nobody has used its copies for long, and nobody looks after them any more.
            if let Some(tracked) = connection.tracked() {
                tracked.end();
            }
            return;
        }
        let asked = connection.tracked().map(|_| Tracked::now());
        let history = {
            let answer = pin!(connection.history());
            in_real_time(LOOK, answer).await
        };
        match history {
            Some(Ok(History { is_another: true, .. })) => {
                let endpoint = &self.shared.endpoint;
                tracing::info!(address = ?endpoint, "the cache's server has another history: what it held before is void");
                self.replace(&connection);
            }
            Some(Err(error)) => drop(self.lost(&connection, &error)),
            Some(Ok(History { is_master, .. })) => {
                // Where there are sentinels, it is for them to say.
                if let (Some(tracked), Some(asked)) = (connection.tracked(), asked)
                    && is_master
                    && !self.shared.endpoint.has_sentinels()
                {
                    tracked.confirm(asked);
                }
            }
            // One that does not answer is given up elsewhere.
            None => {}
        }
    }

    fn give_up(&self, id: u64) {
        self.shared.state.send_if_modified(|state| {
            let Some(connection) = state.connection().filter(|up| up.id() == id) else {
                return false;
            };
            let answered = connection.liveness().answered.load(Ordering::Relaxed);
            self.shared.stats().lost(answered);
            // What was read over it is void at once, whoever still uses it.
            if let Some(tracked) = connection.tracked() {
                tracked.end();
            }
            *state = LinkState::Down;
            true
        });
        self.start();
    }

    /// Begins to connect in the background, unless there is a connection or an attempt.
    pub(super) fn start(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let begun = self.shared.state.send_if_modified(|state| {
            let down = matches!(state, LinkState::Down);
            if down {
                *state = LinkState::Connecting;
            }
            down
        });
        if begun {
            runtime.spawn(reconnect(Attempts { link: self.downgrade() }));
        }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.shared.endpoint
    }

    /// What attempts to connect have cost since there was a connection.
    pub(super) fn stats(&self) -> MutexGuard<'_, ConnectStats> {
        self.shared.stats()
    }

    /// What goes together over it.
    pub(super) fn coalescer(&self) -> &Coalescer {
        &self.shared.coalescer
    }

    /// The incarnation that the connections of the server have in common.
    pub(super) fn incarnation(&self) -> Incarnation {
        self.shared.current.incarnation()
    }

    pub(super) fn downgrade(&self) -> WeakLink {
        WeakLink(Arc::downgrade(&self.shared))
    }
}

/// A link, if it is still there.
pub(super) struct WeakLink(Weak<Shared>);

impl WeakLink {
    pub(super) fn upgrade(&self) -> Option<Link> {
        self.0.upgrade().map(|shared| Link { shared })
    }
}

impl Shared {
    /// Each change is whole before anything can panic.
    fn stats(&self) -> MutexGuard<'_, ConnectStats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tries until it succeeds or the link is gone.
async fn reconnect(attempts: Attempts) {
    let mut pause = FIRST_PAUSE;
    while let Some(Link { shared }) = attempts.link.upgrade() {
        shared.state.send_replace(LinkState::Connecting);
        shared.stats().begin();
        let (endpoint, began) = (&shared.endpoint, Instant::now());
        match endpoint.connect(&shared.greeting).await {
            // Another connection has learned otherwise meanwhile.
            Ok(connection) if !shared.current.learn(connection.incarnation(), began) => continue,
            Ok(connection) => {
                endpoint.failure_log().over(endpoint);
                let doubted = shared.stats().connected();
                connection.liveness().unresponsive.store(doubted, Ordering::Relaxed);
                let id = connection.id();
                let has_history = connection.incarnation() != Incarnation::NONE;
                let is_tracked = connection.tracked().is_some();
                shared.state.send_replace(LinkState::Up(connection));
                if endpoint.has_sentinels() || has_history || is_tracked {
                    tokio::spawn(follow(Link { shared }.downgrade(), id));
                }
                return;
            }
            Err(error) => {
                endpoint.failure_log().failed(endpoint, &error);
                shared.stats().failed();
                shared.state.send_replace(LinkState::Failed(error));
            }
        }
        let wake = Arc::clone(&shared.wake);
        drop(shared);
        // A writer that waits for this attempt may end the pause, but not before it has seen that the attempt failed.
        task::yield_now().await;
        _ = time::timeout(jittered(pause), wake.notified()).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Gives a connection up once its server is no longer the master, or has another history. A server that has been demoted
/// says so; one that hangs or is cut off from the others says nothing, so the sentinels are asked.
async fn follow(link: WeakLink, id: u64) {
    loop {
        let began = std::time::Instant::now();
        time::sleep(jittered(LOOK)).await;
        // The clock is paused, by a test. It would run ahead with every question.
        if began.elapsed() < LOOK / 4 {
            return;
        }
        let Some(link) = link.upgrade() else { return };
        if link.connection_id() != Some(id) {
            return;
        }
        join(link.verify_master_of(LOOK / 2), link.verify_history()).await;
    }
}

/// The task that connects. If its runtime shuts down under it, the link is down and can be started again.
struct Attempts {
    link: WeakLink,
}

impl Drop for Attempts {
    fn drop(&mut self) {
        if let Some(link) = self.link.upgrade() {
            link.shared.state.send_if_modified(|state| {
                let unfinished = state.connection().is_none();
                if unfinished {
                    *state = LinkState::Down;
                }
                unfinished
            });
        }
    }
}
