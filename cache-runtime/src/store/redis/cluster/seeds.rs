//! The nodes of a cluster that its URL names: those that are asked who the others are.

use std::fmt;

use super::super::address::Address;
use crate::error::Error;

/// Some nodes of a cluster. Their credentials and settings are those of all nodes.
#[derive(Clone)]
pub(crate) struct Seeds(Box<[Address]>);

impl Seeds {
    /// Reads `redis+cluster://user:password@host:6379,host2:6379`. No error repeats it: it may hold a password.
    pub(crate) fn parse(url: &str) -> Result<Seeds, Error> {
        let wrong = |what: &str| Err(Error::Config(what.to_owned()));
        let Some((scheme, rest)) = url.split_once("+cluster://") else {
            return wrong("it does not begin with `redis+cluster://`");
        };
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (path, query) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
        if !matches!(path, "" | "/" | "/0") {
            return wrong("a cluster has no database but 0: leave the one behind the hosts out");
        }
        let (credentials, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        let mut seeds = Vec::<Address>::new();
        for host in hosts.split(',').map(str::trim) {
            if host.is_empty() || host.starts_with(':') {
                return wrong(
                    "a host is missing: name one node of the cluster or several, \
                     `redis+cluster://host:6379,host2:6379`",
                );
            }
            let seed = Address::parse(&format!("{scheme}://{credentials}{host}/{query}"))?;
            if seeds.iter().any(|known| known.place() == seed.place()) {
                return Err(Error::Config(format!("`{seed:?}` is named twice")));
            }
            seeds.push(seed);
        }
        Ok(Seeds(seeds.into()))
    }

    /// The same nodes, each with the settings of TLS and the credentials that `secured` adds.
    pub(crate) fn secured(
        self,
        secured: impl Fn(Address) -> Result<Address, Error>,
    ) -> Result<Seeds, Error> {
        self.0.into_iter().map(secured).collect::<Result<_, _>>().map(Seeds)
    }

    /// Where they are.
    pub(super) fn places(&self) -> impl Iterator<Item = (&str, u16)> {
        self.0.iter().map(Address::place)
    }

    /// The address of any node of the cluster.
    pub(super) fn at(&self, host: &str, port: u16) -> Address {
        self.0[0].at(host, port)
    }
}

impl fmt::Debug for Seeds {
    /// Hosts and ports alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (which, seed) in self.0.iter().enumerate() {
            let comma = if which == 0 { "" } else { ", " };
            write!(f, "{comma}{seed:?}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Seeds;

    fn shown(url: &str) -> String {
        match Seeds::parse(url) {
            Ok(seeds) => format!("{seeds:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn each_host_is_a_node() {
        assert_eq!(shown("redis+cluster://a:7001,b,[::1]:7003"), "a:7001, b:6379, [::1]:7003");
        assert_eq!(shown("redis+cluster://user:p%40ss@a:7001,b:7002/0"), "a:7001, b:7002");
    }

    #[test]
    fn what_is_wrong_is_said_without_a_password() {
        for (url, said) in [
            ("redis+cluster://:secret@a,b/1", "no database but 0"),
            ("redis+cluster://:secret@a:1,a:1", "`a:1` is named twice"),
            ("redis+cluster://:secret@a,a:6379", "`a:6379` is named twice"),
            ("redis+cluster://:secret@", "a host is missing"),
            ("redis+cluster://:secret@a,,b", "a host is missing"),
            ("redis+cluster://:secret@:6379", "a host is missing"),
            ("redis+cluster://:secret@a:port", ""),
            ("redis+cluster://a?protocol=secret", "no setting: `deadline=250ms`"),
        ] {
            let shown = shown(url);
            assert!(shown.contains(said) && !shown.contains("secret"), "{url}: {shown}");
        }
    }
}
