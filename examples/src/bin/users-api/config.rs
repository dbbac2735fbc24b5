//! What the service is told by its environment, or by arguments: `users-api --help` lists it.

use std::{net::SocketAddr, time::Duration};

use clap::Parser;

/// Users by tenant, over HTTP, out of a cache that is never stale after a write.
// Without `Debug`: the URLs may hold passwords.
#[derive(Parser)]
#[command(name = "users-api")]
pub(crate) struct Config {
    /// Where to listen.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:3000")]
    pub(crate) listen: SocketAddr,

    /// The database: `sqlite://users.db?mode=rwc`, or `postgres://user:password@host/database`.
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite://users.db?mode=rwc",
        hide_env_values = true
    )]
    pub(crate) database_url: String,

    /// The cache's store: `redis://user:password@host:6379/0`, or `memory://` for one inside of this process.
    #[arg(long, env = "CACHE_URL", default_value = "memory://", hide_env_values = true)]
    pub(crate) cache_url: String,

    /// How many seconds requests and queued writes have when the service is told to stop.
    #[arg(long, env = "GRACE_SECONDS", default_value = "20", value_parser = seconds)]
    pub(crate) grace: Duration,
}

fn seconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_secs)
}
