//! The address of a server, with the credentials and settings to connect to it.

use std::{fmt, path::Path, sync::Arc};

use redis::{ConnectionAddr, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo};

use super::failure_log::FailureLog;
#[cfg(feature = "tls")]
use super::tls::Security;
use crate::{credentials::Provider, error::Error};

/// A host and a port.
pub(super) type HostPort = (String, u16);

/// A server's address and credentials, checked for form.
#[derive(Clone)]
pub(crate) struct Address {
    /// Where it is reached over a Unix socket. Then its host and port mean nothing.
    pub(super) socket: Option<Arc<Path>>,
    pub(super) host: Arc<str>,
    pub(super) port: u16,
    /// Database, user and password.
    pub(super) login: RedisConnectionInfo,
    /// None without TLS.
    #[cfg(feature = "tls")]
    pub(super) security: Option<Security>,
    /// The provider of credentials, which takes the place of those in the URL.
    pub(super) provider: Option<Provider>,
    pub(super) failure_log: Arc<FailureLog>,
}

impl Address {
    /// Reads a `redis://` or `rediss://` URL. The error does not repeat it: it may hold a password.
    pub(crate) fn parse(url: &str) -> Result<Address, Error> {
        let (url, secure) = plain(url)?;
        let info = url.into_connection_info().map_err(|e| Error::Config(e.to_string()))?;
        let ConnectionAddr::Tcp(host, port) = info.addr() else {
            let what = "a Unix socket is written `redis+unix:///run/redis/redis-server.sock?db=0`";
            return Err(Error::Config(what.into()));
        };
        #[cfg(not(feature = "tls"))]
        if secure {
            return Err(Error::Config("TLS needs the feature `tls` of cache-runtime".into()));
        }
        Ok(Address {
            socket: None,
            host: host.as_str().into(),
            port: *port,
            // RESP3 sends the password with `HELLO`, and a server that does not know that repeats it in its error.
            login: info.redis_settings().clone().set_protocol(ProtocolVersion::RESP2),
            #[cfg(feature = "tls")]
            security: if secure { Some(Security::public()?) } else { None },
            provider: None,
            failure_log: Arc::default(),
        })
    }

    /// A server behind a Unix socket.
    pub(crate) fn of_socket(path: &str, database: i64) -> Result<Address, Error> {
        let address = Address::parse(&format!("redis://localhost/{database}"))?;
        Ok(Address { socket: Some(Path::new(path).into()), ..address })
    }

    /// The host and the port.
    pub(super) fn place(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// Another node, reached with the same credentials and settings.
    pub(crate) fn at(&self, host: &str, port: u16) -> Address {
        let failure_log = Arc::default();
        Address { socket: None, host: host.into(), port, failure_log, ..self.clone() }
    }

    /// The same server with another user and password.
    pub(crate) fn logged_in(self, user: Option<&str>, password: &str) -> Address {
        let login = self.login.clone().set_password(password);
        Address { login: user.into_iter().fold(login, RedisConnectionInfo::set_username), ..self }
    }

    /// Whether the URL has a user or a password.
    pub(crate) fn has_login(&self) -> bool {
        self.login.username().is_some() || self.login.password().is_some()
    }

    /// The same server with a provider of credentials.
    pub(crate) fn accredited(self, provider: Provider) -> Address {
        Address { provider: Some(provider), ..self }
    }

    /// The same server with these settings of TLS. An error where the URL does not ask for TLS.
    #[cfg(feature = "tls")]
    pub(crate) fn secured(self, security: Security) -> Result<Address, Error> {
        match self.security {
            Some(_) => Ok(Address { security: Some(security), ..self }),
            None => Err(Error::Config(
                "`tls` is set for a URL that does not ask for TLS: write `rediss://` instead of \
                 `redis://`, or leave `tls` out"
                    .into(),
            )),
        }
    }
}

impl fmt::Debug for Address {
    /// Host and port alone, or the path of a socket: no user, no password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.socket {
            return write!(f, "{}", path.display());
        }
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// The URL without TLS, and whether it asks for TLS, which the `redis` crate does not do here.
fn plain(url: &str) -> Result<(String, bool), Error> {
    if url.contains('#') {
        let what = "a cache URL has no part after a `#`; certificates are always checked, and a \
                    `#` in a password is written `%23`";
        return Err(Error::Config(what.into()));
    }
    // The error does not repeat it: it may be the end of a password.
    if url.contains('?') {
        let what = "after its `?` it has something that is no setting: `deadline=250ms`, `incarnations=off`, \
                    `local=off`, `local_capacity=64MiB`, `local_lease=200ms`, `local_strict=on` and `log_keys=on` are; a \
                    `?` in a password is written `%3F`";
        return Err(Error::Config(what.into()));
    }
    Ok(match url.split_once("://") {
        Some(("rediss", rest)) => (format!("redis://{rest}"), true),
        Some(("valkeys", rest)) => (format!("valkey://{rest}"), true),
        _ => (url.to_owned(), false),
    })
}
