//! Every receiver that a method can have.

use super::*;

struct Users<D> {
    cache: Cache,
    loads: Loads,
    tenant: String,
    db: D,
}

impl<D: Fn(u64) -> User + Send + Sync> Users<D> {
    #[cached(key = "ref:<self.tenant>:<id>", ttl = 60, cache = self.cache)]
    async fn by_reference(&self, id: u64) -> User {
        self.loads.add_one();
        (self.db)(id)
    }

    #[cached(key = "mut:<self.tenant>:<id>", ttl = 60)]
    async fn by_mutable_reference(&mut self, id: u64) -> User {
        self.loads.add_one();
        self.tenant.truncate(3);
        (self.db)(id)
    }

    #[cached(key = "arc:<self.tenant>:<id>", ttl = 60, cache = &self.cache)]
    async fn by_arc(self: Arc<Self>, id: u64) -> User {
        self.loads.add_one();
        tokio::spawn(async move { id }).await.unwrap();
        (self.db)(id)
    }

    #[cached(key = "value:<id>", ttl = 60, skip(loads))]
    async fn by_value(self, loads: &Loads, id: u64) -> User {
        loads.add_one();
        drop(self.tenant);
        (self.db)(id)
    }

    #[cached(key = "associated:<id>", ttl = 60, skip(loads))]
    async fn associated(loads: &Loads, id: u64) -> String {
        loads.add_one();
        format!("{} {id}", !std::any::type_name::<D>().is_empty())
    }

    #[invalidates("ref:<self.tenant>:<user.id>", cache = self.cache)]
    async fn update(&self, user: User) -> Result<(), Failed> {
        self.loads.add_one();
        if user.name.is_empty() {
            return Err(Failed);
        }
        drop(user);
        Ok(())
    }

    #[invalidates("ref:<self.tenant>:<id>", "mut:<self.tenant>:<id>")]
    async fn forget(&mut self, id: u64) {
        self.tenant = format!("forgot {id}");
    }
}

fn users() -> Users<fn(u64) -> User> {
    Users { cache: Cache::in_memory(), loads: Loads::default(), tenant: "acme".into(), db: user }
}

#[tokio::test]
async fn every_receiver() {
    let mut users = users();
    assert_eq!(loads_once!(users.loads, users.by_reference(1)), user(1));

    let shared = Arc::new(self::users());
    assert_eq!(loads_once!(shared.loads, Arc::clone(&shared).by_arc(1)), user(1));

    let loads = Loads::default();
    assert_eq!(loads_once!(loads, self::users().by_value(&loads, 1)), user(1));
    assert_eq!(loads_once!(loads, Users::<fn(u64) -> User>::associated(&loads, 1)), "true 1");

    users.tenant = "abc".into();
    assert_eq!(loads_once!(users.loads, users.by_mutable_reference(1)), user(1));
}

#[tokio::test]
async fn a_write_makes_the_next_read_a_load() {
    let users = users();
    for written in [user(1), User { id: 1, name: String::new() }] {
        users.by_reference(1).await;
        users.loads.take();
        let failed = written.name.is_empty();
        assert_eq!(users.update(written).await.is_err(), failed);
        users.by_reference(1).await;
        assert_eq!(users.loads.take(), 2, "one update and one load");
    }
}

#[tokio::test]
async fn a_writer_without_a_result() {
    let mut users = users();
    Cache::in_memory().scope(users.forget(5)).await;
    assert_eq!(users.tenant, "forgot 5");
}
