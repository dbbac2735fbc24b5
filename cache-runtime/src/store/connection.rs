//! The state of a connection, as far as is known without asking.

/// The state of a connection. That to the embedded store is always well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "the embedded store is always well"))]
pub(crate) enum ConnectionState {
    /// It is connected, and nothing says that its server does not answer.
    Connected,
    /// It is connected, but an operation has had no answer in time.
    Unresponsive,
    /// It is not connected, and an attempt costs next to nothing: the server refuses at once.
    Refused,
    /// It is not connected, and an attempt takes long.
    Unreachable,
}

impl ConnectionState {
    pub(crate) fn is_connected(self) -> bool {
        matches!(self, ConnectionState::Connected | ConnectionState::Unresponsive)
    }
}
