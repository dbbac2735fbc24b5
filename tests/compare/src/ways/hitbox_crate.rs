//! The crate `hitbox`.

use std::time::Duration;

use hitbox::{concurrency::NoopConcurrencyManager, policy::PolicyConfig};
use hitbox_core::DisabledOffload;
use hitbox_fn::{Cache, cached};
use hitbox_redis::{ConnectionMode, RedisBackend};

use super::TTL;
use crate::{
    source::{Failure, Source},
    value::User,
};

pub(super) struct Hitbox(Cache<RedisBackend, NoopConcurrencyManager, DisabledOffload>);

impl Hitbox {
    pub(super) fn new(url: &str) -> Hitbox {
        let backend = RedisBackend::builder().connection(ConnectionMode::single(url)).build();
        let policy = PolicyConfig::builder().ttl(Duration::from_secs(TTL)).build();
        Hitbox(Cache::builder().backend(backend.expect("a good URL")).policy(policy).build())
    }

    pub(super) async fn find(&self, id: u64, source: Source) -> Result<User, Failure> {
        load(id, source).cache(&self.0).await
    }
}

#[cached(skip(source))]
async fn load(id: u64, source: Source) -> Result<User, Failure> {
    source.load(id).await
}
