//! Makes a connection: TCP, TLS, the login, and the greeting.
//!
//! The `redis` crate would do the first two as well, but its TLS uses the cryptography that is in force for the
//! whole process, panics where there is none or are two, and sees only at the handshake that a key does not fit its
//! certificate.

use std::{
    convert::Infallible,
    future::Future,
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::select_ok;
use redis::{
    AsyncConnectionConfig, Cmd, ErrorKind, Pipeline, ProtocolVersion, PushInfo,
    RedisConnectionInfo, RedisError, RedisResult, Value,
    aio::MultiplexedConnection,
    io::tcp::socket2::{SockRef, TcpKeepalive},
};
#[cfg(unix)]
use std::path::Path;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    task::{AbortHandle, JoinSet},
    time::{self, Instant},
};

use super::{
    address::{Address, HostPort},
    incarnation::{Greeting, Usage, is_master, question, told},
    local::{Keeper, Tracked, hello},
    transfer::{Transfer, Watched},
};
use crate::{credentials::Credentials, protocol::Incarnation, time::in_real_time};

/// How long one attempt to connect may take.
pub(super) const ATTEMPT: Duration = Duration::from_secs(1);

/// How long the provider of credentials may take: it may have to ask another service.
const ASK: Duration = Duration::from_secs(5);

/// How many commands the connection queues before senders wait.
const QUEUE: usize = 1024;

/// A live connection. It ends with its last clone, whatever is outstanding on it.
#[derive(Clone)]
pub(super) struct Connection {
    inner: MultiplexedConnection,
    shared: Arc<Shared>,
}

/// What clones of a connection share.
struct Shared {
    /// Which connection this is: the loss of an old one is not the loss of its successor.
    id: u64,
    /// The server, where sentinels have said which one that is.
    node: Option<HostPort>,
    /// The server's incarnation when this connection began.
    incarnation: Incarnation,
    usage: Usage,
    since: Instant,
    liveness: Liveness,
    /// Where copies are kept of what is read over it.
    tracked: Option<Arc<Tracked>>,
    _keeper: Option<Keeper>,
    _driver: Driver,
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(tracked) = &self.tracked {
            tracked.end();
        }
    }
}

/// What a server has said of its history.
pub(super) struct History {
    /// Whether it is another one than when the connection began.
    pub(super) is_another: bool,
    /// Whether the server says that it is a master.
    pub(super) is_master: bool,
}

/// Flags that say whether a connection is of use.
#[derive(Default)]
pub(super) struct Liveness {
    /// Whether it has brought an answer.
    pub(super) answered: AtomicBool,
    /// Whether an operation on it had no answer in time, or those before it were lost before they had brought one.
    pub(super) unresponsive: AtomicBool,
    /// Whether a task waits for an answer on it.
    pub(super) watched: AtomicBool,
    /// Whether a large value is on its way over it.
    pub(super) transfer: Arc<Transfer>,
}

impl Connection {
    /// Sends the command of an operation.
    pub(super) async fn send(&mut self, cmd: &Cmd) -> RedisResult<Value> {
        self.use_it().await?;
        let answer = self.ask(cmd).await;
        self.note(&answer);
        answer
    }

    /// Sends a command that is no operation: its answer does not show that the connection is of use.
    pub(super) async fn ask(&mut self, cmd: &Cmd) -> RedisResult<Value> {
        // The reply to one command can be an error inside a value.
        self.inner.send_packed_command(cmd).await?.extract_error()
    }

    /// Sends the commands of operations at once. The answer to each may be an error of its own.
    pub(super) async fn send_all(&mut self, all: &Pipeline) -> RedisResult<Vec<Value>> {
        self.use_it().await?;
        let answers = self.inner.send_packed_commands(all, 0, all.len()).await;
        self.note(&answers);
        answers
    }

    /// Notes that it is used. After a long rest it is looked first whether the server's history is still the same.
    async fn use_it(&mut self) -> RedisResult<()> {
        let usage = &self.shared.usage;
        if usage.is_noted() {
            return Ok(());
        }
        if usage.is_parked() && self.has_another_history().await? {
            let what = "the server has another history than when the connection began";
            return Err((ErrorKind::Io, what).into());
        }
        self.shared.usage.note();
        Ok(())
    }

    /// Asks whether the server has another history than when this connection began. A server that does not say has not.
    async fn has_another_history(&mut self) -> RedisResult<bool> {
        Ok(self.history().await?.is_another)
    }

