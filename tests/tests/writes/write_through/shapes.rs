//! The forms that a function that writes through can have.

use std::{fmt::Debug, future::Future, sync::Arc};

use cache_runtime::{Cache, KeyPart, invalidates, write_through};
use serde::{Serialize, de::DeserializeOwned};

use super::{User, held, user};

/// A cache of its own for the test, and a future that may go to another thread.
async fn sent<F: Future<Output: Send> + Send + 'static>(future: F) -> F::Output {
    tokio::spawn(future).await.expect("it does not panic")
}

struct Repo {
    cache: Cache,
    suffix: String,
}

impl Repo {
    #[write_through(key = "user:<id>", ttl = 60, cache = self.cache)]
    async fn by_reference(&self, id: u64, name: &str) -> Result<User, String> {
        if name.is_empty() {
            return Err("no name".into());
        }
        let parsed: u64 = id.to_string().parse().map_err(|_| "no id")?;
        Ok(user(parsed, &format!("{name}{}", self.suffix)))
    }

    #[write_through(key = "user:<id>", ttl = 60, value = |name| user(id, name), cache = self.cache)]
    async fn by_arc(self: Arc<Self>, id: u64, name: String) -> String {
        drop(self);
        name
    }

    #[write_through(key = "user:<id>", ttl = 60, value = user(id, &self.suffix), cache = self.cache)]
    async fn by_mutable_reference(&mut self, id: u64, suffix: &str) {
        self.suffix.push_str(suffix);
    }

    /// `self` is gone when the key is known.
    #[invalidates("user:<return>:<self.suffix>", cache = &self.cache)]
    async fn by_value(self, id: u64) -> u64 {
        drop(self);
        id
    }
}

fn repo(cache: &Cache) -> Repo {
    Repo { cache: cache.clone(), suffix: "!".into() }
}

#[tokio::test]
async fn methods_with_every_receiver() {
    let cache = Cache::in_memory();
    let shared = Arc::new(repo(&cache));
    let saved = sent({
        let shared = Arc::clone(&shared);
        async move { shared.by_reference(1, "a").await }
    });
    assert_eq!(saved.await, Ok(user(1, "a!")));
    assert_eq!(held(&cache, 1).await, Some(user(1, "a!")));
    shared.by_reference(1, "").await.expect_err("it has no name");
    assert_eq!(held(&cache, 1).await, None);
    sent(Arc::clone(&shared).by_arc(1, "b".into())).await;
    assert_eq!(held(&cache, 1).await, Some(user(1, "b")));
    let mut own = repo(&cache);
    own.by_mutable_reference(1, "?").await;
    assert_eq!(held(&cache, 1).await, Some(user(1, "!")), "it was made before the body ran");
    assert_eq!(own.suffix, "!?");
    cache.try_put("user:1:%21%3F", &1, 60).await.expect("it can be stored");
    sent(own.by_value(1)).await;
    assert_eq!(cache.get::<u8>("user:1:%21%3F").await, Ok(None));
}

trait Store {
    fn cache(&self) -> &Cache;

    async fn native(&self, id: u64) -> User;

    #[write_through(key = "user:<id>", ttl = 60, cache = self.cache())]
    async fn by_default(&self, id: u64) -> User {
        user(id, "default")
    }
}

impl Store for Repo {
    fn cache(&self) -> &Cache {
        &self.cache
    }

    #[write_through(key = "user:<id>", ttl = 60, cache = self.cache)]
    async fn native(&self, id: u64) -> User {
        user(id, "native")
    }
}

#[async_trait::async_trait]
trait Boxed {
    async fn boxed(&self, id: u64, name: &str) -> Option<User>;
    async fn inserted(&self, name: String) -> User;
}

#[async_trait::async_trait]
impl Boxed for Repo {
    #[write_through(key = "user:<id>", ttl = 60, cache = self.cache)]
    async fn boxed(&self, id: u64, name: &str) -> Option<User> {
        (!name.is_empty()).then(|| user(id, name))
    }

    #[write_through(key = "user:<return.id>", ttl = 60, invalidates("name:<name>"), cache = self.cache)]
    async fn inserted(&self, name: String) -> User {
        user(1, &name)
    }
}

#[tokio::test]
async fn methods_of_traits() {
    let cache = Cache::in_memory();
    let repo = Arc::new(repo(&cache));
    repo.native(1).await;
    assert_eq!(held(&cache, 1).await, Some(user(1, "native")));
    repo.by_default(1).await;
    assert_eq!(held(&cache, 1).await, Some(user(1, "default")));
    sent({
        let repo = Arc::clone(&repo);
        async move { repo.boxed(1, "boxed").await }
    })
    .await;
    assert_eq!(held(&cache, 1).await, Some(user(1, "boxed")));
    repo.boxed(1, "").await;
    assert_eq!(held(&cache, 1).await, None);
    repo.boxed(1, "boxed").await;
    repo.inserted("a".into()).await;
    assert_eq!(held(&cache, 1).await, None);
}

struct Id<T>(T);

#[write_through(key = "generic:<id.0>", ttl = 60, cache = cache)]
async fn generic<I, T>(cache: &Cache, Id(id): Id<(I,)>, value: T) -> Result<T, ()>
where
    I: KeyPart + Debug,
    T: Clone + Serialize + DeserializeOwned,
{
    let _ = id;
    Ok(value)
}

#[tokio::test]
async fn generic_functions_and_patterns() {
    let cache = Cache::in_memory();
    generic(&cache, Id((7,)), "text".to_owned()).await.expect("it works");
    assert_eq!(cache.get("generic:7").await, Ok(Some("text".to_owned())));
    generic(&cache, Id(("a",)), vec![1, 2]).await.expect("it works");
    assert_eq!(cache.get("generic:a").await, Ok(Some(vec![1, 2])));
}

/// In a function that anything may be returned from, nothing is known of the value but its bounds: an `Option` is
/// found out when it is there.
#[tokio::test]
async fn a_type_parameter_that_is_an_option_is_no_value() {
    let cache = Cache::in_memory();
    generic(&cache, Id((7,)), Some(1)).await.expect("it works");
    assert_eq!(cache.get("generic:7").await, Ok(Some(1)));
    generic(&cache, Id((7,)), None::<u8>).await.expect("it works");
    assert_eq!(cache.get::<Option<u8>>("generic:7").await, Ok(None));
}
