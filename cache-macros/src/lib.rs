//! The attributes and derives of [`cache-runtime`](https://docs.rs/cache-runtime), which re-exports them. Depend on that
//! crate, not on this one.
//!
//! - [`macro@cached`] caches the result of an async function.
//! - [`macro@invalidates`] invalidates the entries that an async function makes stale.
//! - [`macro@write_through`] stores what an async function has written.
//! - [`macro@write_behind`] accepts single values at once, and writes them in batches.
//! - [`macro@CacheKey`] makes a struct a key.
//! - [`macro@KeyPart`] lets a type fill a placeholder of a key.
//! - [`macro@CacheValue`] gives a type of values a fingerprint.
//!
//! The files in `src/snapshots` show what each expands to.

use proc_macro::TokenStream;

mod args;
mod cached;
mod captures;
mod codegen;
mod constants;
#[cfg(test)]
mod coverage;
mod ctxt;
mod derive;
mod desugared;
mod duration;
mod elsewhere;
mod encoding;
mod fallback;
mod fraction;
mod freshness_args;
mod function;
mod hold;
mod invalidates;
mod invisible_groups;
mod key;
mod lifetimes;
mod lists;
mod literals;
mod misplaced;
mod on_unavailable;
mod params;
mod per_call;
mod placeholder_types;
mod rebinding;
mod rename_self;
mod result_keys;
mod same;
mod shared_args;
#[cfg(test)]
mod snapshot;
mod stale_keys;
mod suggest;
mod template;
#[cfg(test)]
mod template_check;
mod tokens;
mod transactions;
mod unquoted;
mod validation;
mod value_closures;
mod when;
mod write_behind;
mod write_through;

