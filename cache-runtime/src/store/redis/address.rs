//! Where a server is, and what is needed to be let in.

use std::{fmt, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    Pipeline, RedisError,
    aio::MultiplexedConnection,
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};
use tokio::time;

use crate::error::Error;

/// How long one attempt to connect may take.
const ATTEMPT: Duration = Duration::from_secs(1);

/// How many commands may wait to be written before their senders wait.
const QUEUE: usize = 1024;

/// A server's address and credentials, checked for form.
#[derive(Clone)]
pub(crate) struct Address(ConnectionInfo);

impl Address {
    /// Reads a `redis://` or `rediss://` URL. The error does not repeat it: it may hold a password.
    pub(crate) fn parse(url: &str) -> Result<Address, Error> {
        let info = url.into_connection_info().map_err(|e| Error::Config(e.to_string()))?;
        let tcp = TcpSettings::default()
            // Small commands must not wait for Nagle's algorithm.
            .set_nodelay(true)
            .set_keepalive(TcpKeepalive::new().with_time(Duration::from_secs(15)));
        // A peer that vanished without a word is noticed when it acknowledges nothing.
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(Duration::from_secs(5));
        Ok(Address(info.set_tcp_settings(tcp)))
    }

    /// The host and the port.
    pub(super) fn place(&self) -> (&str, u16) {
        match self.0.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                (host, *port)
            }
            _ => ("", 0),
        }
    }

    /// Another node, reached with the same credentials and settings.
    pub(crate) fn at(&self, host: &str, port: u16) -> Address {
        let addr = match self.0.addr().clone() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host: host.to_owned(), port, insecure, tls_params }
            }
            _ => ConnectionAddr::Tcp(host.to_owned(), port),
        };
        Address(self.0.clone().set_addr(addr))
    }

    /// Connects, and says `greeting`.
    pub(super) async fn connect(
        &self,
        greeting: &Pipeline,
    ) -> Result<MultiplexedConnection, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            // Deadlines are set per operation, around the connection.
            .set_response_timeout(None)
            .set_pipeline_buffer_size(QUEUE);
        let client = Client::open(self.0.clone())?;
        let attempt = client.get_multiplexed_async_connection_with_config(&config);
        let attempt = async {
            let mut connection = attempt.await?;
            // A server that refuses is sent the scripts when they are first called.
            _ = connection.send_packed_commands(greeting, 0, greeting.len()).await;
            Ok(connection)
        };
        match time::timeout(ATTEMPT, attempt).await {
            Ok(result) => result,
            Err(_) => Err((ErrorKind::Io, "connecting took too long").into()),
        }
    }
}

impl fmt::Debug for Address {
    /// Host and port alone: no user, no password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.addr())
    }
}
