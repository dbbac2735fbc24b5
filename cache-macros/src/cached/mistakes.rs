//! Mistakes in the use of `#[cached]`, and how many messages they give.

use quote::quote;

use crate::snapshot::messages;

/// The messages that `#[cached(args)]` gives for a function of this head.
macro_rules! errors {
    ($args:tt $($head:tt)*) => {
        messages(super::cached(quote! $args, quote! { $($head)* { body() } }))
    };
}

#[test]
fn an_error_leaves_the_function_as_it_is() {
    let item = quote!(
        async fn find(id: u64) -> User {
            body()
        }
    );
    let expansion = super::cached(quote!(ttl = 60), item.clone()).to_string();
    assert!(expansion.starts_with(&item.to_string()), "{expansion}");
    assert_eq!(errors!((ttl = 60) async fn find(id: u64) -> User).len(), 1);
}

#[test]
fn several_mistakes_give_several_messages() {
    let found = errors!((key = "user:<idd>", ttl = 0, lokc, version = -1) async fn find(id: u64, locale: u8, tx: Transaction<'_>));
    let parts = [
        "`lokc`; did you mean `lock`",
        "`ttl` is zero",
        "`version`",
        "transaction",
        "returns `()`",
        "did you mean `<id>`",
        "`locale` is not part",
    ];
    assert_eq!(found.len(), parts.len(), "{found:#?}");
    for part in parts {
        assert!(found.iter().any(|message| message.contains(part)), "{part}: {found:#?}");
    }
}

#[test]
fn one_mistake_gives_one_message() {
    let found = [
        errors!((kye = "user:<id>", ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "user:<i>", ttl = 60) async fn find(user_id: u64) -> User),
        errors!((key = "user:{id}", ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "user:<id>", ttl = 60, skip(conm)) async fn find(conn: Conn, id: u64) -> User),
        errors!((key = "user:<id>", ttl =) async fn find(id: u64) -> User),
        errors!((key = "user:<id>", ttl: 60) async fn find(id: u64) -> User),
        errors!(("user:<id>", ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "user:<id>", ttl = 60) const fn find(id: u64) -> User),
        errors!((key = "user:<id>", ttl = 60) fn find(id: u64) -> User),
        errors!((key = "user:<id", ttl = 60) async fn find(id: u64) -> User),
        errors!((key = format!("{id}"), ttl = 60) async fn find(id: u64, locale: &str) -> User),
        errors!((key = format!("{id}"), ttl = 60, skip(id)) async fn find(id: u64) -> User),
        errors!((key = 5, ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "u", ttl = 60, lock()) async fn find() -> User),
        errors!((key = "u", ttl = 60, lock(laese = 1)) async fn find() -> User),
        errors!((key = "u", ttl = 60, lock(lease = 1, lease = 2)) async fn find() -> User),
        errors!((key = "u", ttl = |user: User| 5) async fn find() -> User),
        errors!((key = "u", ttl = |user: &Option<User>| 5) async fn find() -> Option<User>),
        errors!((key = "u", ttl = |user: &Option<User>| 5) async fn find() -> sqlx::Result<Option<User>>),
        errors!((key = "u", ttl = 60, unless = |user: &Result<User, E>| true) async fn find() -> Result<User, E>),
        errors!((key = "u", ttl = ttl_of) async fn find() -> User),
        errors!((key = "u", ttl = |user: Option<User>| 5) async fn find() -> Option<User>),
        errors!((key = "u", ttl = |user: Option<&User>| 5) async fn find() -> Option<User>),
        errors!((key = "u", ttl = |user: &mut User| 5) async fn find() -> User),
        errors!((key = "u", ttl = 60, unless = |user: Result<User, E>| true) async fn find() -> Result<User, E>),
        errors!((key = "u", ttl = 60, unless = |user: &Option<User>| user.is_none()) async fn find() -> Option<User>),
        errors!((key = "u", ttl = 60, unless = |user| !user.is_some()) async fn find() -> Result<Option<User>, E>),
        errors!((key = "u", ttl = 60, unless = Result::is_err) async fn find() -> Result<User, E>),
        errors!((key = "u", ttl = 60, same = |a: &Option<User>, b: &User| true) async fn find() -> Option<User>),
        errors!((key = "u:<ids>", each = ids, ttl = |users: &HashMap<u8, User>| 5) async fn find(ids: &[u8]) -> HashMap<u8, User>),
        errors!((key = "u:<ids>", each = ids, ttl = |users: &Vec<(u8, User)>| 5) async fn find(ids: &[u8]) -> Result<Vec<(u8, User)>, E>),
        errors!((key = "u:<ids>", each = ids, ttl = |user: &Option<User>| 5) async fn find(ids: &[u8]) -> Result<HashMap<u8, User>, E>),
        errors!((key = "u", ttl = 60, negative_ttl = ttl_of) async fn find() -> Option<User>),
        errors!((key = "u", ttl = 60, local = Self::time) async fn find() -> User),
        errors!((key = "u:<id>", ttl = 60, max_bytes = id) async fn find(id: usize) -> User),
        errors!((key = "u", ttl = 60, version = self.version) async fn find(&self) -> User),
        errors!((key = "u:<t>", ttl = 60, lock(lease = t)) async fn find(t: u64) -> User),
        errors!((key = "u", policy = policy, skip(policy)) async fn find(policy: Policy) -> User),
        errors!((key = <id>, ttl = 60) async fn find(id: u64) -> User),
        errors!((key = user/<id>, ttl = 60) async fn find(id: u64) -> User),
        errors!((key = user::<id>, ttl = 60) async fn find(id: u64) -> User),
        errors!((user:<id>, ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "u", tags = [a:<id>], ttl = 60, skip(id)) async fn find(id: u64) -> User),
        errors!((key = users, ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "u", tags = [users], ttl = 60) async fn find() -> User),
        errors!((key = ["u:<id>"], ttl = 60) async fn find(id: u64) -> User),
        errors!((key = |id| id, ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "u:" + id, ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "u", ttl = 5 minutes) async fn find() -> User),
        errors!((key = "u", ttl = 80%) async fn find() -> User),
        errors!((key = "u", ttl = 60, jitter = 100%) async fn find() -> User),
        errors!((key = "u", ttl = 60, refresh_ahead = "xfetch") async fn find() -> User),
        errors!((key = "u", ttl = 60, xfetch) async fn find() -> User),
        errors!((key = "u", ttl = 60, when = "true") async fn find() -> User),
        errors!((key = "u", ttl = 60, cache = "users") async fn find() -> User),
        errors!((key = "u", ttl = 60, skip = "pool") async fn find(pool: &Pool) -> User),
        errors!((key = "u", ttl = 60, skp(pool)) async fn find(pool: &Pool) -> User),
        errors!((key = "u", ttl = 60, ignore = pool) async fn find(pool: &Pool) -> User),
        errors!((key = "u", ttl = 60, skip_all) async fn find(pool: &Pool) -> User),
        errors!((key = "u", ttl = 60, lease = "5s") async fn find() -> User),
        errors!((key = "u", ttl = 60, invalidates("users")) async fn find() -> User),
        errors!((key = "u:<Self::N>:<id>", ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "u:<TABLE>:<id>", ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "u:<&id>", ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "u:<id:?>", ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "u:{id:?}", ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "u:{}", ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "u", tags = ["u:<a.zip>"], skip(a), ttl = 60) async fn find(a: Option<Address>) -> User),
        errors!((key = "u:<a.zip>", ttl = 60) async fn find(a: &Option<Address>) -> User),
        errors!((key = "u:<name>", ttl = 60) async fn find(name: impl Into<String> + Send) -> User),
        errors!((key = "u", expire = 60) async fn find() -> User),
        errors!((key = "u", ttl = 60, skip = pool) async fn find(pool: &Pool) -> User),
        errors!((key = "u", ttl = 60, skip = [pool]) async fn find(pool: &Pool) -> User),
        errors!((key = "u", ttl = 60, skip) async fn find() -> User),
        errors!((key = "u", ttl = 60, skip("conn")) async fn find() -> User),
        errors!((key = "u", ttl = 60, when = |user| true) async fn find() -> User),
        errors!((key = "u", ttl = 60, unless = || true) async fn find() -> User),
        errors!((key = "u", ttl = 60, unless = true) async fn find() -> User),
        errors!((key = "u", ttl = 60, negative_ttl = |user| 5) async fn find() -> User),
        errors!((key = "u", ttl = 60, name = USERS) async fn find() -> User),
        errors!((key = "u", ttl = 60, name = "") async fn find() -> User),
        errors!((key = "u", ttl = 60, crate = "cache") async fn find() -> User),
        errors!((key = "<self.id>", ttl = 60) async fn find() -> User),
        errors!((key = "u", ttl = 60, tags = ["<a>"]) async fn find() -> User),
        errors!((key = "u", ttl = 60, tags = []) async fn find() -> User),
        errors!((key = "u", ttl = 60, tags("a")) async fn find() -> User),
        errors!((key = "u", plicy = USERS) async fn find() -> User),
        errors!((key = "u", policy = "users") async fn find() -> User),
        errors!((key = "u", policy) async fn find() -> User),
        errors!((key = "u", ttl = 60, jitter = -0.1) async fn find() -> User),
        errors!((key = "u", ttl = 60, soft_timeout = "1s") async fn find() -> User),
        errors!((key = "u", ttl = 60, soft_timeout = "1s", stale_if_error = 0) async fn find() -> User),
        errors!((key = "u", ttl = 60, soft_timeout = 0, policy = USERS) async fn find() -> User),
        errors!((key = "u", ttl = 60, soft_timeout = 200, stale_if_error = 60) async fn find() -> User),
        errors!((key = "u", ttl = 60, load_timeout = 0) async fn find() -> User),
        errors!((key = "u", ttl = 60, load_timeout = 30) async fn find() -> User),
        errors!((key = "u", ttl = 60, load_timeout) async fn find() -> User),
        errors!((key = "u", ttl = 60, load_timeout = |user: &User| user.timeout) async fn find() -> User),
        errors!((key = "u", ttl = 60, loadtimeout = "5s") async fn find() -> User),
        errors!((key = "u", ttl = 0m) async fn find() -> User),
        errors!((key = "u", ttl = 60, lock(lease = 500ms)) async fn find() -> User),
        errors!((key = "u", ttl = 60, max_bytes = 64k) async fn find() -> User),
        errors!((key = "u", ttl = 60, jitter = 10%) async fn find() -> User),
        errors!((key = user:<id>, ttl = 60) async fn find(id: u64) -> User),
        errors!((key = "u:<id>", ttl = 60) async fn find(id: u64, URL: &str) -> User),
        errors!((key = "u:<id>", ttl = 60) async fn find(id: u64, Path(ID): Path<u64>) -> User),
        errors!((key = "u:<id>", ttl = 60) async fn find<const N: usize>(id: u64) -> User),
        errors!((key = "u:<id>", ttl = 60) async fn find<A: Kind>(id: u64) -> User),
        errors!((key = "u:<A>", ttl = 60) async fn find<A: Kind>() -> User),
        errors!((key = "u:<id>", ttl = 60) async fn find<A, I: Into<A>>(id: I) -> User),
        errors!((key = "u:<id>", ttl = 60) async fn find(id: u64, tx: Option<&mut Transaction<'_>>) -> User),
        errors!((key = "u:<id>", ttl = 60) async fn find<T: AsMut<Transaction>>(id: u64, tx: T) -> User),
        errors!((key = "u", ttl = 60, stale_while_revalidate = 30, background) async fn find() -> User),
        errors!((key = "u", ttl = 60, refresh_ahead = 1.0) async fn find() -> User),
        errors!((key = "u", ttl = 60, codec = Json) async fn find() -> User),
        errors!((key = "u", ttl = 60, compress(gzip, over = 1)) async fn find() -> User),
        errors!((key = "u", ttl = 60, max_bytes = -1) async fn find() -> User),
        errors!((key = "u:<id>", ttl = 60, refresh_ahead = xfetch) async fn find(&mut self, id: u8) -> User),
        errors!((key = "u", ttl = 60, refresh_ahead = xfetch, skip(body)) async fn find(body: &mut T) -> User),
        errors!((key = "u", ttl = 60, refresh_ahead = xfetch, skip(body)) async fn find(body: &dyn T) -> User),
        errors!((key = "u", ttl = 60, refresh_ahead = xfetch, skip(body)) async fn find(body: Cow<'_, str>) -> User),
        errors!((key = "u:<ids>", each = idss, ttl = 60) async fn find(ids: &[u8]) -> Rows),
        errors!((key = "u:<ids>", each = ids, ttl = 60) async fn find(ids: &[u8; 2]) -> Rows),
        errors!((key = "u:<ids>", each = ids, ttl = 60) async fn find(Ids(ids): Ids) -> Rows),
        errors!((key = "u", each = ids, ttl = 60) async fn find(ids: &[u8]) -> Rows),
        errors!((key = "u:<idss>", each = ids, ttl = 60) async fn find(ids: &[u8]) -> Rows),
        errors!((key = "u:{ids}", each = ids, ttl = 60) async fn find(ids: &[u8]) -> Rows),
        errors!((key = key(ids), each = ids, ttl = 60) async fn find(ids: &[u8], a: u8) -> Rows),
        errors!((key = "u:<ids>", each = ids, ttl = 60, skip(ids)) async fn find(ids: &[u8]) -> Rows),
        errors!((key = "u:<ids>", each = ids, ttl = 60, tags = ["<ids>"]) async fn find(ids: &[u8]) -> Rows),
        errors!((key = "u:<a>:<ids>", each = ids, ttl = 60) async fn find(a: &mut u8, ids: &[u8]) -> Rows),
        errors!((key = "u:<ids>", each = ids, ttl = |u| u.ttl(a), skip(a)) async fn find(a: &mut u8, ids: &[u8]) -> Rows),
        errors!((key = "u:<a>:<ids>", each = ids, ttl = 60, refresh_ahead = xfetch) async fn find(a: &mut u8, ids: &[u8]) -> Rows),
        errors!((key = "u:<body>", each = body, ttl = 60, refresh_ahead = xfetch) async fn find(body: &[&str]) -> Rows),
        errors!((key = "u:<ids>", each = ids, ttl = 60) async fn find(ids: &[u8]) -> Vec<Row>),
        errors!((key = "u:<ids>", each = ids, ttl = 60) async fn find(ids: &[u8]) -> sqlx::Result<Vec<Row>>),
        errors!((key = "u:<ids>", each = ids, ttl = 60, group) async fn find(ids: &[u8]) -> Vec<Row>),
        errors!((key = "u:<ids>", each = ids, ttl = 60, id = 5) async fn find(ids: &[u8]) -> Vec<Row>),
        errors!((key = "u:<ids>", each = ids, ttl = 60, id = |a, b| a) async fn find(ids: &[u8]) -> Vec<Row>),
        errors!((key = "u:<ids>", each = ids, ttl = 60, id = |row: Row| row.id) async fn find(ids: &[u8]) -> Vec<Row>),
        errors!((key = "u:<ids>", each = ids, ttl = 60, id = |row: &Row| row.id + ids[0]) async fn find(ids: &[u8]) -> Vec<Row>),
        errors!((key = "u:<ids>", each = ids, ttl = 60, id = |row: &Row| self.id(row)) async fn find(&self, ids: &[u8]) -> Vec<Row>),
        errors!((key = "u:<ids>", each = ids, ttl = 60, id(row.id)) async fn find(ids: &[u8]) -> Vec<Row>),
        errors!((key = "u:<ids>", each = ids, ttl = 60, id = Row::id, group = true) async fn find(ids: &[u8]) -> Vec<Row>),
        errors!((key = "u:<ids>", each = ids, ttl = 60, id = Row::id, group, negative_ttl = 5) async fn find(ids: &[u8]) -> Vec<Row>),
        errors!((key = "u", ttl = 60, id = |row: &Row| row.id) async fn find() -> Vec<Row>),
        errors!((key = "u", ttl = 60, group) async fn find() -> Vec<Row>),
        errors!((key = "u", ttl = 60, same = true) async fn find() -> User),
        errors!((key = "u", ttl = 60, same = |a| true) async fn find() -> User),
        errors!((key = "u", ttl = 60) async fn find<T: Row>() -> T),
        errors!((key = "u", ttl = 60) async fn find<T: Row>() -> Result<Option<Vec<T>>, E>),
        errors!((key = "u:<ids>", each = ids, ttl = 60) async fn find<K, V>(ids: &[K]) -> HashMap<K, V>),
        errors!((key = key(T::NAME), ttl = 60) async fn find<T: Row, U>() -> (T, Box<U>)),
        messages(super::cached(
            quote!(key = "u", ttl = 60),
            quote!(
                struct User;
            ),
        )),
        messages(super::cached(
            quote!(key = "u", ttl = 60),
            quote!(
                async fn find(&self) -> User;
            ),
        )),
    ];
    for found in found {
        assert_eq!(found.len(), 1, "{found:#?}");
    }
}

#[test]
fn one_mistake_of_a_writer_gives_one_message() {
    use crate::invalidates::invalidates;
    use crate::write_through::write_through;
    let rename = quote!(
        async fn rename(id: u64, ids: &[u64]) -> Result<Option<User>, E> {
            body()
        }
    );
    let invalidating = [
        quote!(user:<id>),
        quote!(<id>),
        quote!(users),
        quote!(["user:<id>", "users"]),
        quote!(keys = ["user:<id>"]),
        quote!(keys("user:<id>")),
        quote!("user:<id>", tags(org:<id>)),
        quote!("user:<id>", tags(orgs)),
        quote!("user:<id>", ttl = 60),
        quote!("user:<id>", unless = |user| true),
        quote!("user:<id>", max_bytes = 60),
        quote!("user:<id>", hold = hold_of),
        quote!("user:<id>", version = id),
        quote!("user:<TABLE>"),
        quote!("user:<E::N>"),
    ];
    let storing = [
        quote!(key = user:<id>, ttl = 60),
        quote!(key = user, ttl = 60),
        quote!(key = "user:<id>", ttl = 60, invalidates(org:<id>)),
        quote!(key = "user:<id>", ttl = ttl_of),
        quote!(key = "user:<id>", ttl = |user: Option<User>| 5),
        quote!(key = "user:<id>", ttl = 60, same = |a: User, b: &User| true),
        quote!(key = "user:<id>", ttl = 60, value = |user: Result<User, E>| user.ok()),
        quote!(key = "user:<id>", ttl = 60, unless = |user| true),
        quote!(key = "user:<id>", ttl = 60, stale_if_error = id),
        quote!(key = "user:<id>", expires = 60),
    ];
    let found = (invalidating.iter().map(|args| (args, invalidates(args.clone(), rename.clone()))))
        .chain(storing.iter().map(|args| (args, write_through(args.clone(), rename.clone()))));
    for (args, expansion) in found {
        let messages = messages(expansion);
        assert_eq!(messages.len(), 1, "{args}: {messages:#?}");
    }
}

#[test]
fn what_the_key_tells_apart_by_other_names_need_not_be_in_it() {
    let found = [
        errors!((key = "u:<id>:<N>", ttl = 60) async fn find<const N: usize>(id: u64) -> User),
        errors!((key = "u:<list>", ttl = 60) async fn find<const N: usize>(list: [u8; N]) -> User),
        errors!((key = format!("u:{N}"), ttl = 60) async fn find<const N: usize>() -> User),
        errors!((key = format!("u:{}", A::NAME), ttl = 60) async fn find<A: Kind>() -> User),
        errors!((key = "u:<id>", ttl = 60, skip(A, N)) async fn find<A: Kind, const N: usize>(id: u64) -> User),
        errors!((key = "u", ttl = 60, skip(ids)) async fn find<I: Iterator<Item = T>, T>(ids: I) -> User),
        errors!((key = "u", ttl = 60, skip(f)) async fn find<F, T>(f: F) -> User where F: Fn() -> T),
        errors!((key = "u", ttl = 60) async fn find<E>() -> Result<User, E>),
        errors!((key = "u:<URL>", ttl = 60) async fn find(URL: &str) -> User),
        errors!((key = "u:<id>", ttl = 3600u64, max_bytes = 64usize, jitter = 0.1f64) async fn find(id: u64) -> User),
    ];
    assert_eq!(found.concat(), Vec::<String>::new());
}

#[test]
fn what_may_be_right_is_left_to_the_compiler() {
    let found = [
        errors!((key = "u", ttl = |user: &User| 5) async fn find() -> Option<User>),
        errors!((key = "u", ttl = |user: &Option<User>| 5) async fn find() -> Option<Option<User>>),
        errors!((key = "u", ttl = |user: &Option<User>| 5) async fn find() -> Found),
        errors!((key = "u", ttl = |user: _| 5) async fn find() -> User),
        errors!((key = "u:<ttl>", ttl = ttl) async fn find(ttl: u64) -> User),
        errors!((key = "u", ttl = User::TTL) async fn find() -> User),
        errors!((key = "u:<id>", ttl = 60) async fn find(id: impl Id + Debug) -> User),
        errors!((key = "u:<id>", ttl = 60) async fn find(id: Option<u8>) -> User),
    ];
    assert_eq!(found.concat(), Vec::<String>::new());
}

#[test]
fn the_cache_itself_need_not_be_in_the_key() {
    let found = errors!((key = "u:<id>", ttl = 60, cache = &cache) async fn find(cache: Cache, id: u64) -> User);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn what_a_load_in_the_background_leaves_alone_may_be_of_any_type() {
    let found = errors!((key = "u:<a>:<b>", ttl = 60, refresh_ahead = xfetch) async fn find(a: &[&str], b: &dyn T) -> User);
    assert_eq!(found, Vec::<String>::new());
    let found = errors!((key = "u:<body>", ttl = 60, refresh_ahead = xfetch) async fn find(body: fn(&str) -> &str) -> User);
    assert_eq!(found, Vec::<String>::new());
}