    /// Asks for the server's history. A server that does not say has the same, and may be no master.
    pub(super) async fn history(&mut self) -> RedisResult<History> {
        let begun = self.incarnation();
        if begun == Incarnation::NONE && self.tracked().is_none() {
            return Ok(History { is_another: false, is_master: false });
        }
        match self.ask(&question()).await {
            Ok(answer) => {
                let other = |now| begun != Incarnation::NONE && now != begun;
                let is_another = told(&answer).is_some_and(other);
                Ok(History { is_another, is_master: is_master(&answer) })
            }
            Err(error) if error.code().is_some() => {
                Ok(History { is_another: false, is_master: false })
            }
            Err(error) => Err(error),
        }
    }

    /// The server's incarnation when this connection began.
    pub(super) fn incarnation(&self) -> Incarnation {
        self.shared.incarnation
    }

    pub(super) fn usage(&self) -> &Usage {
        &self.shared.usage
    }

    /// Notes whether it has brought an answer. An error that the server sent is one.
    fn note<T>(&self, answer: &RedisResult<T>) {
        let from_the_server = answer.as_ref().err().is_none_or(|error| error.code().is_some());
        let answered = &self.shared.liveness.answered;
        if from_the_server && !answered.load(Ordering::Relaxed) {
            answered.store(true, Ordering::Relaxed);
        }
    }

    /// What is known of it as one that is told of changes, if it is.
    pub(super) fn tracked(&self) -> Option<&Arc<Tracked>> {
        self.shared.tracked.as_ref()
    }

    pub(super) fn id(&self) -> u64 {
        self.shared.id
    }

    /// The server, where sentinels have said which one that is.
    pub(super) fn node(&self) -> Option<&HostPort> {
        self.shared.node.as_ref()
    }

    pub(super) fn age(&self) -> Duration {
        self.shared.since.elapsed()
    }

    pub(super) fn liveness(&self) -> &Liveness {
        &self.shared.liveness
    }
}

/// The task that moves bytes. Dropping this ends it.
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Address {
    /// Connects to this very host, and says `greeting`. `node` is what sentinels call it, if they have named it.
    pub(super) async fn connect(
        &self,
        greeting: &Greeting,
        node: Option<HostPort>,
    ) -> RedisResult<Connection> {
        let login = self.login().await?;
        let until = Instant::now() + ATTEMPT;
        #[cfg(unix)]
        if let Some(path) = &self.socket {
            let stream = in_time(until, "nothing answers there", socket(path)).await?;
            return in_time(until, MUTE, greet(stream, &login, greeting, node)).await;
        }
        let stream = tcp(&self.host, self.port);
        let stream = in_time(until, "nothing answers there", stream).await?;
        #[cfg(feature = "tls")]
        if let Some(security) = &self.security {
            let handshake = security.handshake(&self.host, stream);
            let stream = in_time(until, NO_TLS, handshake).await?;
            return in_time(until, MUTE, greet(stream, &login, greeting, node)).await;
        }
        let connection = in_time(until, MUTE, greet(stream, &login, greeting, node)).await;
        connection.map_err(|error| match error.is_connection_dropped() {
            true => closed(&error),
            false => error,
        })
    }

    /// The credentials to log in with now.
    async fn login(&self) -> RedisResult<RedisConnectionInfo> {
        let Some(provider) = self.provider.clone() else { return Ok(self.login.clone()) };
        // In a task of its own, so that a panic is a failure.
        let mut asked = JoinSet::new();
        asked.spawn(async move { provider().await });
        let what = match time::timeout(ASK, asked.join_next()).await {
            Ok(Some(Ok(Ok(Credentials { user, password })))) => {
                let login = RedisConnectionInfo::default().set_db(self.login.db());
                let login = login.set_password(password);
                return Ok(user.into_iter().fold(login, RedisConnectionInfo::set_username));
            }
            Ok(Some(Ok(Err(error)))) => error,
            Ok(_) => "it panicked".to_owned(),
            Err(_) => format!("no answer within {ASK:?}"),
        };
        Err((ErrorKind::AuthenticationFailed, "the credentials cannot be had", what).into())
    }
}