/// Caches the result of an async function: its body runs only if the cache has no value.
///
/// ```text
/// #[cached(key = "user:<id>", ttl = 3600, lock)]
/// async fn find(&self, id: u64) -> sqlx::Result<Option<User>> {
///     sqlx::query_as("...").bind(id).fetch_optional(&self.db).await
/// }
/// ```
///
/// | argument | form | meaning |
/// |---|---|---|
/// | `key` | `"user:<id>"`, or an expression of a type that implements `CacheKey` | the entry's key; required |
/// | `ttl` | `3600` (seconds), `60 * 60`, `"90s"`, `"1h30m"`, an expression that is a `Duration` or a number of seconds, or a closure over the value: <code>\|user: &User\| ...</code> | for how long the entry is kept; required, unless a `policy` has one |
/// | `lock` | `lock` or `lock(lease = "5s", wait = "10s")` | one loader for each key across all processes; other callers wait for its value |
/// | `local` | `local`, or `local = "30s"` to keep a copy no longer than that | hits are answered from this process's memory, without a round trip; the value is `Clone + Send + Sync + 'static`. Of an `Arc`, hits get the same one, and closures see what it holds |
/// | `skip` | `skip(conn, span)` | parameters that do not shape the value, as in `tracing::instrument`; and type parameters that the rest of the key decides |
/// | `each` | `each = ids` | a batch: the function returns a value for each element of this list; see below |
/// | `id` | <code>id = \|row: &Row\| row.id</code> | which element a row belongs to, of a batch that returns a `Vec<Row>` |
/// | `group` | `group` | an element may have many rows |
/// | `transaction` | `transaction` | the function may be called in a database transaction: see below |
/// | `outside_transaction` | `outside_transaction(conn)` | parameters that never are in a transaction: see below |
/// | `cache` | `cache = self.cache` | the `Cache` to use; by default the process-wide one |
/// | `negative_ttl` | as `ttl`, but no closure | stores `None` too, for this long; by default `None` is not stored |
/// | `negative` | an error: `negative = Error::NotFound`, `negative = Error::NotFound { id }`; or with `negative_error` what recognizes one: a closure, <code>\|error\| error.is_not_found()</code>, the path of a function, or a pattern, `Error::NotFound(_)` | this error says that there is no value, and is remembered for `negative_ttl` as a `None` is. Alone, it is a pattern for the errors of the body, and the expression that callers get |
/// | `negative_error` | an error: `negative_error = Error::NotFound(id)` | what every caller gets in the place of an error that `negative` recognizes |
/// | `jitter` | `0.1` | shortens each ttl at random, by up to this fraction |
/// | `stale_while_revalidate` | `30`, `"30s"`, or a constant that is a `Duration` | for so long after its ttl, a value is still served, while one caller refreshes it in the background |
/// | `stale_if_error` | likewise | for so long after its ttl, a value is served if its load fails |
/// | `soft_timeout` | likewise | a caller that has waited for so long gets the stale value that `stale_if_error` keeps, and the load continues |
/// | `load_timeout` | likewise; `"30s"` by default in the background | a load that has taken so long is dropped, if it is in the background or something stale can stand in; another one is not stored any more, and others load for themselves |
/// | `refresh_ahead` | `0.8` or `xfetch` | refreshes in the background once this fraction of the ttl has passed; or at random, the likelier the nearer the end and the longer the load |
/// | `audit` | `0.001` | loads on this fraction of the hits too, and counts those that differ |
/// | `tags` | `["tenant:<tenant>"]`; a closure over the value, <code>\|article: &Article\| [AuthorTag { author: article.author }]</code>; or both, the closure in the list | groups of entries that are invalidated together, by `#[invalidates(tags(...))]` or `Cache::invalidate_tags`. A tag is written like a key, but need not name every parameter. The closure gives those that only the loaded value names, in anything that can be iterated: see the guide on tags |
/// | `version` | `2` | part of the stored key: a new layout of the value never reads an old one. Writers need the same `version` |
/// | `when` | a `bool` expression over the parameters: `when = !fresh` | if it is false, the call bypasses the cache |
/// | `unless` | a closure over the value: <code>unless = \|user: &User\| user.is_guest</code> | if it is true, the value is not stored |
/// | `value` | a closure that takes the value, <code>value = \|user: User\| User { password_hash: String::new(), ..user }</code>, or the path of a function | what is kept of the loaded value. Every caller gets that, the one that loads too, with and without a cache |
/// | `codec` | `json`, `msgpack`, `postcard`, or an expression such as `Codec::Json` | how values are encoded; by default `json` |
/// | `compress` | `zstd`, `lz4`, or `compress(zstd, over = 4096)` | compresses values of at least `over` bytes; by default 1 KiB |
/// | `max_bytes` | `64 * 1024` | larger values are not stored |
/// | `same` | <code>same = \|a: &User, b: &User\| a.id == b.id</code> | compares a value with what its encoding gives back; by default `PartialEq`, if the type has it. A value that is not the same is not stored |
/// | `policy` | `policy = USERS` | a constant of type `Policy` that several functions share; other arguments override it |
/// | `background` | `background` | lets loads continue in the background, as a `policy` asks for; see below |
/// | `name` | `"users.find"` | the label in metrics; by default `module::Type::function` |
/// | `crate` | `crate = my::cache` | the path of the runtime; by default `::cache_runtime` |
///
/// Everything else than `key`, `skip`, `cache`, `tags`, `when`, `unless`, `value`, `negative`, `negative_error`, and the
/// expressions and closures of `ttl` and `negative_ttl` is a constant, of `Self` or a type parameter too
/// (`version = Self::VERSION`): an invalid value is a compile error.
///
/// # Keys
///
/// A placeholder names a parameter or a field of one: `<id>`, `<user.id>`, `<self.tenant>`, `<pair.0>`. A pattern's names
/// are parameters: `<id>` for `Path(id): Path<u64>`. Write `<<` and `>>` for angle brackets. Braces are text, for the hash
/// tags of Redis Cluster: `"{tenant:<tenant>}:user:<id>"`.
///
/// Two calls with different arguments never share a key. A key that breaks one of these rules does not compile:
///
/// - Every parameter is in the key or in `skip`, except `self`, `_` and a parameter that is the `cache`.
/// - Two placeholders have a character between them that no value can contain, such as `:` or `/`.
/// - The type of a placeholder is a `KeyPart`: an integer, `bool`, `char`, string, IP address, an `Option`, slice or tuple
///   of those, or a type that derives it.
///
/// # Functions
///
/// The function is an `async fn`: a free function, or a method with any receiver in an `impl`, a trait or the implementation
/// of one; or a method under `#[async_trait]`. It can be generic. It returns `T`, `Option<T>`, `Result<T, E>` or
/// `Result<Option<T>, E>`, through any alias, where `T` is `Serialize + DeserializeOwned`. An `Err` is never stored.
/// `?`, `return` and moved arguments work as without the attribute. Callers that wait for one load share its error if that is
/// `Clone`; one whose type names a lifetime, a bare `Self` or a type parameter stays with its caller, and the others load for
/// themselves.
///
/// A function that returns `async move { ... }` as an `impl Future`, or in a `Box` under any alias, is as good as an
/// `async fn`. Closures (`ttl`, `unless`) may use the parameters. The body gets clones of those that it moves, and borrows
/// what cannot be cloned.
///
/// # Batches
///
/// ```text
/// #[cached(key = "user:<ids>", each = ids, ttl = 60)]
/// async fn find_many(&self, ids: &[u64]) -> sqlx::Result<HashMap<u64, User>> { ... }
/// ```
///
/// `each` names a parameter that is a list: `&[K]`, `Vec<K>` or `&Vec<K>`. In the key, its name stands for one element:
/// `<ids>`, or `<ids.tenant>` for a field of it. All elements are looked up at once. If some are missing, the body runs, and
/// the parameter is a list of those. The function returns a `HashMap<K, V>` or `BTreeMap<K, V>` of the values that exist, a
/// `Vec<(K, V)>` of pairs, or a `Vec<Row>`; or a `Result` of one of them. Elements without a value are stored as `None` for
/// `negative_ttl`, if that is given.
///
/// A row belongs to an element by its id, and never by its position. Of a `Vec<Row>`, `id` gives it:
///
/// ```text
/// #[cached(key = "tags:<articles>", each = articles, id = |tag: &Tag| tag.article, group, ttl = 60)]
/// async fn tags(&self, articles: &[i64]) -> sqlx::Result<Vec<Tag>> { ... }
/// ```
///
/// With `group`, all rows of an element are one value, a `Vec<Row>`, which is empty for an element without rows. Without it, an
/// element has one row at most. A row of an element that was not asked for, and two rows of an element that may have one, are
/// returned as they were loaded, but not stored: they are counted as `unmatched`.
///
/// A batch shares its entries with the function that loads one value under the same key. Every argument applies to each
/// element by itself:
///
/// - Closures over the value (`ttl`, `unless`) see the value of one element: the `V` of a map, the `Row` of a list, or with
///   `group` a `Vec<Row>`. They see what `value` keeps.
/// - The closure of `value` takes one value of a map or of a pair, or one row of a list, with `group` too.
/// - `stale_while_revalidate` and `refresh_ahead` serve values at once. One more run of the body, in the background, loads
///   those that this process has been elected to refresh.
/// - After `soft_timeout`, a caller gets the values that `stale_if_error` keeps, if there is one for every missing element.
///   Otherwise it waits.
/// - `audit` passes a fraction of the hits to the body, together with the missing elements.
///
/// Tags are the same for all elements, so they cannot name the list. Parameters that are taken by value and that the key or a
/// closure names are cloned for the body.
///
/// # Loads in the background
///
/// With `stale_while_revalidate`, `refresh_ahead` or `soft_timeout`, a load can outlive its caller, on another thread. So it
/// owns what the body uses: `self` and the parameters that the body mentions are cloned when a load begins, and not for a
/// hit. `&str`, `&[T]` and `&T` of a `T: Clone` are cloned too; the body sees each with its declared type. A load of a batch
/// gets the elements that it loads. Therefore:
///
/// - `Self` is `Clone` (cheap with a pool or an `Arc` inside), or the method takes `self: Arc<Self>`.
/// - Clones are `Send`, `Sync` and `'static`. The body's future is `Send` and `'static`.
/// - Neither `self` nor a parameter is borrowed mutably.
/// - A function that calls itself does so through one that returns its future in a box with a named type, since the compiler
///   cannot tell within a function that its future is `Send`: `fn boxed(id: u64) -> Pin<Box<dyn Future<Output = u64> + Send>>`
///   `{ Box::pin(depth(id)) }`.
/// - Closures (`ttl`, `unless`) that mention parameters get clones of them with every call, or in a batch with every load.
///
/// If a `policy` has one of the three, each function that uses it says so with `background`.
///
/// ```text
/// const USERS: Policy = Policy::ttl(3600).stale_while_revalidate(60);
///
/// #[cached(key = "user:<id>", policy = USERS, background)]
/// async fn find(&self, id: u64) -> sqlx::Result<Option<User>> { ... }
/// ```
///
/// # Transactions
///
/// Within a database transaction, a function may read what is never committed. So a function that is called in one belongs
/// in the scope of `cache_runtime::transaction`, where it goes past the cache. A parameter or receiver that may be in a
/// transaction is an error until the function says which it is:
///
/// ```text
/// #[cached(key = "user:<id>", ttl = 3600, skip(conn), transaction)]
/// async fn find(conn: &mut PgConnection, id: i64) -> sqlx::Result<Option<User>> { ... }
/// ```
///
/// - `transaction`: it may be called in a transaction, and then within a scope. Outside of a scope it uses the cache, unless an
///   argument is of a type that is named like a transaction; such a call bypasses the cache.
/// - `outside_transaction(conn)`: this connection never is in a transaction. It is also for a type of your own that has the
///   name of one, such as an entity `Transaction`.
///
/// Types and bounds are recognised by the names that sqlx, sea-orm, diesel, diesel-async, tokio-postgres, rusqlite and
/// mongodb give them, within any reference, `Option`, `Mutex` or tuple. A pool (`PgPool`, `DatabaseConnection`) is none. What
/// cannot be seen is an alias of another name, and a struct that holds a connection: call functions of those within a
/// scope.
#[proc_macro_attribute]
pub fn cached(args: TokenStream, item: TokenStream) -> TokenStream {
    cached::cached(args.into(), item.into()).into()
}

