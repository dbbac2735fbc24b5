//! Snapshots of `#[write_behind]`, and its messages.

use expect_test::expect_file;
use quote::quote;

use crate::snapshot::{check, messages};

macro_rules! snapshots {
    ($($name:ident in $inside:expr, $args:tt: { $($item:tt)* })*) => {$(
        #[test]
        fn $name() {
            let item = quote! { $($item)* };
            let args = quote! $args;
            let written = quote!(#[write_behind(#args)] #item);
            let file = concat!("../snapshots/write_behind/", stringify!($name), ".rs");
            check(&expect_file![file], $inside, written, super::write_behind(args, item));
        }
    )*};
}

snapshots! {
    method in Some("impl Users"), (
        queue = "users",
        key = "user:<user.id>",
        ttl = 3600,
        enqueue = save(user),
    ): {
        async fn save_all(&self, users: Vec<User>) -> sqlx::Result<()> {
            self.db.upsert(users).await
        }
    }
    settings in Some("impl Users"), (
        queue = "users",
        key = UserKey { tenant: self.tenant, id: user.id },
        ttl = self.ttl,
        enqueue = save(user),
        batch = 500,
        linger = "20ms",
        capacity = CAPACITY,
        wait = self.patience,
        attempts = 3,
        patience = "1h",
        lease = 10,
        cache = self.cache,
        version = 2,
        name = "users.save",
    ): {
        /// Writes users.
        #[cfg(feature = "users")]
        pub async fn save_all(&self, users: Vec<User>) -> sqlx::Result<()> {
            self.db.upsert(users).await
        }
    }
    policy in Some("impl Users"), (
        queue = "users",
        key = "user:<user.id>",
        enqueue = save(user),
        policy = USERS,
        codec = postcard,
        jitter = 0.1,
    ): {
        async fn save_all(&self, users: Vec<User>) -> sqlx::Result<()> {
            self.db.upsert(users).await
        }
    }
    queued in Some("impl Users"), (
        queue = "users",
        key = "user:<user.id>",
        ttl = "1h30m",
        enqueue = save(user),
    ): {
        async fn save_all(&self, users: Vec<Queued<User>>) -> sqlx::Result<()> {
            self.db.upsert(users).await
        }
    }
    by_arc in Some("impl Users"), (
        queue = "users",
        key = "user:<user.id>",
        ttl = 3600,
        enqueue = save(user),
    ): {
        async fn save_all(self: Arc<Self>, users: Vec<User>) -> sqlx::Result<()> {
            self.db.upsert(users).await
        }
    }
    tagged in Some("impl Users"), (
        queue = "users",
        key = "user:<user.id>",
        ttl = 3600,
        enqueue = save(user),
        tags = ["users", "tenant:<user.tenant>", Group(user.group)],
        max_bytes = 1024,
    ): {
        async fn save_all(&self, users: Vec<User>) -> sqlx::Result<()> {
            self.db.upsert(users).await
        }
    }
    by_reference_to_arc in Some("impl Users"), (
        queue = "users",
        key = "user:<user.id>",
        ttl = 3600,
        enqueue = save(user),
    ): {
        async fn save_all(self: &Arc<Self>, users: Vec<User>) -> sqlx::Result<()> {
            self.db.upsert(users).await
        }
    }
    free in None, (
        queue = "users",
        key = "user:<user.id>",
        ttl = 3600,
        enqueue = save_user(user),
        crate = my::cache,
    ): {
        async fn save_users(users: Vec<User>) -> sqlx::Result<()> {
            db::upsert(users).await
        }
    }
}

macro_rules! errors {
    ($args:tt $($head:tt)*) => {
        messages(super::write_behind(quote! $args, quote! { $($head)* { body() } }))
    };
}

#[test]
fn one_mistake_gives_one_message() {
    let found = [
        errors!((key = "u:<u.id>", ttl = 1, enqueue = save(u)) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", ttl = 1, enqueue = save(u)) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:<u.id>", enqueue = save(u)) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = save) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "", key = "u:<u.id>", ttl = 1, enqueue = save(u)) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:<us.id>", ttl = 1, enqueue = save(u)) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:1", ttl = 1, enqueue = save(u)) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:{u.id}", ttl = 1, enqueue = save(u)) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = K(1), ttl = 1, enqueue = save(u)) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = f(u)) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = save(u), batch = 0) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = save(u), linger = 0) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = save(u), tags = "t") async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = save(u), tags("t")) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = save(u), tags = ["t:<us.id>"]) async fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = save(u)) fn f(&self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = save(u)) async fn f(&self) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = save(u)) async fn f(&self, us: &[U]) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = save(u)) async fn f(&self, us: Vec<U>, db: Db) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = save(u)) async fn f(&self, tx: &mut Transaction<'_, Db>, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = save(u)) async fn f(&self, us: Vec<U>)),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = save(u)) async fn f(&mut self, us: Vec<U>) -> R),
        errors!((queue = "q", key = "u:<u.id>", ttl = 1, enqueue = save(u)) async fn f<T>(&self, us: Vec<T>) -> R),
    ];
    for (at, found) in found.iter().enumerate() {
        assert_eq!(found.len(), 1, "case {at}: {found:#?}");
    }
}
