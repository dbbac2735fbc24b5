//! URLs of a server that is reached over a Unix socket.

use super::Builder;
#[cfg(feature = "redis")]
use super::url_error::{in_url, malformed};
use crate::{
    error::Error,
    store::{Store, breaker::Breakers},
};

/// What a URL has to look like.
#[cfg(feature = "redis")]
const EXAMPLE: &str = "`redis+unix:///run/redis/redis-server.sock?db=0`";

/// The scheme of a URL whose server is reached over a socket, with or without TLS, and the rest of it.
pub(super) fn socket_url(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let is_one = scheme == "unix" || scheme.ends_with("+unix");
    is_one.then_some((scheme, rest))
}

impl Builder {
    /// The store of `scheme://rest`.
    #[cfg(not(feature = "redis"))]
    pub(super) fn socket(
        &self,
        scheme: &str,
        _: &str,
        _: &Breakers,
    ) -> Result<(Store, String), Error> {
        Err(Error::Config(format!("`{scheme}://` needs the feature `redis` of cache-runtime")))
    }

    /// The store of `scheme://rest`.
    #[cfg(feature = "redis")]
    pub(super) fn socket(
        &self,
        scheme: &str,
        rest: &str,
        breakers: &Breakers,
    ) -> Result<(Store, String), Error> {
        use crate::store::redis::{Address, RedisStore};

        if !cfg!(unix) {
            return Err(Error::Config(format!(
                "`{scheme}://` needs an operating system with Unix sockets: write `redis://host:6379/0`"
            )));
        }
        match scheme {
            "redis+unix" | "valkey+unix" | "unix" => {}
            "rediss+unix" | "valkeys+unix" => {
                return Err(Error::Config(format!(
                    "`{scheme}://` asks for TLS, which a Unix socket does not have, since nothing leaves the \
                     machine: write {EXAMPLE}"
                )));
            }
            // It may be anything that somebody has put before a password.
            _ => return Err(malformed("its scheme is no store of this cache")),
        }
        if self.tls.is_some() {
            return Err(Error::Config(format!(
                "`tls` is set for `{scheme}://`, and a Unix socket has no TLS: leave it out"
            )));
        }
        let SocketUrl { path, user, password, database } = SocketUrl::parse(rest)?;
        let address = Address::of_socket(&path, database).map_err(in_url)?;
        let address = match (user, password) {
            (user, Some(password)) => address.logged_in(user.as_deref(), &password),
            (Some(_), None) => return Err(malformed("its user has no password")),
            (None, None) => address,
        };
        let address = self.with_provider(address)?;
        let description = format!("redis at {address:?}");
        let encryptor = self.encryptor.clone();
        let store = RedisStore::new(address, self.connections, encryptor, breakers);
        Ok((Store::Redis(store), description))
    }
}

/// The parts of a URL after its scheme.
#[cfg(feature = "redis")]
#[derive(Debug, PartialEq, Eq)]
struct SocketUrl {
    path: String,
    user: Option<String>,
    password: Option<String>,
    database: i64,
}