/// Fences keys and tags before the function's body and invalidates them after it, whatever it returned.
///
/// ```text
/// #[invalidates("user:<user.id>", UserByName { name: &user.name })]
/// async fn update(&self, user: &User) -> sqlx::Result<()> { ... }
/// ```
///
/// From before the body begins until it has returned, readers of the keys load from the database and store nothing. A reader
/// that began earlier can no longer store what it loads. So no value from before the write is served after it. This holds for
/// an `Err` too, since an error may hide a commit.
///
/// | argument | form | meaning |
/// |---|---|---|
/// | without a name | `"user:<user.id>"`, or an expression of a type that implements `CacheKey` | a key that the function makes stale; at least one key or tag is required |
/// | `tags` | `tags("tenant:<tenant>")` | tags whose entries the function makes stale; written like keys |
/// | `each` | `each = ids` | a list: a key or tag that names it stands for one element, and is invalidated for all of them; see below |
/// | `when` | a `bool` expression over the parameters: `when = !draft` | if it is false, the body runs and nothing is invalidated |
/// | `hold` | `hold = "2s"` | the fences stand for so long after the body, for loaders that read from a replica of the database, which may lag behind by as much |
/// | `on_unavailable` | `on_unavailable = "error"` | if the keys and tags cannot be fenced, the function returns the cache's error and its body does not run; by default the write proceeds, and other processes may serve the old value until the invalidation reaches the store. Needs `E: From<cache_runtime::Error>` |
/// | `transaction` | `transaction` | the function may be called in a database transaction: see below |
/// | `outside_transaction` | `outside_transaction(conn)` | parameters that never are in a transaction: see below |
/// | `cache` | `cache = self.cache` | the `Cache` to use; by default the process-wide one |
/// | `version` | `2` | the `version` of the readers |
/// | `name` | `"users.update"` | the label in metrics; by default `module::Type::function` |
/// | `crate` | `crate = my::cache` | the path of the runtime; by default `::cache_runtime` |
///
/// Keys are written as in [`macro@cached`], but need not name every parameter: the readers decide what a key is made of.
///
/// ```text
/// #[invalidates("user:<ids>", each = ids)]
/// async fn delete_many(&self, ids: &[u64]) -> sqlx::Result<()> { ... }
/// ```
///
/// With `each`, a key or tag that names the list stands for one element, and all of them are fenced together. The list is
/// a parameter of any type with a method `iter`, or an `Option` of one; or `each = return`, for a result that is a list.
///
/// `<return>` is the `Ok` value and `<return.id>` a field of it, for keys that are known only after an insert. Such a key or
/// tag is invalidated after the body: a stored `None` is dropped, and loads under way can no longer store what they saw. It
/// is not fenced before, so if the function fails or its process dies, it is not invalidated.
///
/// A transaction is committed after its functions have returned. So call a writer that is a part of one within
/// `cache_runtime::transaction`, which settles the keys after the commit. A parameter or receiver that may be in a transaction
/// is an error until the function says `transaction`, or `outside_transaction(conn)` where it never is in one: see
/// [`macro@cached`](macro@cached#transactions). A writer with `transaction` that is given a transaction outside of a scope logs
/// that, once.
#[proc_macro_attribute]
pub fn invalidates(args: TokenStream, item: TokenStream) -> TokenStream {
    invalidates::invalidates(args.into(), item.into()).into()
}

