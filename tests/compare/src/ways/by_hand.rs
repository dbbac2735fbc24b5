//! What one writes with the `redis` crate alone.

use redis::{
    AsyncCommands, AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion,
    aio::MultiplexedConnection, caching::CacheConfig,
};

use super::TTL;
use crate::{
    source::{Failure, Source},
    value::User,
};

pub(super) struct ByHand {
    connection: MultiplexedConnection,
    prefix: &'static str,
}

impl ByHand {
    pub(super) async fn new(url: &str) -> ByHand {
        let client = Client::open(url).expect("a good URL");
        let connection = client.get_multiplexed_async_connection().await;
        ByHand { connection: connection.expect("the server is up"), prefix: "by-hand" }
    }

    pub(super) async fn with_client_side_caching(url: &str) -> ByHand {
        let info = url.into_connection_info().expect("a good URL");
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(info.set_redis_settings(settings)).expect("a good URL");
        let config = AsyncConnectionConfig::new().set_cache_config(CacheConfig::new());
        let connection = client.get_multiplexed_async_connection_with_config(&config).await;
        ByHand { connection: connection.expect("the server is up"), prefix: "client-side" }
    }

    pub(super) async fn find(&self, id: u64, source: Source) -> Result<User, Failure> {
        let mut connection = self.connection.clone();
        let key = format!("{}:{id}", self.prefix);
        let json: Option<Vec<u8>> = connection.get(&key).await?;
        if let Some(json) = json {
            return Ok(serde_json::from_slice(&json)?);
        }
        let user = source.load(id).await?;
        let () = connection.set_ex(&key, serde_json::to_vec(&user)?, TTL).await?;
        Ok(user)
    }

    pub(super) async fn delete(&self, id: u64) {
        let key = format!("{}:{id}", self.prefix);
        let () = self.connection.clone().del(key).await.expect("the server is up");
    }
}
