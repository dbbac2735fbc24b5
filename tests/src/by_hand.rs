//! The caching that is usually written by hand: look, on a miss load and store; write, then delete.
//!
//! It is what the fault tests are tried on: a scenario in which it is never stale proves nothing.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use redis::{AsyncCommands, RedisResult, aio::MultiplexedConnection};

const TTL: u64 = 60;

/// Where the values are.
#[derive(Clone)]
pub enum Shelf {
    /// In a Redis.
    Redis(MultiplexedConnection),
    /// In this process.
    Memory(Arc<Mutex<HashMap<String, u64>>>),
}

impl Shelf {
    /// A shelf in the Redis at `url`.
    pub async fn redis(url: &str) -> RedisResult<Shelf> {
        let client = redis::Client::open(url)?;
        Ok(Shelf::Redis(client.get_multiplexed_async_connection().await?))
    }

    /// A shelf in this process.
    pub fn memory() -> Shelf {
        Shelf::Memory(Arc::default())
    }

    /// The value under `key`, or what `load` returns.
    pub async fn get_or_load<E>(
        &self,
        key: &str,
        load: impl Future<Output = Result<u64, E>>,
    ) -> Result<u64, E> {
        if let Some(value) = self.get(key).await {
            return Ok(value);
        }
        let value = load.await?;
        self.set(key, value).await;
        Ok(value)
    }

    /// Writes to the database and deletes `key`.
    pub async fn write<E>(
        &self,
        key: &str,
        commit: impl Future<Output = Result<u64, E>>,
    ) -> Result<u64, E> {
        let version = commit.await?;
        self.delete(key).await;
        Ok(version)
    }

    /// Writes to the database and puts what was written under `key`.
    pub async fn write_through<E>(
        &self,
        key: &str,
        commit: impl Future<Output = Result<u64, E>>,
    ) -> Result<u64, E> {
        let version = commit.await?;
        self.set(key, version).await;
        Ok(version)
    }

    async fn get(&self, key: &str) -> Option<u64> {
        match self {
            Shelf::Redis(redis) => redis.clone().get(key).await.expect("Redis answers a GET"),
            Shelf::Memory(values) => {
                values.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
            }
        }
    }

    async fn set(&self, key: &str, value: u64) {
        match self {
            Shelf::Redis(redis) => {
                redis.clone().set_ex(key, value, TTL).await.expect("Redis answers a SET")
            }
            Shelf::Memory(values) => {
                values.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), value);
            }
        }
    }

    async fn delete(&self, key: &str) {
        match self {
            Shelf::Redis(redis) => redis.clone().del(key).await.expect("Redis answers a DEL"),
            Shelf::Memory(values) => {
                values.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
            }
        }
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Shelf::Redis(_) => "Shelf::Redis",
            Shelf::Memory(_) => "Shelf::Memory",
        })
    }
}