/// Fences keys before the function's body, and stores its result under one of them.
///
/// ```text
/// #[write_through(key = "user:<user.id>", ttl = 3600, invalidates("user-by-name:<user.name>"))]
/// async fn update(&self, user: &User) -> sqlx::Result<User> {
///     sqlx::query_as("update ... returning *").bind(...).fetch_one(&self.db).await
/// }
/// ```
///
/// As with [`macro@invalidates`], readers of the keys load from the database and store nothing from before the body begins
/// until it has returned. Then the `Ok` value is stored, so that the next read is a hit, and all other keys are invalidated.
/// The value must be what the database now holds. Let the statement return it (`returning *`) instead of trusting the
/// parameters: a default or a trigger may have changed the row.
///
/// The key is invalidated instead if
///
/// - the function returns an `Err`, since an error may hide a commit, or a `None`, which a writer does not store;
/// - another writer of the key ran at the same time, in any process: nobody knows whose commit came last, so neither value
///   stays, and the next read loads;
/// - the fence was not confirmed before the write began, or one of the entry's tags was being invalidated.
///
/// A call that is dropped or panics, or whose process dies, leaves the fence, since the statement may have committed. The
/// fence expires (10 s by default), and until then nothing is cached.
///
/// The cost is two round trips to the store, for any number of keys and tags: one before the body and one after it.
///
/// | argument | form | meaning |
/// |---|---|---|
/// | `key` | `"user:<user.id>"`, or an expression of a type that implements `CacheKey` | the key under which readers find the value; required |
/// | `ttl` | as in [`macro@cached`]; a closure sees the value that is stored | for how long the value is kept; required without a `policy` |
/// | `value` | <code>\|saved: &Saved\| &saved.user</code>, the path of a function, or `user` | the value to store, if it is not the result |
/// | `invalidates` | `invalidates("user-by-name:<user.name>", ...)` | other keys that the function makes stale |
/// | `tags` | `tags("tenant:<user.tenant>", ...)` | tags that the function makes stale |
/// | `tags` | `tags = ["tenant:<user.tenant>"]` | tags of the stored entry: those of its readers |
/// | `each` | `each = ids` | a list whose elements `invalidates(...)` and `tags(...)` name, as in [`macro@invalidates`] |
/// | `jitter`, `stale_while_revalidate`, `stale_if_error` | as in [`macro@cached`] | as for the readers |
/// | `codec`, `compress`, `max_bytes`, `same` | as in [`macro@cached`] | as for the readers |
/// | `policy` | `policy = USERS` | the policy of the readers; other arguments override it |
/// | `when` | a `bool` expression over the parameters: `when = !draft` | if it is false, the body runs, nothing is stored and nothing invalidated |
/// | `on_unavailable` | `on_unavailable = "error"` | if the keys and tags cannot be fenced, the function returns the cache's error and its body does not run; by default the write proceeds, and other processes may serve the old value until the invalidation reaches the store. Needs `E: From<cache_runtime::Error>` |
/// | `transaction` | `transaction` | the function may be called in a database transaction: see below |
/// | `outside_transaction` | `outside_transaction(conn)` | parameters that never are in a transaction: see below |
/// | `cache` | `cache = self.cache` | the `Cache` to use; by default the process-wide one |
/// | `version` | `2` | the `version` of the readers |
/// | `name` | `"users.update"` | the label in metrics; by default `module::Type::function` |
/// | `crate` | `crate = my::cache` | the path of the runtime; by default `::cache_runtime` |
///
/// # The value
///
/// Readers find the value as if they had loaded it, so it has the type that they return, without `Option` and `Result`. If
/// the function returns something else, `value` says what is stored:
///
/// - A closure or the path of a function gets the `Ok` value after the body: `value = |saved: &Saved| &saved.user`,
///   `value = Saved::user`. It returns a reference or a value, or an `Option` of either, whose `None` stores nothing. It can
///   use the parameters: `value = |rows: &u64| (*rows == 1).then_some(user)`. The body gets clones of those that it moves, and
///   borrows what cannot be cloned.
/// - Anything else is an expression over the parameters: `value = user`. It is evaluated and encoded before the body, which
///   may then move the parameters; nothing is cloned. The value is stored unless the body returns an `Err` or a `None`. So
///   a function that returns `()` can store what it has written.
///
/// A function that returns `()` without a `value` does not compile.
///
/// # Keys
///
/// Keys and tags are written as in [`macro@cached`], but need not name every parameter: the readers decide what a key is
/// made of.
///
/// `<return>` is the `Ok` value and `<return.id>` a field of it, for keys that are known only after an insert:
///
/// ```text
/// #[write_through(key = "user:<return.id>", ttl = 3600, tags("tenant:<new.tenant>"))]
/// async fn insert(&self, new: &NewUser) -> sqlx::Result<User> { ... }
/// ```
///
/// Such a key cannot be fenced before the insert. Another writer could change the row after the commit, so a value stored then
/// could be older than the row. Therefore the key is *invalidated* after the body and the value is not stored: the next read
/// loads it. A stored `None` is dropped, and loads under way can no longer store what they saw. Other keys and tags that name
/// the result are invalidated in the same way; those that do not are fenced as always. If the function fails or its process
/// dies, nobody knows the key, and a stored `None` stays until its `negative_ttl` ends.
///
/// A transaction is committed after its functions have returned. So call a writer that is a part of one within
/// `cache_runtime::transaction`, which settles the keys after the commit. A parameter or receiver that may be in a transaction
/// is an error until the function says `transaction`, or `outside_transaction(conn)` where it never is in one: see
/// [`macro@cached`](macro@cached#transactions). A writer with `transaction` that is given a transaction outside of a scope logs
/// that, once.
#[proc_macro_attribute]
pub fn write_through(args: TokenStream, item: TokenStream) -> TokenStream {
    write_through::write_through(args.into(), item.into()).into()
}

