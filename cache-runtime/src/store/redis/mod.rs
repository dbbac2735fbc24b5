//! The Redis store: a command or script for each step, sent to the server that has the key.

mod address;
mod cluster;
mod coalesce;
mod command;
mod connect;
mod connect_stats;
mod copied;
mod endpoint;
mod failure_log;
mod incarnation;
mod lane;
mod liveness;
mod local;
mod probe;
mod queue_scripts;
mod reconnect;
mod reply;
mod script;
mod send;
mod sentinel;
mod server;
mod store;
pub(crate) mod stream;
#[cfg(feature = "tls")]
mod tls;
mod together;
mod transfer;

#[cfg(feature = "tls")]
pub(crate) use self::tls::Security;
pub(crate) use self::{
    address::Address,
    cluster::seeds::Seeds,
    endpoint::Endpoint,
    lane::Lane,
    local::LocalSettings,
    sentinel::Sentinels,
    store::{Connections, RedisStore},
};