/// Logs in, and says `greeting`.
async fn greet<S>(
    stream: S,
    login: &RedisConnectionInfo,
    greeting: &Greeting,
    node: Option<HostPort>,
) -> RedisResult<Connection>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        // Deadlines are set per operation, around the connection.
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUE);
    let transfer = Arc::<Transfer>::default();
    let mut stream = Watched::new(stream, Arc::clone(&transfer));
    let tracked = match greeting.copies() {
        Some(it) => match hello(&mut stream, login).await? {
            Ok(()) => Some((it, Tracked::new(*it.copies.settings(), it.has_stand_ins))),
            Err(reason) => {
                it.copies.cannot_be_kept(&reason);
                None
            }
        },
        None => None,
    };
    let (mut tracked, logged_in, config) = match tracked {
        Some((it, tracked)) => {
            let (copies, its) = (Arc::clone(&it.copies), Arc::clone(&tracked));
            copies.sweep();
            let pushed = move |push: PushInfo| {
                copies.pushed(&its, &push);
                Ok::<_, Infallible>(())
            };
            // It has logged in already, and may say `HELLO` as often as it likes.
            let login = RedisConnectionInfo::default().set_db(login.db());
            let login = login.set_protocol(ProtocolVersion::RESP3);
            (Some(tracked), Some(login), config.set_push_sender(pushed))
        }
        None => (None, None, config),
    };
    let login = logged_in.as_ref().unwrap_or(login);
    let (mut inner, driver) = MultiplexedConnection::new_with_config(login, stream, config).await?;
    let driver = Driver(tokio::spawn(driver).abort_handle());
    let commands = greeting.commands();
    let mut incarnation = Incarnation::NONE;
    if !commands.is_empty() {
        let answers = inner.send_packed_commands(commands, 0, commands.len()).await?;
        refused(&answers)?;
        if let (Some(it), Some(Value::ServerError(error))) = (greeting.copies(), answers.first()) {
            it.copies.cannot_be_kept(&format!(
                "{} {}",
                error.code(),
                error.details().unwrap_or_default()
            ));
            tracked = None;
        }
        incarnation = greeting.incarnation(&answers)?;
    }
    let _keeper = tracked.clone().map(|tracked| Keeper::of(inner.clone(), tracked));
    let shared = Shared {
        id: fastrand::u64(..),
        node,
        incarnation,
        usage: Usage::default(),
        since: Instant::now(),
        liveness: Liveness { transfer, ..Liveness::default() },
        tracked,
        _keeper,
        _driver: driver,
    };
    Ok(Connection { inner, shared: Arc::new(shared) })
}

/// A server that does not speak TLS may leave the handshake unanswered.
#[cfg(feature = "tls")]
const NO_TLS: &str =
    "no TLS handshake comes about: does the server speak TLS? (`redis://` is without)";

pub(super) const MUTE: &str = "the server does not answer";

/// Waits until the end of an attempt, and no longer.
pub(super) async fn in_time<T, E: Into<RedisError>>(
    until: Instant,
    late: &'static str,
    step: impl Future<Output = Result<T, E>>,
) -> RedisResult<T> {
    let left = until.saturating_duration_since(Instant::now());
    match in_real_time(left, pin!(step)).await {
        Some(result) => result.map_err(Into::into),
        None => Err((ErrorKind::Io, late).into()),
    }
}

/// A connection to a Unix socket.
#[cfg(unix)]
async fn socket(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path).await.map_err(|error| {
        let path = path.display();
        let why = match error.kind() {
            io::ErrorKind::NotFound => format!(
                "there is no socket {path}: the server makes it with `unixsocket {path}` in its configuration"
            ),
            io::ErrorKind::PermissionDenied => format!(
                "this process may not use the socket {path}: set `unixsocketperm 770` in the server's \
                 configuration, and add the user of this process to the socket's group"
            ),
            io::ErrorKind::ConnectionRefused => {
                format!("no server listens at the socket {path} any more")
            }
            _ => format!("{path}: {error}"),
        };
        io::Error::new(error.kind(), why)
    })
}

/// A socket to whichever of the host's addresses answers first.
async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let attempts: Vec<_> =
        lookup_host((host, port)).await?.map(|at| Box::pin(TcpStream::connect(at))).collect();
    if attempts.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the host has no address"));
    }
    let (stream, _) = select_ok(attempts).await?;
    // Small commands must not wait for Nagle's algorithm.
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(Duration::from_secs(15)))?;
    // A peer that has vanished is noticed when it acknowledges nothing.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(Duration::from_secs(5)))?;
    Ok(stream)
}

/// An error where the server serves nobody who has not logged in. Where it refuses anything else, the scripts are sent
/// when they are first called.
fn refused(answers: &[Value]) -> RedisResult<()> {
    match answers.first() {
        Some(Value::ServerError(error)) if error.code() == "NOAUTH" => Err(error.clone().into()),
        _ => Ok(()),
    }
}

/// The operating system's own words ("reset by peer") do not say why.
fn closed(error: &RedisError) -> RedisError {
    let what = "the server closed the connection before it said a word, as one does that expects TLS \
                (`rediss://`)";
    (ErrorKind::Io, what, error.to_string()).into()
}
