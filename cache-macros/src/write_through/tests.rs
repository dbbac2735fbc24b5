//! Snapshots of `#[write_through]`: one for each option, one for each shape that is its own.

use expect_test::expect_file;
use quote::quote;

use crate::snapshot::{check, messages};

macro_rules! snapshots {
    ($($name:ident in $inside:expr, $args:tt: { $($item:tt)* })*) => {$(
        #[test]
        fn $name() {
            let item = quote! { $($item)* };
            let args = quote! $args;
            let written = quote!(#[write_through(#args)] #item);
            let file = concat!("../snapshots/write_through/", stringify!($name), ".rs");
            check(&expect_file![file], $inside, written, super::write_through(args, item));
        }
    )*};
}

/// One option on the same function.
macro_rules! options {
    ($($name:ident: $args:tt)*) => {
        snapshots! {$(
            $name in None, $args: {
                async fn update(tenant: String, user: &User) -> sqlx::Result<User> {
                    db::update(tenant, user).await
                }
            }
        )*}
    };
}

options! {
    minimal: (key = "user:<user.id>", ttl = 60)
    ttl_text: (key = "user:<user.id>", ttl = "1h 500ms")
    ttl_expression: (key = "user:<user.id>", ttl = USER_TTL)
    ttl_closure: (key = "user:<user.id>", ttl = |user: &User| user.ttl())
    value_closure: (key = "user:<user.id>", ttl = 60, value = |saved: &User| &saved.public)
    value_function: (key = "user:<user.id>", ttl = 60, value = User::public)
    value_closure_ttl_closure: (
        key = "user:<user.id>",
        ttl = |public: &Public| public.ttl(),
        value = |saved: &User| &saved.public,
    )
    value_parameter: (key = "user:<user.id>", ttl = 60, value = user)
    value_of_parameters: (key = "user:<user.id>", ttl = 60, value = Member::new(&tenant, user))
    invalidates: (
        key = "user:<user.id>",
        ttl = 60,
        invalidates("user-by-name:<user.name>", ByMail(&user.mail)),
    )
    on_unavailable: (key = "user:<user.id>", ttl = 60, on_unavailable = "error")
    tags: (key = "user:<user.id>", ttl = 60, tags("tenant:<tenant>", "users"))
    tags_carried: (key = "user:<user.id>", ttl = 60, tags = ["tenant:<tenant>", Plan(user.plan)])
    tags_both: (key = "user:<user.id>", ttl = 60, tags("tenant:<tenant>"), tags = ["tenant:<tenant>"])
    returned: (key = "user:<tenant>:<return.id>", ttl = 60)
    returned_besides: (
        key = "user:<user.id>",
        ttl = 60,
        invalidates("user-by-name:<return.name>", "user-by-mail:<user.mail>"),
        tags("tenant:<return.tenant>", "users"),
    )
    jitter: (key = "user:<user.id>", ttl = 60, jitter = 0.1)
    stale_while_revalidate: (key = "user:<user.id>", ttl = 60, stale_while_revalidate = 30)
    stale_if_error: (key = "user:<user.id>", ttl = 60, stale_if_error = "1h")
    codec: (key = "user:<user.id>", ttl = 60, codec = postcard)
    compress: (key = "user:<user.id>", ttl = 60, compress(zstd, over = 4096))
    max_bytes: (key = "user:<user.id>", ttl = 60, max_bytes = 65536)
    policy: (key = "user:<user.id>", policy = USERS)
    policy_ttl: (key = "user:<user.id>", policy = USERS, ttl = 60, jitter = 0.1)
    version: (key = "user:<user.id>", ttl = 60, version = 2)
    name: (key = "user:<user.id>", ttl = 60, name = "users.update")
    cache: (key = "user:<user.id>", ttl = 60, cache = CACHE.get())
    krate: (key = "user:<user.id>", ttl = 60, crate = my::cache)
    key_expression: (key = UserKey { id: user.id }, ttl = 60)
}

snapshots! {
    method in Some("impl Repo"), (
        key = "user:<self.tenant>:<user.id>",
        ttl = 60,
        value = user,
        cache = self.cache,
    ): {
        async fn update(&self, user: User) -> sqlx::Result<()> {
            self.db.update(user).await
        }
    }
    each in None, (key = "team:<team.id>", ttl = 60, invalidates("user:<team.users>", "user-team:<ids>"), each = ids): {
        async fn join(team: &Team, ids: Vec<u64>) -> sqlx::Result<Team> {
            db::join(team, ids).await
        }
    }
    returned_itself in None, (key = "user:<return>", ttl = 60): {
        async fn insert(new: NewUser) -> sqlx::Result<u64> {
            db::insert(new).await
        }
    }
    async_trait in Some("impl Users for Repo"), (key = "user:<id>:<return.version>", ttl = 60): {
        fn update<'life0, 'async_trait>(
            &'life0 self,
            __arg1: Path<u64>,
        ) -> ::core::pin::Pin<
            Box<dyn ::core::future::Future<Output = User> + ::core::marker::Send + 'async_trait>,
        >
        where
            'life0: 'async_trait,
            Self: 'async_trait,
        {
            Box::pin(async move {
                let __self = self;
                let Path(id) = { let __arg1 = __arg1; __arg1 };
                let __ret: User = { __self.db.update(id).await };
                __ret
            })
        }
    }
}

macro_rules! errors {
    ($args:tt $($head:tt)*) => {
        messages(super::write_through(quote! $args, quote! { $($head)* { body() } }))
    };
}

#[test]
fn one_mistake_gives_one_message() {
    let found = [
        errors!((ttl = 60) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>") async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", tll = 60) async fn update(user: &User) -> User),
        errors!(("user:<user.id>", ttl = 60) async fn update(user: &User) -> User),
        errors!((key = "user:<usr.id>", ttl = 60) async fn update(user: &User) -> User),
        errors!((key = "user:<retrun.id>", ttl = 60) async fn update(user: &User) -> User),
        errors!((key = "user:{return.id}", ttl = 60) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 0) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = || 5) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60) async fn update(user: &User)),
        errors!((key = "user:<user.id>", ttl = 60) async fn update(user: &User) -> ()),
        errors!((key = "user:<user.id>", ttl = 60) async fn update(user: &User) -> Result<(), E>),
        errors!((key = "user:<user.id>", ttl = 60) async fn update(user: &User) -> Result<Option<()>>),
        errors!((key = "user:<user.id>", ttl = 60, value = || user) async fn update(user: &User)),
        errors!((key = "user:<user.id>", ttl = 60, value(user)) async fn update(user: &User)),
        errors!((key = "user:<user.id>", ttl = 60) fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60)
            async fn update(tx: &mut Transaction<'_>, user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60, jitter = 2) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60, codec = jsn) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", policy = 60) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60, soft_timeout = 5) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60, tags = []) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60, lock) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60, skip(user)) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60, negative_ttl = 5)
            async fn update(user: &User) -> Option<User>),
        errors!((key = "user:<user.id>", ttl = 60, invalidates = "a") async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60, invalidates("a:<b>")) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60, tags = "a") async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60, tags) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60, tags("a"), tags("b")) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60, tags = ["a"], tags = ["b"])
            async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60, tags("a:<b>")) async fn update(user: &User) -> User),
        errors!((key = "user:<user.id>", ttl = 60, tags = ["a:<return.b>"])
            async fn update(user: &User) -> User),
        errors!((key = "a:<ids>", ttl = 60, invalidates("b:<ids>"), each = ids) async fn update(ids: &[u8]) -> User),
        errors!((key = "a", ttl = 60, tags = ["a:<ids>"], invalidates("b:<ids>"), each = ids)
            async fn update(ids: &[u64]) -> User),
        errors!((key = "a", ttl = 60, invalidates("b:<ids>")) async fn update(ids: &[u64]) -> User),
        errors!((key = "a:*", ttl = 60) async fn update() -> User),
        errors!((key = "a", ttl = 60, each = ids) async fn update(ids: &[u64]) -> User),
    ];
    for found in found {
        assert_eq!(found.len(), 1, "{found:#?}");
    }
}

#[test]
fn a_parameter_is_no_function() {
    // `value = user` is of a parameter, so the function may return nothing; `value = public` is asked of its result.
    assert!(errors!((key = "k", ttl = 60, value = user) async fn update(user: &User)).is_empty());
    assert!(errors!((key = "k", ttl = 60, value = public) async fn update() -> User).is_empty());
}
