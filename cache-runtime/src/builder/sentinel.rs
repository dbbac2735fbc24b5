//! URLs that name sentinels, who know where the server is.

use super::Builder;
#[cfg(feature = "redis")]
use super::address::{encryptable, in_url, malformed};
use crate::{error::Error, store::Store};

/// Where a sentinel listens unless the URL says otherwise.
#[cfg(feature = "redis")]
const PORT: u16 = 26379;

impl Builder {
    /// The store of `scheme+sentinel://rest`.
    #[cfg(not(feature = "redis"))]
    pub(super) fn sentinel(&self, scheme: &str, _: &str) -> Result<(Store, String), Error> {
        let what = format!("`{scheme}+sentinel://` needs the feature `redis` of cache-runtime");
        Err(Error::Config(what))
    }

    /// The store of `scheme+sentinel://rest`.
    #[cfg(feature = "redis")]
    pub(super) fn sentinel(&self, scheme: &str, rest: &str) -> Result<(Store, String), Error> {
        use crate::store::{
            redis::{Address, RedisStore, Sentinels},
            sealed::Sealed,
        };

        encryptable(scheme)?;
        let Parts { login, hosts, master, database, asker } = Parts::of(rest)?;
        let parse = |rest: &str| {
            self.secured(Address::parse(&format!("{scheme}://{rest}")).map_err(in_url)?)
        };
        let sentinels = hosts.split(',').map(|host| {
            let port = if has_port(host) { String::new() } else { format!(":{PORT}") };
            let sentinel = parse(&format!("{host}{port}"))?;
            Ok(match &asker.password {
                Some(password) => sentinel.logged_in(asker.user.as_deref(), password),
                None => sentinel,
            })
        });
        let sentinels = Sentinels::new(master, sentinels.collect::<Result<_, Error>>()?);
        // The host is not used; it is whatever the sentinels say.
        let address = self.accredited(parse(&format!("{login}sentinel/{database}"))?)?;
        let address = address.known_to(sentinels);
        let store = Sealed::new(RedisStore::new(&address, self.connections), self.seal.clone());
        Ok((Store::Redis(store), format!("redis, {address:?}")))
    }
}

/// What a URL is made of, after its scheme.
#[cfg(feature = "redis")]
struct Parts<'a> {
    /// `user:password@`, or nothing.
    login: &'a str,
    hosts: &'a str,
    master: String,
    database: &'a str,
    /// Who asks the sentinels.
    asker: Asker,
}

#[cfg(feature = "redis")]
#[derive(Default)]
struct Asker {
    user: Option<String>,
    password: Option<String>,
}

#[cfg(feature = "redis")]
impl<'a> Parts<'a> {
    fn of(rest: &'a str) -> Result<Parts<'a>, Error> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        // Or else the beginning of a password would be taken for a host.
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
                let (master, asker) = (master.into_owned(), Asker::of(query)?);
                Ok(Parts { login, hosts, master, database, asker })
            }
            _ => Err(malformed("the master has no name")),
        }
    }
}

#[cfg(feature = "redis")]
impl Asker {
    fn of(query: &str) -> Result<Asker, Error> {
        let mut asker = Asker::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "sentinel_user" => asker.user = Some(value.into_owned()),
                "sentinel_password" => asker.password = Some(value.into_owned()),
                // The name may be a password with an `&` in it.
                _ => {
                    return Err(malformed(
                        "it has settings besides `deadline`, `sentinel_user` and `sentinel_password`",
                    ));
                }
            }
        }
        match asker {
            Asker { user: Some(_), password: None } => {
                Err(malformed("`sentinel_user` has no `sentinel_password`"))
            }
            asker => Ok(asker),
        }
    }
}

/// Whether a host is followed by a port; one in brackets has colons of its own.
#[cfg(feature = "redis")]
fn has_port(host: &str) -> bool {
    host.rsplit_once(']').map_or(host, |(_, after)| after).contains(':')
}