#[cfg(feature = "redis")]
impl SocketUrl {
    fn parse(rest: &str) -> Result<SocketUrl, Error> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        // An unencoded character would split a password, and its rest would be taken for a path.
        if path.contains('@') || rest.contains('#') || query.contains(['#', '@', '?']) {
            let what =
                "in a password, `/` is written `%2F`, `?` is `%3F`, `#` is `%23` and `@` is `%40`";
            return Err(malformed(what));
        }
        let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        if !host.is_empty() {
            return Err(malformed(&format!(
                "a Unix socket has a path and no host: write {EXAMPLE}"
            )));
        }
        if path.trim_matches('/').is_empty() {
            return Err(malformed(&format!("it has no path of a Unix socket: write {EXAMPLE}")));
        }
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let some = |text: &str| decoded(text).map(|text| Some(text).filter(|t| !t.is_empty()));
        let mut url = SocketUrl {
            path: decoded(path)?,
            user: some(user)?,
            password: some(password)?,
            database: 0,
        };
        for setting in query.split('&').filter(|setting| !setting.is_empty()) {
            url.set(setting)?;
        }
        Ok(url)
    }

    fn set(&mut self, setting: &str) -> Result<(), Error> {
        let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
        let taken = match name {
            "db" => {
                let database = value.parse().ok().filter(|&database: &i64| database >= 0);
                self.database = database.ok_or_else(|| {
                    malformed("its `db` is no number of a database: write `?db=2`")
                })?;
                return Ok(());
            }
            "user" | "username" => self.user.replace(decoded(value)?),
            "pass" | "password" => self.password.replace(decoded(value)?),
            // The name may be the rest of a password with an `&` in it.
            _ => {
                return Err(malformed(
                    "it has settings besides `deadline`, `db`, `user` and `password`",
                ));
            }
        };
        match taken {
            None => Ok(()),
            Some(_) => Err(malformed("its user or password is set more than once")),
        }
    }
}

/// Percent-decoded. A `+` stands for itself.
#[cfg(feature = "redis")]
fn decoded(text: &str) -> Result<String, Error> {
    match percent_encoding::percent_decode_str(text).decode_utf8() {
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        _ => Err(malformed("it is not UTF-8")),
    }
}

#[cfg(all(test, feature = "redis", unix))]
mod tests {
    use super::*;
    use crate::Cache;

    fn parsed(rest: &str) -> SocketUrl {
        SocketUrl::parse(rest).expect(rest)
    }

    #[test]
    fn user_password_and_database_are_read_wherever_they_are_written() {
        let url = |user: Option<&str>, password: Option<&str>, database| SocketUrl {
            path: "/run/redis.sock".to_owned(),
            user: user.map(str::to_owned),
            password: password.map(str::to_owned),
            database,
        };
        assert_eq!(parsed("/run/redis.sock"), url(None, None, 0));
        assert_eq!(parsed("/run/redis.sock?db=3"), url(None, None, 3));
        assert_eq!(parsed("u:p%40s%2Fs@/run/redis.sock?db=3"), url(Some("u"), Some("p@s/s"), 3));
        assert_eq!(parsed(":p@/run/redis.sock"), url(None, Some("p"), 0));
        let by_query = parsed("/run/redis.sock?user=u&pass=p%26+s&db=1");
        assert_eq!(by_query, url(Some("u"), Some("p&+s"), 1));
        assert_eq!(parsed("/run/redis.sock?password=p"), url(None, Some("p"), 0));
        assert_eq!(parsed("/run/my%20redis.sock").path, "/run/my redis.sock");
    }

    #[tokio::test]
    async fn what_is_wrong_is_said_and_no_password_is_repeated() {
        for (url, what) in [
            ("redis+unix://localhost/run/redis.sock", "no host"),
            ("redis+unix://u:s3cret@localhost/run/redis.sock", "no host"),
            ("unix://u:s3cret/x@/run/redis.sock", "`/` is written `%2F`"),
            ("unix://u:s3cret#x@/run/redis.sock", "`#` is `%23`"),
            ("unix://", "no path"),
            ("unix:///", "no path"),
            ("unix:///run/redis.sock?db=s3cret", "`?db=2`"),
            ("unix:///run/redis.sock?db=-1", "`?db=2`"),
            ("unix:///run/redis.sock?pass=a&s3cret", "settings besides"),
            ("unix://u:a@/run/redis.sock?pass=s3cret", "more than once"),
            ("unix://u@/run/redis.sock", "no password"),
            ("unix:///run/%ff.sock", "not UTF-8"),
            ("rediss+unix:///run/redis.sock", "does not have"),
            ("s3cret+unix:///run/redis.sock", "no store of this cache"),
        ] {
            let error = Cache::connect(url).await.expect_err(url).to_string();
            assert!(error.contains(what), "{url}: {error}");
            assert!(!error.contains("s3cret"), "{url}: {error}");
        }
    }
}