/// Adds to a function that writes a batch one that accepts a single value, which readers see at once.
///
/// ```text
/// #[derive(Clone)]
/// struct Users { db: PgPool }
///
/// impl Users {
///     #[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user), batch = 500)]
///     async fn save_all(&self, users: Vec<User>) -> sqlx::Result<()> {
///         // one statement that inserts or updates them all
///     }
/// }
///
/// let flusher = users.save_flusher(); // at the program's start, in one process or in all
/// users.save(&user).await?;           // accepted: `user:42` reads as this from now on
/// flusher.shutdown().await;           // at its end: all that was accepted is in the database
/// ```
///
/// The attribute leaves `save_all` as it is and adds three functions, with the same visibility:
///
/// | function | is |
/// |---|---|
/// | `async fn save(&self, user: &User) -> Result<(), cache_runtime::Error>` | accepts a value: see `WriteBehind::write` |
/// | `fn save_flusher(&self) -> Flusher` | starts a task that calls `save_all` with accepted values: see `WriteBehind::flusher` |
/// | `fn save_queue(&self) -> WriteBehind<User>` | returns the queue: its length, its dead letters, what a crash would lose |
///
/// | argument | form | meaning |
/// |---|---|---|
/// | `queue` | `"users"` | the queue's name in the store, the same in all processes and releases; required |
/// | `key` | `"user:<user.id>"`, or an expression of a type that implements `CacheKey` | the key under which readers find one value; required |
/// | `ttl` | `3600` (seconds), `"1h30m"`, or an expression that is a `Duration` or a number of seconds | for how long a value is kept once it is in the database; required, unless a `policy` has one |
/// | `enqueue` | `save(user)` | the name of the function that accepts a value, and the value's name in the key; required |
/// | `batch` | `500` | the most values that `save_all` gets |
/// | `linger` | `"50ms"` | how long the first of a batch waits for others |
/// | `capacity` | `100_000` | the most values that wait, in all processes together; `save` waits while the queue is full |
/// | `wait` | `"5s"` | for how long `save` waits for room or for a slow store, before it fails |
/// | `attempts` | `5` | how often a batch is tried before its values are written one by one, to find those that the database refuses |
/// | `patience` | `"15m"` | for how long a database that takes nothing counts as away |
/// | `lease` | `"5s"` | how soon another flusher takes the place of one that died |
/// | `tags` | `["tenant:<user.tenant>"]` | tags of the entry once it is in the database: those of its readers. To make other tags stale, fence them in the batch function with `cache.fence_tags(...)`, around its statement |
/// | `policy`, `codec`, `compress`, `max_bytes`, `same`, `jitter`, `stale_while_revalidate`, `stale_if_error` | as in [`macro@cached`] | as for the readers; a value over `max_bytes` waits in the queue like any other, and is not kept afterwards |
/// | `cache`, `version`, `name`, `crate` | as in [`macro@cached`] | the default `name` is that of `save` |
///
/// # The function
///
/// It is an `async fn`, free or a method, that takes one `Vec` and returns a `Result`. The flusher calls it with the last
/// value of each key, in the order in which they were accepted, one call at a time, and again if it fails. So writing a value
/// twice must do no harm, as with an upsert. A `Vec<Queued<User>>` has each value with its place in the queue, by which the
/// database can refuse one that comes too late: `WHERE users.seq < excluded.seq`.
///
/// A method is inherent and takes `&self` of a type that is `Clone`, since the flusher keeps a clone; or `self: Arc<Self>` or
/// `self: &Arc<Self>`, and the flusher starts on the `Arc`.
///
/// It can be called directly too, for example if `save` fails because the store cannot be reached. See `WriteBehind` for what
/// that means for the order of writes.
#[proc_macro_attribute]
pub fn write_behind(args: TokenStream, item: TokenStream) -> TokenStream {
    write_behind::write_behind(args.into(), item.into()).into()
}

