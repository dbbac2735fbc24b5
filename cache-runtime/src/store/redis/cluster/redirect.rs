//! Redirections: answers of a node that does not serve the key. They also say that it executed nothing.

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Where to send a command instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Redirection<'a> {
    /// The slot is this node's: for now, and for all that comes after.
    Moved(NodeAddress<'a>),
    /// The slot is on its way to this node, and the key is there already: for this one command.
    Ask(NodeAddress<'a>),
    /// Of several keys in a slot on its way, some are here and some there.
    TryAgain,
}

/// How a node says where another one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeAddress<'a> {
    /// None where the node does not know it: then it is the host under which that node was asked.
    pub(super) host: Option<&'a str>,
    pub(super) port: u16,
}

impl<'a> NodeAddress<'a> {
    /// `?` stands for a name that a node was not given.
    pub(super) fn new(host: &'a str, port: u16) -> NodeAddress<'a> {
        NodeAddress { host: (!matches!(host, "" | "?")).then_some(host), port }
    }

    /// Reads `host:port`, where an IPv6 address has no brackets.
    fn parse(text: &'a str) -> Option<NodeAddress<'a>> {
        let (host, port) = text.rsplit_once(':')?;
        Some(NodeAddress::new(host, port.parse().ok()?))
    }
}

/// Where to send a command instead, if that is what an error says.
pub(super) fn redirection(error: &RedisError) -> Option<Redirection<'_>> {
    let place = || NodeAddress::parse(error.redirect_node()?.0);
    match error.kind() {
        ErrorKind::Server(ServerErrorKind::Moved) => place().map(Redirection::Moved),
        ErrorKind::Server(ServerErrorKind::Ask) => place().map(Redirection::Ask),
        ErrorKind::Server(ServerErrorKind::TryAgain) => Some(Redirection::TryAgain),
        _ => None,
    }
}

/// Whether an error says that the asked node is gone, or that the cluster is not whole: somebody may have taken its
/// place.
pub(super) fn is_out_of_date(error: &RedisError) -> bool {
    let server = matches!(
        error.kind(),
        ErrorKind::Server(
            ServerErrorKind::ClusterDown | ServerErrorKind::MasterDown | ServerErrorKind::ReadOnly
        )
    );
    server || error.is_io_error() || error.is_unrecoverable_error()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ServerErrorKind, detail: &str) -> RedisError {
        (ErrorKind::Server(kind), "said", detail.to_owned()).into()
    }

    #[test]
    fn answers_say_whom_to_ask() {
        let place = |host, port| NodeAddress { host, port };
        for (said, host) in [
            ("3999 10.0.0.7:6381", Some("10.0.0.7")),
            ("3999 cache-2.shop:6381", Some("cache-2.shop")),
            ("3999 ::1:6381", Some("::1")),
            ("3999 :6381", None),
            ("3999 ?:6381", None),
        ] {
            let moved = error(ServerErrorKind::Moved, said);
            assert_eq!(redirection(&moved), Some(Redirection::Moved(place(host, 6381))), "{said}");
            let ask = error(ServerErrorKind::Ask, said);
            assert_eq!(redirection(&ask), Some(Redirection::Ask(place(host, 6381))), "{said}");
        }
        let try_again = error(ServerErrorKind::TryAgain, "Multiple keys");
        assert_eq!(redirection(&try_again), Some(Redirection::TryAgain));
        for strange in ["", "3999", "3999 10.0.0.7:no port", "slot 10.0.0.7:6381"] {
            assert_eq!(redirection(&error(ServerErrorKind::Moved, strange)), None, "{strange}");
        }
        assert_eq!(redirection(&error(ServerErrorKind::ResponseError, "3999 a:1")), None);
    }
}
