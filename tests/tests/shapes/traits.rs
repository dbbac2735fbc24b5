//! Traits: native async methods, default methods, `#[async_trait]`.

use super::*;

trait Native {
    fn loads(&self) -> &Loads;

    async fn find(&self, id: u64) -> User;

    #[cached(key = "native-default:<id>", ttl = 60)]
    async fn by_default(&self, id: u64) -> Option<User> {
        self.loads().add_one();
        Some(self.find(id).await)
    }
}

#[async_trait::async_trait]
trait Boxed: Send + Sync {
    fn loads(&self) -> &Loads;

    async fn find(&self, id: u64, name: &str, pair: (u8, Vec<u8>)) -> Result<User, Failed>;

    async fn update(&mut self, user: &User) -> Result<(), Failed>;

    #[cached(key = "boxed-default:<id>", ttl = 60)]
    async fn by_default(&self, id: u64) -> Option<User> {
        self.loads().add_one();
        if id == 0 {
            return None;
        }
        self.find(id, "default", (1, Vec::new())).await.ok()
    }
}

#[derive(Default)]
struct Repo {
    loads: Loads,
    /// How often `find` itself ran.
    finds: Loads,
    tenant: String,
}

impl Native for Repo {
    fn loads(&self) -> &Loads {
        &self.loads
    }

    #[cached(key = "native:<self.tenant>:<id>", ttl = 60)]
    async fn find(&self, id: u64) -> User {
        self.finds.add_one();
        user(id)
    }
}

#[async_trait::async_trait]
impl Boxed for Repo {
    fn loads(&self) -> &Loads {
        &self.loads
    }

    #[cached(key = "boxed:<self.tenant>:<id>:<name>:<first>", ttl = 60, skip(rest))]
    async fn find(
        &self,
        id: u64,
        name: &str,
        (first, mut rest): (u8, Vec<u8>),
    ) -> Result<User, Failed> {
        self.finds.add_one();
        rest.push(first);
        if name.is_empty() {
            return Err(Failed);
        }
        let name = format!("{name} {rest:?}");
        Ok(User { id, name })
    }

    #[invalidates("boxed:<self.tenant>:<user.id>:a:1")]
    async fn update(&mut self, user: &User) -> Result<(), Failed> {
        if user.id == 0 {
            return Err(Failed);
        }
        Ok(())
    }
}

#[tokio::test]
async fn native_traits() {
    let repo = Repo::default();
    assert_eq!(loads_once!(repo.finds, Native::find(&repo, 1)), user(1));
    assert_eq!(loads_once!(repo.loads, Native::by_default(&repo, 1)), Some(user(1)));
}

#[tokio::test]
async fn async_trait() {
    let mut repo: Box<Repo> = Box::default();
    let object: &dyn Boxed = &*repo;
    let found = loads_once!(repo.finds, object.find(1, "a", (1, vec![0])));
    assert_eq!(found.unwrap().name, "a [0, 1]");
    assert_eq!(object.find(1, "", (1, vec![])).await, Err(Failed));
    let found = loads_once!(repo.loads, object.by_default(1));
    assert_eq!(found.unwrap().name, "default [1]");
    assert_eq!(object.by_default(0).await, None);

    Cache::in_memory()
        .scope(async {
            Boxed::find(&*repo, 1, "a", (1, vec![])).await.unwrap();
            repo.finds.take();
            repo.update(&user(1)).await.unwrap();
            assert_eq!(repo.update(&user(0)).await, Err(Failed));
            Boxed::find(&*repo, 1, "a", (1, vec![])).await.unwrap();
            assert_eq!(repo.finds.take(), 1, "the update left the old value");
        })
        .await;
}

mod elsewhere {
    use super::{Plain, Repo};
    use cache_runtime::{Cache, cached};

    impl Plain for Vec<Repo> {
        #[cached(key = "plain-vec:<id>", ttl = 60, cache = cache)]
        async fn plain(&self, cache: &Cache, id: u64) -> u64 {
            id
        }
    }

    impl Repo {
        #[cached(key = "elsewhere:<id>", ttl = 60, cache = cache)]
        pub(super) async fn elsewhere(&self, cache: &Cache, id: u64) -> u64 {
            id
        }
    }
}

trait Plain {
    async fn plain(&self, cache: &Cache, id: u64) -> u64;
}

struct Of<T>(T);

impl<T: Sync> Plain for Of<T> {
    #[cached(key = "plain:<id>", ttl = 60, cache = cache)]
    async fn plain(&self, cache: &Cache, id: u64) -> u64 {
        id
    }
}

#[async_trait::async_trait]
trait Writes: Send + Sync {
    async fn written(&self, cache: &Cache, id: u64) -> u64;
}

#[async_trait::async_trait]
impl<T: Send + Sync> Writes for Of<T> {
    #[invalidates("plain:<id>", cache = cache)]
    async fn written(&self, cache: &Cache, id: u64) -> u64 {
        id
    }
}

/// In statistics, and so in metrics and on the dashboard, and in logs.
#[tokio::test]
async fn a_function_of_a_trait_is_called_after_its_type() {
    let (cache, log) = (Cache::in_memory(), cache_tests::log::Log::listen());
    Of(1).plain(&cache, 1).await;
    Of("x").plain(&cache, 1).await;
    vec![Repo::default()].plain(&cache, 1).await;
    Repo::default().elsewhere(&cache, 1).await;
    let object: &dyn Writes = &Of(1);
    object.written(&cache, 1).await;
    cache
        .scope(async {
            let mut repo = Repo::default();
            Native::find(&repo, 1).await;
            Native::by_default(&repo, 1).await;
            Boxed::find(&repo, 1, "a", (1, vec![])).await.unwrap();
            Boxed::by_default(&repo, 1).await;
            repo.update(&user(1)).await.unwrap();
        })
        .await;
    let names: Vec<String> = cache.stats().functions.into_iter().map(|f| f.name).collect();
    let expected = [
        "alloc::vec::Vec::plain",
        "shapes::traits::Boxed::by_default",
        "shapes::traits::Native::by_default",
        "shapes::traits::Of::plain",
        "shapes::traits::Of::written",
        "shapes::traits::Repo::elsewhere",
        "shapes::traits::Repo::find",
        "shapes::traits::Repo::update",
    ];
    assert_eq!(names, expected);
    assert!(log.says("TRACE", &["function=\"shapes::traits::Of::plain\"", "outcome"]));
}
