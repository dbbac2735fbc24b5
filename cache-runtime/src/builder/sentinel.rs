//! URLs of sentinels, which know where the master is.

use super::Builder;
#[cfg(feature = "redis")]
use super::url_error::{check_tls, in_url, malformed};
use crate::{
    error::Error,
    store::{Store, breaker::Breakers},
};

/// The default port of a sentinel.
#[cfg(feature = "redis")]
const PORT: u16 = 26379;

impl Builder {
    /// The store of `scheme+sentinel://rest`.
    #[cfg(not(feature = "redis"))]
    pub(super) fn sentinel(
        &self,
        scheme: &str,
        _: &str,
        _: &Breakers,
    ) -> Result<(Store, String), Error> {
        let what = format!("`{scheme}+sentinel://` needs the feature `redis` of cache-runtime");
        Err(Error::Config(what))
    }

    /// The store of `scheme+sentinel://rest`.
    #[cfg(feature = "redis")]
    pub(super) fn sentinel(
        &self,
        scheme: &str,
        rest: &str,
        breakers: &Breakers,
    ) -> Result<(Store, String), Error> {
        use crate::store::redis::{Address, Endpoint, RedisStore, Sentinels};

        check_tls(scheme)?;
        let SentinelUrl { login, hosts, master, database, sentinel_login } =
            SentinelUrl::parse(rest)?;
        let parse = |rest: &str| {
            self.with_tls(Address::parse(&format!("{scheme}://{rest}")).map_err(in_url)?)
        };
        let sentinels = hosts.split(',').map(|host| {
            let port = if has_port(host) { String::new() } else { format!(":{PORT}") };
            let sentinel = parse(&format!("{host}{port}"))?;
            Ok(match &sentinel_login.password {
                Some(password) => sentinel.logged_in(sentinel_login.user.as_deref(), password),
                None => sentinel,
            })
        });
        let sentinels = Sentinels::new(master, sentinels.collect::<Result<_, Error>>()?);
        // A placeholder host: the sentinels say where the master is.
        let address = self.with_provider(parse(&format!("{login}sentinel/{database}"))?)?;
        let master = Endpoint::of_master(address, sentinels);
        let description = format!("redis, {master:?}");
        let encryptor = self.encryptor.clone();
        let store = RedisStore::new(master, self.to_connect(), encryptor, breakers);
        Ok((Store::Redis(store), description))
    }
}

/// The parts of a URL after its scheme.
#[cfg(feature = "redis")]
struct SentinelUrl<'a> {
    /// `user:password@`, or empty.
    login: &'a str,
    hosts: &'a str,
    master: String,
    database: &'a str,
    /// The login for the sentinels themselves.
    sentinel_login: SentinelLogin,
}

#[cfg(feature = "redis")]
#[derive(Default)]
struct SentinelLogin {
    user: Option<String>,
    password: Option<String>,
}

#[cfg(feature = "redis")]
impl<'a> SentinelUrl<'a> {
    fn parse(rest: &'a str) -> Result<SentinelUrl<'a>, Error> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        // An unencoded character would split a password, and its first part would be taken for a host.
        if path.contains('@') || rest.contains('#') || query.contains(['#', '@']) {
            let what =
                "in a password, `/` is written `%2F`, `?` is `%3F`, `#` is `%23` and `@` is `%40`";
            return Err(malformed(what));
        }
        let at = authority.rfind('@').map_or(0, |at| at + 1);
        let (login, hosts) = authority.split_at(at);
        if hosts.split(',').any(str::is_empty) {
            return Err(malformed("a sentinel has no host"));
        }
        let (master, database) = path.trim_end_matches('/').split_once('/').unwrap_or((path, "0"));
        let master = master.trim_end_matches('/');
        let master = percent_encoding::percent_decode_str(master).decode_utf8();
        match master {
            Ok(master) if !master.is_empty() => {
                let (master, sentinel_login) = (master.into_owned(), SentinelLogin::parse(query)?);
                Ok(SentinelUrl { login, hosts, master, database, sentinel_login })
            }
            _ => Err(malformed("the master has no name")),
        }
    }
}

#[cfg(feature = "redis")]
impl SentinelLogin {
    fn parse(query: &str) -> Result<SentinelLogin, Error> {
        let mut login = SentinelLogin::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "sentinel_user" => login.user = Some(value.into_owned()),
                "sentinel_password" => login.password = Some(value.into_owned()),
                // The name may be the rest of a password with an `&` in it.
                _ => {
                    return Err(malformed(
                        "it has settings besides `deadline`, `sentinel_user` and `sentinel_password`",
                    ));
                }
            }
        }
        match login {
            SentinelLogin { user: Some(_), password: None } => {
                Err(malformed("`sentinel_user` has no `sentinel_password`"))
            }
            login => Ok(login),
        }
    }
}

/// Whether a port follows the host. An IPv6 address in brackets has colons of its own.
#[cfg(feature = "redis")]
fn has_port(host: &str) -> bool {
    host.rsplit_once(']').map_or(host, |(_, after)| after).contains(':')
}
