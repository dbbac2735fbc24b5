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
