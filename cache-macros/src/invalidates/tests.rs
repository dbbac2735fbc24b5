//! Snapshots of `#[invalidates]`.

use expect_test::expect_file;
use quote::quote;

use crate::snapshot::{check, messages};

macro_rules! snapshots {
    ($($name:ident in $inside:expr, $args:tt: { $($item:tt)* })*) => {$(
        #[test]
        fn $name() {
            let item = quote! { $($item)* };
            let args = quote! $args;
            let written = quote!(#[invalidates(#args)] #item);
            let file = concat!("../snapshots/invalidates/", stringify!($name), ".rs");
            check(&expect_file![file], $inside, written, super::invalidates(args, item));
        }
    )*};
}

snapshots! {
    one_key in None, ("user:<user.id>"): {
        async fn update(user: &User) -> sqlx::Result<()> {
            db::update(user).await
        }
    }
    several_keys in Some("impl Repo"), (
        "user:<user.id>",
        UserByName { name: &user.name },
        cache = self.cache,
        name = "users.update",
    ): {
        async fn update(&self, user: User) -> sqlx::Result<()> {
            self.db.update(user).await
        }
    }
    tags in None, ("user:<user.id>", tags("tenant:<user.tenant>", PlanTag(user.plan))): {
        async fn update(user: User) -> sqlx::Result<()> {
            db::update(user).await
        }
    }
    tags_alone in None, (tags("tenant:<tenant>")): {
        async fn rename(tenant: &str) -> sqlx::Result<()> {
            db::rename(tenant).await
        }
    }
    returned in Some("impl Repo"), (
        "user:<self.tenant>:<return.id>",
        "users:<self.tenant>",
        tags("plan:<return.plan>", "tenant:<self.tenant>"),
    ): {
        async fn insert(&self, new: NewUser) -> sqlx::Result<User> {
            self.db.insert(new).await
        }
    }
    when_and_hold in None, ("user:<user.id()>", when = !user.is_draft(), hold = "2s"): {
        async fn update(user: &User) -> sqlx::Result<()> {
            db::update(user).await
        }
    }
    on_unavailable in None, ("user:<user.id>", on_unavailable = "error"): {
        async fn update(user: &User) -> Result<(), Error> {
            db::update(user).await
        }
    }
    each in Some("impl Repo"), (
        "user:<ids>",
        "users:<self.tenant>",
        each = ids,
        tags("user-team:<ids>", "tenant:<self.tenant>"),
    ): {
        async fn forget(&self, ids: &[u64]) -> sqlx::Result<()> {
            self.db.forget(ids).await
        }
    }
    each_optional in None, ("user:<users.id>", each = users): {
        async fn update(users: Option<Vec<User>>) -> sqlx::Result<()> {
            db::update(users).await
        }
    }
    each_result in None, ("user:<tenant>:<return.id>", each = return, tags("tenant:<tenant>")): {
        async fn insert(tenant: &str, new: Vec<NewUser>) -> sqlx::Result<Vec<User>> {
            db::insert(tenant, new).await
        }
    }
    const_parameter in None, ("page:<N>:<id>"): {
        async fn forget<const N: usize>(id: u64) {
            db::forget::<N>(id).await;
        }
    }
    transaction in None, ("user:<id>", transaction): {
        async fn forget(tx: &mut Transaction<'_, Postgres>, id: u64) -> sqlx::Result<()> {
            db::forget(tx, id).await
        }
    }
    no_result in None, ("user:<id>"): {
        async fn forget(id: u64) {
            db::forget(id).await;
        }
    }
    opaque_result in None, ("user:<id>"): {
        async fn touch(id: u64) -> impl Future<Output = ()> {
            db::touch(id)
        }
    }
    async_trait in Some("impl Users for Repo"), ("user:<id>"): {
        fn forget<'life0, 'async_trait>(
            &'life0 self,
            id: u64,
        ) -> ::core::pin::Pin<
            Box<dyn ::core::future::Future<Output = ()> + ::core::marker::Send + 'async_trait>,
        >
        where
            'life0: 'async_trait,
            Self: 'async_trait,
        {
            Box::pin(async move {
                let __self = self;
                let id = id;
                let _: () = { __self.db.forget(id).await };
            })
        }
    }
}

macro_rules! errors {
    ($args:tt $($head:tt)*) => {
        messages(super::invalidates(quote! $args, quote! { $($head)* { body() } }))
    };
}

#[test]
fn one_mistake_gives_one_message() {
    let found = [
        errors!(() async fn update(user: &User)),
        errors!((cache = CACHE) async fn update(user: &User)),
        errors!((key = "user:<user.id>") async fn update(user: &User)),
        errors!(("user:<usr.id>") async fn update(user: &User)),
        errors!(("user:<id>") async fn update(user: &User)),
        errors!(("user:{user.id}") async fn update(user: &User)),
        errors!(("user:<user.id>") fn update(user: &User)),
        errors!(("user:<user.id>") async fn update(tx: &mut sqlx::Transaction<'_, Db>, user: &User)),
        errors!(("user:<user.id>", 5) async fn update(user: &User)),
        errors!((tags()) async fn update(user: &User)),
        errors!((tags = ["user"]) async fn update(user: &User)),
        errors!((tags("user:<id>")) async fn update(user: &User)),
        errors!((tags("user:{user.id}")) async fn update(user: &User)),
        errors!((tags("a", 5)) async fn update(user: &User)),
        errors!(("user:<user.id>", on_unavailable = "refuse") async fn update(user: &User)),
        errors!(("user:<return.id>", on_unavailable = "error") async fn insert(user: &User)),
        errors!(("user:<ids>") async fn forget(ids: &[i64])),
        errors!(("user:<ids>") async fn forget(ids: Option<Vec<i64>>)),
        errors!(("user:<ids>") async fn forget(ids: [i64; 2])),
        errors!((tags("user:<users.id>")) async fn forget(users: &HashSet<User>)),
        errors!(("user:<return>") async fn insert() -> Result<Vec<u64>, E>),
        errors!(("user:<a>", "user:<b>", each = a) async fn forget(a: &[u8; 2], b: &[i64])),
        errors!(("user:*") async fn forget()),
        errors!((tags("user:*")) async fn forget()),
        errors!(("user:<ids>", each = idz) async fn forget(ids: &[i64])),
        errors!(("user:<idz>", each = ids) async fn forget(ids: &[i64])),
        errors!(("user:{ids}", each = ids) async fn forget(ids: &[i64])),
        errors!(("users", each = ids) async fn forget(ids: &[i64])),
        errors!(("user:<ids>", each = &ids) async fn forget(ids: &[i64])),
        errors!(("user:<ids>", Key(ids), each = ids) async fn forget(ids: &[i64])),
        errors!(("user:<ids>:<return>", each = ids) async fn forget(ids: &[i64]) -> u8),
        errors!(("user:<id>", ttl = 60) async fn forget(id: u8)),
    ];
    for found in found {
        assert_eq!(found.len(), 1, "{found:#?}");
    }
}

#[test]
fn what_is_no_list_stays_one_key() {
    let found = [
        errors!(("digest:<digest>") async fn forget(digest: &[u8; 32])),
        errors!(("user:<name>") async fn forget(name: Option<&str>)),
        errors!(("user:<pair.0>") async fn forget(pair: (u8, u8))),
        errors!((UserKeys { ids }) async fn forget(ids: &[i64])),
        errors!(("user:<ids>", each = ids) async fn forget(Json(ids): Json<Vec<i64>>)),
    ];
    assert_eq!(found.concat(), Vec::<String>::new());
}

#[test]
fn keys_have_no_name() {
    let found = errors!((key = "user:<user.id>") async fn update(user: &User));
    assert!(found[0].contains("`#[invalidates(\"user:<user.id>\")]`"), "{found:?}");
}
