//! This library.

use std::sync::Arc;

use cache_runtime::{Cache, cached, invalidates};

use crate::{
    source::{Failure, Source},
    value::User,
};

pub(super) struct Ours {
    pub(super) redis: Users,
    pub(super) namespace: Users,
    pub(super) embedded: Users,
}

impl Ours {
    pub(super) async fn new(url: &str) -> Ours {
        let connect = async |builder: cache_runtime::Builder| Users {
            cache: builder.url(url).build().await.expect("a good URL"),
        };
        Ours {
            redis: connect(Cache::builder()).await,
            namespace: connect(Cache::builder().namespace("compare")).await,
            embedded: Users { cache: Cache::in_memory() },
        }
    }
}

pub(super) struct Users {
    cache: Cache,
}

impl Users {
    #[cached(key = "ours:<id>", ttl = 3600, skip(source), cache = self.cache)]
    pub(super) async fn find(&self, id: u64, source: Source) -> Result<User, Failure> {
        source.load(id).await
    }

    #[cached(key = "ours:<id>", ttl = 3600, lock, skip(source), cache = self.cache)]
    pub(super) async fn find_locked(&self, id: u64, source: Source) -> Result<User, Failure> {
        source.load(id).await
    }

    #[cached(key = "local:<id>", ttl = 3600, local, skip(source), cache = self.cache)]
    pub(super) async fn find_local(&self, id: u64, source: Source) -> Result<Arc<User>, Failure> {
        source.load(id).await.map(Arc::new)
    }

    #[invalidates("ours:<id>", cache = self.cache)]
    pub(super) async fn update(&self, id: u64, body: impl AsyncFnOnce()) {
        body().await;
    }

    #[invalidates("local:<id>", cache = self.cache)]
    pub(super) async fn update_local(&self, id: u64, body: impl AsyncFnOnce()) {
        body().await;
    }
}