/// Makes a struct a key: its fields fill a template.
///
/// ```text
/// #[derive(CacheKey)]
/// #[cache_key("user:<tenant>:<id>")]
/// struct UserKey<'a> {
///     tenant: &'a str,
///     id: u64,
///     #[cache_key(skip)]
///     trace: TraceId,
/// }
/// ```
///
/// The template is written as in [`macro@cached`], with fields for parameters: `<id>`, `<owner.id>`, and `<0>` in a tuple
/// struct. Every field is a `KeyPart` in the template, or has `#[cache_key(skip)]`. If the runtime is not at
/// `::cache_runtime`, write `#[cache_key("...", crate = my::cache)]`.
///
/// # The value's type
///
/// ```text
/// #[derive(CacheKey)]
/// #[cache_key("user:<id>", value = User)]
/// struct UserKey { id: u64 }
/// ```
///
/// With `value`, only a `User` can be read or written under the key: a function that caches an `Order` under it does not
/// compile. `Option<User>`, `Box<User>` and `Arc<User>` are stored as a `User`, and are allowed too. Without `value`, any type
/// is allowed.
///
/// A struct that is the value itself has `value = Self`. Its fields outside the template need no `skip`:
///
/// ```text
/// #[derive(CacheKey, Serialize, Deserialize)]
/// #[cache_key("user:<id>", value = Self)]
/// struct User { id: u64, name: String }
///
/// #[invalidates(user)]
/// async fn update(&self, user: &User) -> sqlx::Result<()> { ... }
/// ```
#[proc_macro_derive(CacheKey, attributes(cache_key))]
pub fn cache_key(input: TokenStream) -> TokenStream {
    derive::cache_key::derive(input.into()).into()
}

