//! Traits whose methods load in the background: native async methods, default methods, `#[async_trait]`.

use super::*;

trait Native {
    fn loads(&self) -> &Loads;

    #[cached(key = "native-default:<id>", ttl = 60, stale_while_revalidate = 30)]
    async fn by_default(&self, id: u64) -> Option<User>
    where
        Self: Clone + Send + Sync + 'static,
    {
        self.loads().add_one();
        Some(user(id))
    }

    async fn find(&self, id: u64) -> User;
}

impl Native for Repo<fn(u64) -> User> {
    fn loads(&self) -> &Loads {
        &self.loads
    }

    #[cached(key = "native:<self.tenant>:<id>", ttl = 60, stale_while_revalidate = 30)]
    async fn find(&self, id: u64) -> User {
        self.loads.add_one();
        (self.db)(id)
    }
}

#[async_trait::async_trait]
trait Boxed {
    async fn find(&self, id: u64, name: &str, pair: (u8, Vec<u8>), unused: Counted) -> User;
}

#[async_trait::async_trait]
impl Boxed for Repo<fn(u64) -> User> {
    #[cached(
        key = "boxed:<self.tenant>:<id>:<name>:<first>",
        ttl = 60,
        stale_while_revalidate = 30,
        skip(rest, _unused)
    )]
    async fn find(
        &self,
        mut id: u64,
        name: &str,
        (first, mut rest): (u8, Vec<u8>),
        _unused: Counted,
    ) -> User {
        self.loads.add_one();
        id += 1;
        rest.push(first);
        tokio::task::yield_now().await;
        User { id, name: format!("{name} {rest:?}") }
    }
}

#[tokio::test]
async fn traits() {
    let repo = repo();
    let loads = &*repo.loads;
    assert_eq!(loads_once!(loads, Native::find(&repo, 1)), user(1));
    assert_eq!(loads_once!(loads, repo.by_default(1)), Some(user(1)));

    let unused = Counted(Arc::default());
    let object: &dyn Boxed = &repo;
    let unused_clone = || Counted(Arc::clone(&unused.0));
    let call = || object.find(1, "a", (1, vec![0]), unused_clone());
    assert_eq!(loads_once!(loads, call()), User { id: 2, name: "a [0, 1]".into() });
    assert_eq!(unused.0.take(), 0, "a parameter was cloned that the body leaves alone");
}
