//! Snapshots of `#[cached]`: one for each option, one for each shape of function.

use expect_test::expect_file;
use quote::quote;

use crate::snapshot::check;

/// One option on the same function.
macro_rules! options {
    ($($name:ident: $args:tt)*) => {$(
        #[test]
        fn $name() {
            let item = quote! {
                async fn find(id: u64) -> sqlx::Result<Option<User>> {
                    db::find(id).await
                }
            };
            let args = quote! $args;
            let written = quote!(#[cached(#args)] #item);
            let file = concat!("../snapshots/cached/option_", stringify!($name), ".rs");
            check(&expect_file![file], None, written, super::cached(args, item));
        }
    )*};
}

options! {
    minimal: (key = "user:<id>", ttl = 60)
    ttl_text: (key = "user:<id>", ttl = "1h30m")
    ttl_expression: (key = "user:<id>", ttl = USER_TTL)
    ttl_closure: (key = "user:<id>", ttl = |user: &User| user.ttl())
    lock: (key = "user:<id>", ttl = 60, lock)
    local: (key = "user:<id>", ttl = 60, local)
    local_for: (key = "user:<id>", ttl = 60, lock, local = "30s")
    local_background: (key = "user:<id>", ttl = 60, local, stale_while_revalidate = 30)
    lock_times: (key = "user:<id>", ttl = 60, lock(lease = "500ms", wait = 10))
    negative_ttl: (key = "user:<id>", ttl = 60, negative_ttl = 5)
    getter: (key = "user:<id.get()>", ttl = 60)
    version: (key = "user:<id>", ttl = 60, version = 2)
    when: (key = "user:<id>", ttl = 60, when = id != 0)
    unless: (key = "user:<id>", ttl = 60, unless = |user: &User| user.is_guest)
    value: (key = "user:<id>", ttl = 60, value = |user: User| User { secret: String::new(), ..user })
    value_path: (key = "user:<id>", ttl = 60, local, value = User::public)
    name: (key = "user:<id>", ttl = 60, name = "users.find")
    cache: (key = "user:<id>", ttl = 60, cache = CACHE.get())
    krate: (key = "user:<id>", ttl = 60, crate = my::cache)
    jitter: (key = "user:<id>", ttl = 60, jitter = 0.1)
    stale_if_error: (key = "user:<id>", ttl = 60, stale_if_error = "1h")
    stale_while_revalidate: (key = "user:<id>", ttl = 60, stale_while_revalidate = 30)
    soft_timeout: (key = "user:<id>", ttl = 60, stale_if_error = GRACE, soft_timeout = "200ms")
    load_timeout: (key = "user:<id>", ttl = 60, load_timeout = "5s")
    refresh_ahead: (key = "user:<id>", ttl = 60, refresh_ahead = 0.8)
    xfetch: (key = "user:<id>", ttl = 60, refresh_ahead = xfetch)
    background: (key = "user:<id>", policy = USERS, background)
    audit: (key = "user:<id>", ttl = 60, audit = 0.001)
    tags: (key = "user:<id>", ttl = 60, tags = ["users", "user-group:<id>", GroupTag(id)])
    tags_of_value: (key = "article:<id>", ttl = 60, tags = ["articles", |it: &User| [AuthorTag(it.author)]])
    codec: (key = "user:<id>", ttl = 60, codec = msgpack)
    codec_path: (key = "user:<id>", ttl = 60, codec = Codec::Json)
    compress: (key = "user:<id>", ttl = 60, compress = lz4)
    compress_over: (key = "user:<id>", ttl = 60, compress(zstd, over = 4096))
    max_bytes: (key = "user:<id>", ttl = 60, max_bytes = 64 * 1024)
    policy: (key = "user:<id>", policy = USERS)
    policy_overridden: (key = "user:<id>", policy = USERS, ttl = "1500ms", lock, jitter = JITTER)
    key_expression: (key = UserKey { id }, ttl = 60)
    key_brackets: (key = "{user:<id>}<<1>>", ttl = 60)
}

/// One shape of function, as it stands within `inside`.
macro_rules! shapes {
    ($($name:ident in $inside:expr, $args:tt: { $($item:tt)* })*) => {$(
        #[test]
        fn $name() {
            let item = quote! { $($item)* };
            let args = quote! $args;
            let written = quote!(#[cached(#args)] #item);
            let file = concat!("../snapshots/cached/shape_", stringify!($name), ".rs");
            check(&expect_file![file], $inside, written, super::cached(args, item));
        }
    )*};
}

const REPO: Option<&str> = Some("impl Repo");

shapes! {
    attributes_kept in None, (key = "user:<id>", ttl = 60): {
        /// Finds a user.
        #[must_use]
        pub(crate) async fn find(id: u64) -> Option<User> {
            #![allow(clippy::pedantic)]
            db::find(id).await
        }
    }
    generic in None, (key = "user:<id>", ttl = 60, skip(conn)): {
        async fn find<'a, C, const N: usize>(conn: &'a mut C, id: [u8; N]) -> Result<User, C::Error>
        where
            C: Source + Send,
        {
            conn.find(id).await
        }
    }
    negative in None, (key = "user:<id>", ttl = 60, negative_ttl = 5, negative = Error::NotFound { id }): {
        async fn find(id: u64) -> Result<User, Error> {
            db::find(id).await
        }
    }
    negative_background in None, (
        key = "user:<id>",
        ttl = 60,
        stale_while_revalidate = 30,
        negative_ttl = 5,
        negative = sqlx::Error::RowNotFound,
    ): {
        async fn find(id: u64) -> sqlx::Result<User> {
            db::find(id).await
        }
    }
    negative_closure in None, (
        key = "user:<id>",
        ttl = 60,
        negative_ttl = 5,
        negative = |error| error.is_absence_of(&id),
        negative_error = Error::NotFound { id },
    ): {
        async fn find(id: UserId) -> Result<User, Error> {
            db::find(id).await
        }
    }
    value_background in Some("impl Repo"), (
        key = "user:<id>:<asker>",
        ttl = 60,
        stale_while_revalidate = 30,
        negative_ttl = 5,
        negative = Error::is_absence,
        negative_error = Error::NotFound(id),
        value = |user| user.seen_by(asker, &self.rules),
    ): {
        async fn find(&self, id: u64, asker: &str) -> Result<User, Error> {
            self.db.find(id).await
        }
    }
    transaction in Some("impl Repo"), (key = "user:<id>", ttl = 60, skip(conn), transaction): {
        async fn find(&self, conn: &mut PgConnection, id: u64) -> sqlx::Result<User> {
            db::find(conn, id).await
        }
    }
    outside_transaction in None, (key = "user:<id>", ttl = 60, skip(conn), outside_transaction(conn)): {
        async fn find(conn: &mut PgConnection, id: u64) -> sqlx::Result<User> {
            db::find(conn, id).await
        }
    }
    generic_values in None, (key = "setting:<name>", ttl = 60, skip(T)): {
        async fn setting<T: Setting, E>(name: &str) -> Result<Vec<T::Value>, E> {
            db::setting::<T, E>(name).await
        }
    }
    conditional_parameter in None, (key = "user:<id>:<tenant>", ttl = 60, stale_while_revalidate = 30): {
        async fn find(id: u64, #[cfg(feature = "tenants")] tenant: &str) -> User {
            #[cfg(feature = "tenants")]
            let id = tenant.id(id);
            db::find(id).await
        }
    }
    borrowed_error in None, (key = "user:<name>", ttl = 60): {
        async fn find(name: &str) -> Result<User, ParseError<'_>> {
            db::parse(name)
        }
    }
    returned_future in Some("trait Users"), (key = "user:<id>", ttl = 60): {
        fn find(&self, id: u64) -> impl Future<Output = sqlx::Result<User>> + Send {
            async move { self.db.find(id).await }
        }
    }
    boxed_future in None, (key = "user:<id>", ttl = 60): {
        fn find(id: u64) -> BoxFuture<'static, sqlx::Result<User>> {
            Box::pin(async move { db::find(id).await })
        }
    }
    patterns in None, (key = "user:<id>:<a>:<pair.0>", ttl = 60): {
        async fn find(Path(id): Path<u64>, Pair { a, .. }: Pair, mut pair: (u8, u8), _: u8) -> User {
            pair.0 += 1;
            db::find(id, a, pair).await
        }
    }
    raw_names in None, (key = "<type>:<user.ref>", ttl = 60): {
        async fn find(r#type: u8, user: &User) -> User {
            db::find(r#type, user).await
        }
    }
    by_reference in REPO, (key = "user:<self.tenant>:<id>", ttl = 60, cache = self.cache): {
        async fn find(&self, id: u64) -> sqlx::Result<User> {
            self.db.find(id).await
        }
    }
    by_mutable_reference in REPO, (key = "user:<id>", ttl = 60): {
        async fn find(&mut self, id: u64) -> sqlx::Result<User> {
            self.db.find(id).await
        }
    }
    by_arc in REPO, (key = "user:<self.tenant>:<id>", ttl = 60): {
        async fn find(self: Arc<Self>, id: u64) -> sqlx::Result<User> {
            self.db.find(id).await
        }
    }
    background_by_reference in REPO, (key = "user:<self.tenant>:<id>:<name>", ttl = 60, stale_while_revalidate = 30, skip(tags)): {
        async fn find(&self, id: u64, name: &str, mut tags: Vec<String>) -> sqlx::Result<User> {
            tags.push(self.tag(id));
            self.db.find(id, name, tags).await
        }
    }
    background_by_arc in REPO, (key = "user:<id>", ttl = 60, refresh_ahead = xfetch): {
        async fn find(self: Arc<Self>, id: u64) -> sqlx::Result<User> {
            self.db.find(id).await
        }
    }
    background_without_parameters in None, (key = "users:<tenant>", ttl = 60, stale_while_revalidate = 30): {
        async fn all(tenant: &str) -> sqlx::Result<Vec<User>> {
            db::all().await
        }
    }
    background_hooks in REPO, (
        key = "user:<id>:<name>",
        ttl = |user: &User| user.ttl(name),
        unless = |user: &User| user.tenant == self.tenant,
        stale_while_revalidate = 30,
    ): {
        async fn find(&self, id: u64, name: &str) -> sqlx::Result<User> {
            self.db.find(id).await
        }
    }
    background_patterns in None, (key = "user:<id>:<a>:<list>", ttl = 60, stale_while_revalidate = 30): {
        async fn find(Path(id): Path<u64>, Pair { mut a, .. }: Pair, ref list: Vec<u8>) -> User {
            a += 1;
            db::find(id, a, list).await
        }
    }
    each_slice in REPO, (
        key = "user:<self.tenant>:<ids>",
        each = ids,
        ttl = 60,
        negative_ttl = 5,
        lock,
        tags = ["tenant:<self.tenant>"],
    ): {
        async fn find(&self, ids: &[u64]) -> sqlx::Result<HashMap<u64, User>> {
            self.db.find(ids).await
        }
    }
    each_vec in None, (
        key = "order:<tenant>:<lines.order>:<lines.number>",
        each = lines,
        id = |line: &Line| line.id,
        ttl = 60,
        skip(db),
    ): {
        async fn find(db: &mut Db, tenant: String, mut lines: Vec<LineId>) -> Vec<Line> {
            lines.shrink_to_fit();
            db.find(tenant, lines).await
        }
    }
    each_by_arc in REPO, (key = "user:<self.tenant>:<ids>", each = ids, policy = USERS): {
        async fn find(self: Arc<Self>, ids: &Vec<&str>) -> BTreeMap<String, User> {
            self.db.find(ids).await
        }
    }
    each_groups in REPO, (
        key = "tags:<articles>",
        each = articles,
        id = Tag::article,
        group,
        ttl = 60,
        refresh_ahead = 0.8,
    ): {
        async fn tags(&self, articles: &[i64]) -> sqlx::Result<Vec<Tag>> {
            self.db.tags(articles).await
        }
    }
    each_closures in REPO, (
        key = "user:<ids>",
        each = ids,
        ttl = |user: &User| user.ttl(&tenant),
        unless = |user: &User| user.tenant == self.tenant,
        audit = 0.001,
        skip(tenant),
    ): {
        async fn find(&self, tenant: String, ids: &[u64]) -> sqlx::Result<HashMap<u64, User>> {
            self.db.find(tenant, ids).await
        }
    }
    each_tags_of_value in None, (
        key = "article:<ids>",
        each = ids,
        ttl = 60,
        tags = |article: &Article| [format!("author:{}", article.author)],
    ): {
        async fn find(ids: &[u64]) -> sqlx::Result<HashMap<u64, Article>> {
            db::find(ids).await
        }
    }
    each_value in None, (key = "user:<ids>", each = ids, ttl = 60, skip(asker), value = |user: User| user.seen_by(&asker)): {
        async fn find(asker: Asker, ids: &[u64]) -> sqlx::Result<HashMap<u64, User>> {
            db::find(asker, ids).await
        }
    }
    each_value_background in REPO, (
        key = "user:<ids>",
        each = ids,
        ttl = 60,
        id = |user: &User| user.id,
        stale_while_revalidate = 30,
        skip(asker),
        value = |user: User| user.seen_by(&asker, &self.rules),
    ): {
        async fn find(&self, asker: Asker, ids: &[u64]) -> sqlx::Result<Vec<User>> {
            self.db.find(ids).await
        }
    }
    each_background in REPO, (
        key = "user:<self.tenant>:<ids>",
        each = ids,
        ttl = 60,
        stale_while_revalidate = 30,
        refresh_ahead = 0.8,
        skip(tags),
    ): {
        async fn find(&self, mut tags: Vec<String>, ids: &[u64]) -> sqlx::Result<HashMap<u64, User>> {
            tags.push(self.tag(ids));
            self.db.find(tags, ids).await
        }
    }
    each_background_closures in REPO, (
        key = "user:<ids>",
        each = ids,
        policy = USERS,
        background,
        ttl = |user: &User| user.ttl(name),
        unless = |user: &User| user.tenant == self.tenant,
        skip(name),
    ): {
        async fn find(self: Arc<Self>, mut ids: Vec<u64>, name: &str) -> Vec<(u64, User)> {
            ids.sort();
            self.db.find(ids).await
        }
    }
    trait_default in Some("trait Users"), (key = "user:<id>", ttl = 60): {
        async fn find(&self, id: u64) -> sqlx::Result<User> {
            self.load(id).await
        }
    }
    async_trait in Some("impl Users for Repo"), (key = "user:<self.tenant>:<id>:<name>", ttl = 60): {
        fn find<'life0, 'life1, 'async_trait>(
            &'life0 self,
            __arg1: Path<u64>,
            name: &'life1 str,
        ) -> ::core::pin::Pin<
            Box<dyn ::core::future::Future<Output = sqlx::Result<User>> + ::core::marker::Send + 'async_trait>,
        >
        where
            'life0: 'async_trait,
            'life1: 'async_trait,
            Self: 'async_trait,
        {
            Box::pin(async move {
                if let ::core::option::Option::Some(__ret) =
                    ::core::option::Option::None::<sqlx::Result<User>>
                {
                    #[allow(unreachable_code)]
                    return __ret;
                }
                let __self = self;
                let Path(id) = {
                    let __arg1 = __arg1;
                    __arg1
                };
                let __ret: sqlx::Result<User> = { __self.db.find(id, name).await };
                #[allow(unreachable_code)]
                __ret
            })
        }
    }
}