/// Lets a newtype or an enum without fields fill a placeholder of a key.
///
/// ```text
/// #[derive(KeyPart)]
/// struct UserId(u64);
///
/// #[derive(KeyPart)]
/// struct Id<T>(Uuid, PhantomData<fn() -> T>);
///
/// #[derive(KeyPart)]
/// enum Plan { Free, Paid }
/// ```
///
/// A struct with one field is written as that field; a `PhantomData` beside it does not count. An enum is written as the name
/// of its variant, so renaming a variant changes the key. If the runtime is not at `::cache_runtime`, write
/// `#[key_part(crate = my::cache)]`.
#[proc_macro_derive(KeyPart, attributes(key_part))]
pub fn key_part(input: TokenStream) -> TokenStream {
    derive::key_part::derive(input.into()).into()
}

/// Gives a type a fingerprint: a number that changes with its stored layout.
///
/// ```text
/// #[derive(Serialize, Deserialize, CacheValue)]
/// struct User {
///     id: u64,
///     name: String,
///     address: Address,
/// }
/// ```
///
/// The fingerprint depends on whether the type is a struct or an enum; on the names, types and order of the fields; on the
/// variants; and on the `#[serde(...)]` attributes that change what is written. It does not depend on fields with
/// `#[serde(skip)]`, the name of the type, documentation and visibility.
///
/// A field's type counts by its name as written, and, if it is a `CacheValue`, by its fingerprint. If `Address` derives
/// `CacheValue`, the fingerprint of `User` changes with it, also for a field of type `Vec<Address>` or a tuple with one. The
/// same holds for the type in `#[serde(into = "...")]` and the like. The macro cannot see into types of other crates, or the
/// functions of `#[serde(with = "...")]`: change the `version` when they change.
///
/// A field comes back from the cache as it is written. So `#[serde(skip)]`, `skip_serializing` and `skip_deserializing`, and
/// `serialize_with` without `deserialize_with` or the other way round, do not compile: of a field that is hidden from the
/// clients of a service, the first caller would get the value, and all others its default. Where that will do,
/// `#[cache_value(may_change)]` on the field says so; with `PartialEq` on the type, `same` on the function does too.
///
/// A generic type is a `CacheValue` if its type parameters are, as far as they are stored.
///
/// A type may contain itself, as in `children: Vec<Tree>`. If two types contain each other, the compiler reports a cycle:
/// with `#[cache_value(by_name)]` on a field of one of them, that field counts by its type's name alone.
///
/// If the runtime is not at `::cache_runtime`, write `#[cache_value(crate = my::cache)]`.
#[proc_macro_derive(CacheValue, attributes(cache_value))]
pub fn cache_value(input: TokenStream) -> TokenStream {
    derive::cache_value::derive(input.into()).into()
}
