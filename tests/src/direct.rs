//! A connection to a server past every cache, to see what is stored, and to change it.

use std::fmt;

use cache_test_support::server::RedisServer;
use redis::{Client, Cmd, FromRedisValue, aio::MultiplexedConnection, cmd};

/// The connection.
#[derive(Clone)]
pub struct Direct(MultiplexedConnection);

impl Direct {
    /// Connects to a server.
    ///
    /// # Panics
    ///
    /// Where it is not there.
    pub async fn to(server: &RedisServer) -> Direct {
        let client = Client::open(server.url()).expect("the URL is well-formed");
        Direct(client.get_multiplexed_async_connection().await.expect("the server is there"))
    }

    /// What the server answers to a command.
    ///
    /// # Panics
    ///
    /// Where that is an error, or no `T`.
    pub async fn send<T: FromRedisValue>(&self, command: &Cmd) -> T {
        command.query_async(&mut self.0.clone()).await.expect("the server obeys")
    }

    /// The bytes under a key.
    ///
    /// # Panics
    ///
    /// Where there are none.
    pub async fn get(&self, key: &str) -> Vec<u8> {
        self.send(cmd("GET").arg(key)).await
    }

    /// Puts bytes under a key.
    ///
    /// # Panics
    ///
    /// Where the server does not take them.
    pub async fn set(&self, key: &str, bytes: &[u8]) {
        self.send(cmd("SET").arg(key).arg(bytes)).await
    }
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Direct")
    }
}
