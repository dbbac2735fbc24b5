//! Asks sentinels where the master is.
//!
//! The `redis` crate has such a client too. It has no timeouts, connects to the master once more to see its role, and
//! brings two crates.

use std::{
    fmt,
    pin::pin,
    sync::{Mutex as Lock, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{Cmd, ErrorKind, RedisError, Value, cmd};
use tokio::{sync::Mutex, time::Instant};

use super::{
    address::{Address, HostPort},
    connect::Connection,
    incarnation::Greeting,
};
use crate::time::in_real_time;

/// How long one sentinel may take to answer, connecting included.
const ANSWER: Duration = Duration::from_millis(300);

/// For callers that have to know where the master is now: an answer will do only if it was asked for after they came.
pub(super) const NOW: Duration = Duration::ZERO;

/// How often a connection asks whether its server is still the master. One that hangs does not say so itself.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// The sentinels of one master.
pub(crate) struct Sentinels {
    master: String,
    /// As they were given: what is shown.
    names: Vec<String>,
    /// Locked while somebody asks, so that the others get the same answer.
    state: Mutex<State>,
    /// The last answer, for those who have waited for it.
    last: Lock<Option<MasterReply>>,
}

struct MasterReply {
    /// When it was asked for.
    began: Instant,
    /// When it came.
    ended: Instant,
    master: Result<HostPort, RedisError>,
}

impl MasterReply {
    fn of(began: Instant, master: &Result<HostPort, RedisError>) -> Option<MasterReply> {
        Some(MasterReply { began, ended: Instant::now(), master: master.clone() })
    }

    /// Whether it will do for a caller that came then and wants to know where the master was `age` ago. A caller that has
    /// waited until no sentinel answered does not wait for that again.
    fn will_do(&self, came: Instant, age: Duration) -> bool {
        match self.master {
            Ok(_) => self.began >= came || self.began.elapsed() < age,
            Err(_) => self.ended >= came,
        }
    }
}

struct State {
    /// The one that answered comes first.
    sentinels: Vec<Address>,
    /// The connection to the first one.
    connection: Option<Connection>,
}

impl Sentinels {
    /// Those at `sentinels`, of which there is one at least, asked for the master called `master`.
    pub(crate) fn new(master: String, sentinels: Vec<Address>) -> Sentinels {
        let names = sentinels.iter().map(|address| format!("{address:?}")).collect();
        let state = Mutex::new(State { sentinels, connection: None });
        Sentinels { master, names, state, last: Lock::new(None) }
    }

    /// Where the master is, or was `age` ago. Each sentinel has a bounded time, and the next one is asked where it has
    /// not answered.
    pub(super) async fn master(&self, age: Duration) -> Result<HostPort, RedisError> {
        let came = Instant::now();
        let mut state = self.state.lock().await;
        if let Some(last) = &*self.last()
            && last.will_do(came, age)
        {
            return last.master.clone();
        }
        let began = Instant::now();
        let master = self.ask(&mut state).await;
        *self.last() = MasterReply::of(began, &master);
        master
    }

    /// Asks one sentinel after the other.
    async fn ask(&self, state: &mut State) -> Result<HostPort, RedisError> {
        let mut failures = Vec::new();
        for _ in 0..state.sentinels.len() {
            let answer = in_real_time(ANSWER, pin!(state.ask(&self.master))).await;
            match answer {
                Some(Ok(node)) => return Ok(node),
                Some(Err(error)) => failures.push(format!("{:?}: {error}", state.sentinels[0])),
                None => failures.push(format!("{:?}: no answer", state.sentinels[0])),
            }
            state.connection = None;
            state.sentinels.rotate_left(1);
        }
        // The same failure in another order is the same.
        failures.sort_unstable();
        let what = "no sentinel says where the master is";
        Err((ErrorKind::Io, what, failures.join("; ")).into())
    }

    fn last(&self) -> MutexGuard<'_, Option<MasterReply>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sentinels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "master `{}` of the sentinels {}", self.master, self.names.join(", "))
    }
}

impl State {
    /// Asks the first sentinel.
    async fn ask(&mut self, master: &str) -> Result<HostPort, RedisError> {
        let mut question = cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
        if let Some(connection) = &mut self.connection {
            // It may have been closed long ago, or belong to a runtime that is gone.
            match connection.ask(&question).await {
                Err(error) if error.is_io_error() || error.is_unrecoverable_error() => {}
                answer => return found(answer?),
            }
        }
        let mut connection = self.sentinels[0].connect(&Greeting::none(), None).await?;
        let answer = connection.ask(&question).await?;
        self.connection = Some(connection);
        found(answer)
    }
}

fn found(answer: Value) -> Result<HostPort, RedisError> {
    let node = match answer {
        Value::Nil => return Err((ErrorKind::Client, "it knows no master of this name").into()),
        Value::Array(parts) => match &parts[..] {
            [Value::BulkString(host), Value::BulkString(port)] => {
                let host = String::from_utf8(host.clone()).ok();
                let port = std::str::from_utf8(port).ok().and_then(|port| port.parse().ok());
                host.zip(port)
            }
            _ => None,
        },
        _ => None,
    };
    node.ok_or_else(|| (ErrorKind::Parse, "its answer is no host and port").into())
}

/// The command that asks a server for its role.
pub(super) fn role() -> Cmd {
    cmd("ROLE")
}

/// An error, unless the server is a master.
pub(super) fn must_be_master(role: &Value) -> Result<(), RedisError> {
    let Value::Array(parts) = role else {
        return Err((ErrorKind::Parse, "the server does not say whether it is a master").into());
    };
    match parts.first() {
        Some(Value::BulkString(role)) if role == b"master" => Ok(()),
        _ => {
            let what = "the server that the sentinels take for the master is a replica (still)";
            Err((ErrorKind::Io, what).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn an_answer_is_for_those_who_came_before_it_was_asked_for() {
        let tick = |ticks: u64| Instant::now() + Duration::from_secs(1000 + ticks);
        let ticks = [0, 1, 2, 3].map(tick);
        let node = Ok(("10.0.0.1".to_owned(), 6379));
        let found = MasterReply { began: ticks[1], ended: ticks[3], master: node };
        assert!(found.will_do(ticks[0], NOW));
        assert!(!found.will_do(ticks[2], NOW), "the master may have changed before they came");
        let nobody = (ErrorKind::Io, "no sentinel says where the master is").into();
        let failed = MasterReply { began: ticks[1], ended: ticks[3], master: Err(nobody) };
        assert!(failed.will_do(ticks[2], NOW));
        assert!(!failed.will_do(tick(4), NOW));
    }

    #[tokio::test]
    async fn those_who_wait_while_no_sentinel_answers_wait_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let asked = std::sync::Arc::<AtomicUsize>::default();
        let counted = std::sync::Arc::clone(&asked);
        let silent = tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                open.push(stream);
            }
        });
        let address = Address::parse(&format!("redis://127.0.0.1:{port}")).expect("it is a URL");
        let sentinels = Sentinels::new("shop".into(), vec![address]);
        let answers = join_all((0..20).map(|_| sentinels.master(NOW))).await;
        assert!(answers.iter().all(Result::is_err));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert!(sentinels.master(NOW).await.is_err());
        assert_eq!(asked.load(Ordering::SeqCst), 2, "who comes later asks");
        silent.abort();
    }
}
