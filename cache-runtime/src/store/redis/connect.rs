//! A connection from nothing: TCP, TLS, the login, and the first words.
//!
//! The `redis` crate would do the first two as well, but its TLS takes the cryptography that is in force for the
//! whole process, panics where there is none or are two, and sees only then that a key does not fit its
//! certificate.

use std::{future::Future, io, sync::Arc, time::Duration};

use futures_util::future::select_ok;
use redis::{
    AsyncConnectionConfig, Cmd, ErrorKind, Pipeline, RedisConnectionInfo, RedisError, Value,
    aio::MultiplexedConnection,
    io::tcp::socket2::{SockRef, TcpKeepalive},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    task::{AbortHandle, JoinSet},
    time::{self, Instant},
};

use super::{
    address::Address,
    sentinel::{self, Node},
};
use crate::credentials::Credentials;

/// How long one attempt to connect may take.
const ATTEMPT: Duration = Duration::from_secs(1);

/// How long who is asked for credentials may take: it may have to ask somebody else.
const ASK: Duration = Duration::from_secs(5);

/// How many commands may wait to be written before their senders wait.
const QUEUE: usize = 1024;

/// A connection. It ends with its last clone, whatever is outstanding on it.
#[derive(Clone)]
pub(super) struct Line {
    inner: MultiplexedConnection,
    _driver: Arc<Driver>,
}

/// The task that reads and writes.
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Line {
    pub(super) async fn send(&mut self, cmd: &Cmd) -> Result<Value, RedisError> {
        // The reply to one command can be an error inside a value.
        self.inner.send_packed_command(cmd).await?.extract_error()
    }

    /// Sends all of them at once. The answer to each may be an error of its own.
    pub(super) async fn send_all(&mut self, all: &Pipeline) -> Result<Vec<Value>, RedisError> {
        self.inner.send_packed_commands(all, 0, all.len()).await
    }
}

impl Address {
    /// Connects to the server, and says `greeting`; to the one that is the master now, and which that is, where
    /// sentinels know.
    pub(super) async fn reach(
        &self,
        greeting: &Pipeline,
    ) -> Result<(Line, Option<Node>), RedisError> {
        let Some(sentinels) = &self.sentinels else {
            return Ok((self.connect(greeting).await?, None));
        };
        let node = sentinels.master(sentinel::NOW).await?;
        let master = self.at(&node.0, node.1);
        let attempt = async {
            let mut line = master.connect(greeting).await?;
            let until = Instant::now() + ATTEMPT;
            let role = in_time(until, MUTE, line.send(&sentinel::role())).await?;
            sentinel::must_be_master(&role)?;
            Ok(line)
        };
        match attempt.await {
            Ok(line) => Ok((line, Some(node))),
            Err(error) => {
                let error: RedisError = error;
                let what = "the master does not let us in";
                Err((ErrorKind::Io, what, format!("{master:?}: {error}")).into())
            }
        }
    }

    /// Connects to this very host, and says `greeting`.
    pub(super) async fn connect(&self, greeting: &Pipeline) -> Result<Line, RedisError> {
        let login = self.login().await?;
        let until = Instant::now() + ATTEMPT;
        let stream = in_time(until, "nothing answers there", dial(&self.host, self.port)).await?;
        #[cfg(feature = "tls")]
        if let Some(security) = &self.security {
            let handshake = security.handshake(&self.host, stream);
            let stream = in_time(until, SILENT, handshake).await?;
            return in_time(until, MUTE, talk(stream, &login, greeting)).await;
        }
        let line = in_time(until, MUTE, talk(stream, &login, greeting)).await;
        line.map_err(|error| match error.is_connection_dropped() {
            true => closed(&error),
            false => error,
        })
    }

    /// Who logs in now.
    async fn login(&self) -> Result<RedisConnectionInfo, RedisError> {
        let Some(provider) = self.provider.clone() else { return Ok(self.login.clone()) };
        // A task of its own, so that what panics has failed.
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
async fn talk<S>(
    stream: S,
    login: &RedisConnectionInfo,
    greeting: &Pipeline,
) -> Result<Line, RedisError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        // Deadlines are set per operation, around the connection.
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUE);
    let (inner, driver) = MultiplexedConnection::new_with_config(login, stream, config).await?;
    let driver = Arc::new(Driver(tokio::spawn(driver).abort_handle()));
    let mut line = Line { inner, _driver: driver };
    if !greeting.is_empty() {
        refused(&line.send_all(greeting).await?)?;
    }
    Ok(line)
}

/// What a server says to TLS that has never heard of it, or is not there.
#[cfg(feature = "tls")]
const SILENT: &str =
    "no TLS handshake comes about: does the server speak TLS? (`redis://` is without)";

const MUTE: &str = "the server does not answer";

/// Waits until the end of an attempt, and no longer.
async fn in_time<T, E: Into<RedisError>>(
    until: Instant,
    late: &'static str,
    step: impl Future<Output = Result<T, E>>,
) -> Result<T, RedisError> {
    match time::timeout_at(until, step).await {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err((ErrorKind::Io, late).into()),
    }
}

/// A socket, to whichever of the host's addresses answers first.
async fn dial(host: &str, port: u16) -> io::Result<TcpStream> {
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
    // A peer that vanished without a word is noticed when it acknowledges nothing.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(Duration::from_secs(5)))?;
    Ok(stream)
}

/// Whether a server has refused to talk to who has not logged in. One that refuses anything else is sent the
/// scripts when they are first called.
fn refused(answers: &[Value]) -> Result<(), RedisError> {
    match answers.first() {
        Some(Value::ServerError(error)) if error.code() == "NOAUTH" => Err(error.clone().into()),
        _ => Ok(()),
    }
}

/// What the operating system says of it ("reset by peer") says nothing of why.
fn closed(error: &RedisError) -> RedisError {
    let what = "the server closed the connection before it said a word, as one does that expects TLS \
                (`rediss://`)";
    (ErrorKind::Io, what, error.to_string()).into()
}
