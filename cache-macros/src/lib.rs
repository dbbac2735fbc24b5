//! The attributes of [`cache-runtime`](https://docs.rs/cache-runtime), which re-exports them: depend on that crate, not on
//! this one.
//!
//! - [`macro@cached`] keeps what an async function returns.
//! - [`macro@invalidates`] drops what an async function makes stale.
//! - [`macro@write_through`] leaves what an async function has written in the cache.
//! - [`macro@write_behind`] accepts single values at once, and writes them in batches.
//! - [`macro@CacheKey`] is derived for a struct that is a key.
//! - [`macro@KeyPart`] is derived for a type that fills a placeholder of one.
//! - [`macro@CacheValue`] is derived for a type that is stored.
//!
//! What each becomes can be read in `src/snapshots`.

use proc_macro::TokenStream;

mod args;
mod async_trait;
mod cached;
mod captures;
mod codegen;
#[cfg(test)]
mod coverage;
mod ctxt;
mod derive;
mod duration;
mod encoding;
mod fallback;
mod fraction;
mod freshness_args;
mod function;
mod invalidates;
mod key;
mod on_unavailable;
mod params;
mod rename_self;
mod result_keys;
mod shared_args;
#[cfg(test)]
mod snapshot;
mod suggest;
mod template;
#[cfg(test)]
mod template_check;
mod tokens;
mod validation;
mod write_behind;
mod write_through;

/// Cache-aside: the function's body runs only where the cache has no answer.
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
/// | `key` | `"user:<id>"`, or an expression of a type that is `CacheKey` | what the value is of; required |
/// | `ttl` | `3600` (seconds), `60 * 60`, `"90s"`, `"1h30m"`, an expression that is a `Duration` or a number of seconds, or a closure over the value: <code>\|user: &User\| ...</code> | for how long it is kept; required, unless a `policy` says so |
/// | `lock` | `lock` or `lock(lease = "5s", wait = "10s")` | one loader per key across all processes; the others wait for its value |
/// | `skip` | `skip(conn, span)` | parameters that do not shape the value, as in `tracing::instrument`; and a type parameter that decides its type, where the rest of the key decides what that is |
/// | `each` | `each = ids` | the function finds many values, one for each element of this parameter: see below |
/// | `cache` | `cache = self.cache` | which `Cache`; the process-wide one where absent |
/// | `negative_ttl` | as `ttl`, but no closure | also remember `None`, for this long; without it `None` is not stored |
/// | `jitter` | `0.1` | shortens each ttl at random, by up to this part of it |
/// | `stale_while_revalidate` | `30`, `"30s"`, or a constant that is a `Duration` | for so long after its ttl, a value is served while it is loaded anew in the background |
/// | `stale_if_error` | likewise | for so long after its ttl, a value is served if the load that should replace it fails |
/// | `soft_timeout` | likewise | a caller that has waited for so long is served what `stale_if_error` has kept, and the load goes on |
/// | `refresh_ahead` | `0.8` or `xfetch` | loads anew in the background when this part of the ttl is over; or at random, the likelier the nearer the end is and the longer the load took |
/// | `audit` | `0.001` | loads anew on this part of the hits, and counts where the cache held something else |
/// | `tags` | `["tenant:<tenant>"]` | what the entry is marked with, to be dropped with all others that are: by `#[invalidates(tags(...))]` or `Cache::invalidate_tags`. Each is written as a key is, and names what it likes |
/// | `version` | `2` | part of the stored key: a new layout of the value never reads an old one. Its writers say the same `version` |
/// | `when` | a `bool` expression over the parameters: `when = !fresh` | where it is false, the cache is left alone |
/// | `unless` | a closure over the value: <code>unless = \|user: &User\| user.is_guest</code> | where it is true, the value is not stored |
/// | `codec` | `json`, `msgpack`, `postcard`, or an expression such as `Codec::Json` | how the value is written; `json` where absent |
/// | `compress` | `zstd`, `lz4`, or `compress(zstd, over = 4096)` | compresses values of so many bytes and more; of 1 KiB where `over` is absent |
/// | `max_bytes` | `64 * 1024` | a value that takes more is not stored |
/// | `policy` | `policy = USERS` | a constant of type `Policy` that several functions share; the other arguments override what it says |
/// | `background` | `background` | loads may go on in the background, as a `policy` asks for: see below |
/// | `name` | `"users.find"` | label in metrics; default `module::Type::function` |
/// | `crate` | `crate = my::cache` | where the runtime is, if not at `::cache_runtime` |
///
/// What is part of the policy (all but `key`, `skip`, `cache`, `tags`, `when`, `unless` and the expressions and closures of
/// `ttl` and `negative_ttl`) is known when the program is built: a number that cannot be is a compile error.
///
/// # Keys
///
/// `<path>` is a parameter or a field of one: `<id>`, `<user.id>`, `<self.tenant>`, `<pair.0>`. Patterned parameters
/// are known by the names that they bind: `<id>` for `Path(id): Path<u64>`. `<<` and `>>` are the angle brackets
/// themselves. Braces are text, so the hash tags of Redis Cluster can be written: `"{tenant:<tenant>}:user:<id>"`.
///
/// Two calls with different arguments never share a key. To that end,
///
/// - every parameter is in the key or in `skip` (`self`, `_` and a parameter that is itself the `cache` are exempt);
/// - two placeholders have a character between them that no value can contain, such as `:` or `/`;
/// - what fills a placeholder is a `KeyPart`: integers, `bool`, `char`, strings, IP addresses, `Option`, slices and
///   tuples of those, and types that derive it.
///
/// A key that breaks one of these rules does not compile.
///
/// # Functions
///
/// The function is an `async fn`: free, a method with any receiver, in an `impl`, a trait or the implementation of one,
/// generic or not; or a method under `#[async_trait]`. It returns `T`, `Option<T>`, `Result<T, E>` or
/// `Result<Option<T>, E>`, by any alias, where `T` is `Serialize + DeserializeOwned`. An `Err` is never stored.
/// `?`, `return` and moved arguments work as without the attribute, and the future is `Send` where it was.
///
/// # Batches
///
/// ```text
/// #[cached(key = "user:<ids>", each = ids, ttl = 60)]
/// async fn find_many(&self, ids: &[u64]) -> sqlx::Result<HashMap<u64, User>> { ... }
/// ```
///
/// `each` names a parameter that is a list (`&[K]`, `Vec<K>` or `&Vec<K>`). In the key, its name stands for one
/// element: `<ids>`, or `<ids.tenant>` for a field of it. All elements are looked up at once, and the body runs, if it
/// does, for those that are missing: under the same name, there is a list of those. It returns a `HashMap<K, V>` or
/// `BTreeMap<K, V>` of the values that there are, or a `Vec<V>` with one value for each element, in their order; any of
/// them may be in a `Result`. An element that a map lacks is remembered for `negative_ttl`, and without that it is not.
///
/// A value has the same entry as that of a function that finds one by the same key, and every argument means what it
/// means there, for each element by itself:
///
/// - closures over the value (`ttl`, `unless`) see that of one element: the `V` of a map, and of a list, there too where
///   it is an `Option<V>`;
/// - values that `stale_while_revalidate` or `refresh_ahead` renews are served at once. One more run of the body loads
///   those for which this process has been elected, in the background;
/// - by `soft_timeout` a caller is served what `stale_if_error` has kept, where that is so for every element that is
///   missing. One that has no such value has to be waited for, and the others come with it;
/// - by `audit` the body gets, with the elements that are missing, that part of those that are not.
///
/// Tags are those of all elements, so they cannot name the list. Parameters that are taken by value and stand in the key
/// or in a closure are cloned for the body.
///
/// # Loads in the background
///
/// With `stale_while_revalidate`, `refresh_ahead` or `soft_timeout`, a load may go on where its caller has its value
/// or is gone, on another thread. It owns what the body uses: when a load begins, and not for a hit, `self` and the
/// parameters that the body mentions are cloned. `&str` and `&[T]` are cloned too, and `&T` is where `T` is `Clone`;
/// the body sees each as the type that was declared. Of the list of a batch, a load gets the elements that it is to
/// load. So
///
/// - `Self` is `Clone` (cheap with a pool or an `Arc` inside), or the method takes `self: Arc<Self>`;
/// - what is cloned is `Send`, `Sync` and `'static`, and so, but for `Sync`, is the future of the body;
/// - nothing is borrowed mutably, neither `self` nor a parameter;
/// - closures (`ttl`, `unless`) that mention parameters get clones of these with every call; in a batch, with every load.
///
/// A `policy` cannot say this for the functions that share it. Where it has one of the three, the function says
/// `background` beside it.
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
/// A parameter that is a database transaction is an error, since what is read through it may never be committed. It is
/// known by the name of its type: `Transaction`, `DatabaseTransaction`, `PgTransaction`, `SqliteTransaction`,
/// `MySqlTransaction`. A type of your own by such a name has to be imported under another one.
#[proc_macro_attribute]
pub fn cached(args: TokenStream, item: TokenStream) -> TokenStream {
    cached::cached(args.into(), item.into()).into()
}

/// Fences keys and tags before the function's body and drops them after it, whatever it returned.
///
/// ```text
/// #[invalidates("user:<user.id>", UserByName { name: &user.name })]
/// async fn update(&self, user: &User) -> sqlx::Result<()> { ... }
/// ```
///
/// From before the body begins until it has returned, every reader of the keys loads from the database and stores
/// nothing, and no reader that began earlier can store what it loaded: a value from before the write is not served after it.
/// That is so for an `Err` as well, since an error may hide a commit.
///
/// | argument | form | meaning |
/// |---|---|---|
/// | without a name | `"user:<user.id>"`, or an expression of a type that is `CacheKey` | a key that the function makes stale; at least one, or a tag |
/// | `tags` | `tags("tenant:<tenant>")` | tags whose entries the function makes stale, all of them; each is written as a key is |
/// | `on_unavailable` | `on_unavailable = "error"` | where the keys and tags cannot be fenced, the body does not run and the function returns the cache's error; without it the write goes ahead, and other processes may serve the old value until it reaches the store. Needs `E: From<cache_runtime::Error>` |
/// | `cache` | `cache = self.cache` | which `Cache`; the process-wide one where absent |
/// | `version` | `2` | the version of the readers' entries, where they have one |
/// | `name` | `"users.update"` | label in metrics; default `module::Type::function` |
/// | `crate` | `crate = my::cache` | where the runtime is, if not at `::cache_runtime` |
///
/// Keys are written as in [`macro@cached`], but need not name every parameter: it is the readers that say what a key is
/// made of.
///
/// `<return>` is the `Ok` value, and `<return.id>` a field of it, for what is known only after an insert. Such a key, or
/// tag, is emptied after the body, which forgets a remembered `None` and takes from every load that is under way the
/// right to store what it saw. It is not fenced before: where the function fails, or its process dies, nothing says which
/// key it was.
///
/// A parameter that is a database transaction is an error, since its commit comes after the keys were dropped. Begin and
/// commit it inside the function, or use `cache.fence([..])` where it is committed: fence, commit, `settle()`.
#[proc_macro_attribute]
pub fn invalidates(args: TokenStream, item: TokenStream) -> TokenStream {
    invalidates::invalidates(args.into(), item.into()).into()
}

/// Fences keys before the function's body, and leaves what it returned in the place of one of them.
///
/// ```text
/// #[write_through(key = "user:<user.id>", ttl = 3600, invalidates("user-by-name:<user.name>"))]
/// async fn update(&self, user: &User) -> sqlx::Result<User> {
///     sqlx::query_as("update ... returning *").bind(...).fetch_one(&self.db).await
/// }
/// ```
///
/// As with [`macro@invalidates`], from before the body begins until it has returned every reader of the keys loads from
/// the database and stores nothing. Then the `Ok` value takes the entry's place, so that the next read is a hit; all other
/// keys are empty. The value is what the database now holds, so let the statement return it (`returning *`) rather
/// than trust what the function was given: a default or a trigger may have added to it.
///
/// The key is emptied instead
///
/// - where the function returns an `Err`, since an error may hide a commit, or a `None`, which a writer does not remember;
/// - where another writer of the key, in whatever process, was at work at the same time: nobody can say whose commit came
///   last, so neither value stays, and the next read loads;
/// - where the store could not be told of the write before it began, or one of the entry's tags was being invalidated.
///
/// A call that is dropped, or panics, or whose process dies, leaves the fence, which falls by itself (10 s by default):
/// the statement may have been committed, and until then nothing is cached.
///
/// It costs two round trips to the store, however many keys and tags there are: one before the body and one after it.
///
/// | argument | form | meaning |
/// |---|---|---|
/// | `key` | `"user:<user.id>"`, or an expression of a type that is `CacheKey` | the key under which readers find the value; required |
/// | `ttl` | as in [`macro@cached`]; a closure sees what is stored | for how long it is kept; required without a `policy` |
/// | `value` | <code>\|saved: &Saved\| &saved.user</code>, the path of a function, or `user` | what is stored, if not what the function returns |
/// | `invalidates` | `invalidates("user-by-name:<user.name>", ...)` | other keys that the function makes stale |
/// | `tags` | `tags("tenant:<user.tenant>", ...)` | tags that the function makes stale |
/// | `tags` | `tags = ["tenant:<user.tenant>"]` | tags that the stored entry carries: those of its readers |
/// | `jitter`, `stale_while_revalidate`, `stale_if_error` | as in [`macro@cached`] | for how long the value is kept, and spread: as for the readers |
/// | `codec`, `compress`, `max_bytes` | as in [`macro@cached`] | how the value is written: as for the readers |
/// | `policy` | `policy = USERS` | the constant that the readers use; other arguments override it |
/// | `on_unavailable` | `on_unavailable = "error"` | where the keys and tags cannot be fenced, the body does not run and the function returns the cache's error; without it the write goes ahead, and other processes may serve the old value until it reaches the store. Needs `E: From<cache_runtime::Error>` |
/// | `cache` | `cache = self.cache` | which `Cache`; the process-wide one where absent |
/// | `version` | `2` | the version of the readers' entries, where they have one |
/// | `name` | `"users.update"` | label in metrics; default `module::Type::function` |
/// | `crate` | `crate = my::cache` | where the runtime is, if not at `::cache_runtime` |
///
/// # The value
///
/// Readers find what was stored as if they had loaded it, so it is of the type that they return, or that without its
/// `Option` or `Result`. Where the function returns something else, `value` says what is stored:
///
/// - A closure, or the path of a function, is asked of the `Ok` value after the body: `value = |saved: &Saved|
///   &saved.user`, `value = Saved::user`. It gives a reference or a value, or an `Option` of either, of which a `None`
///   stores nothing. It sees the parameters that the body has not taken: `value = |rows: &u64| (*rows == 1).then_some(user)`.
/// - Anything else is an expression over the parameters: `value = user`. It is evaluated and written down before the
///   body, which may then move the parameters; nothing is cloned. The value is stored if the body returns anything but an
///   `Err` or a `None`. So a function that returns `()` can say what it has written.
///
/// A function that returns `()` and does not say so does not compile.
///
/// # Keys
///
/// Keys and tags are written as in [`macro@cached`], but need not name every parameter: it is the readers that say what a
/// key is made of.
///
/// `<return>` is the `Ok` value, and `<return.id>` a field of it, for what is known only after an insert:
///
/// ```text
/// #[write_through(key = "user:<return.id>", ttl = 3600, tags("tenant:<new.tenant>"))]
/// async fn insert(&self, new: &NewUser) -> sqlx::Result<User> { ... }
/// ```
///
/// Such a key cannot be fenced before the insert, so another writer may have changed the row between its commit and
/// anything that is stored after it; a value that was put then could be older than the row. Therefore the key is
/// *emptied* after the body, and the value is not stored: the next read loads it. That takes away a `None` that was
/// remembered, and from every load that is under way the right to store what it saw. Other keys and tags that name
/// the result are emptied as well; those that do not are fenced as always. Where the function fails, or its process dies,
/// nothing says which key it was, and a remembered `None` stands until its `negative_ttl` is over.
///
/// A parameter that is a database transaction is an error, since its commit comes after the value was left in the cache.
/// Begin and commit it inside the function, or use `cache.fence([..])` where it is committed: fence, commit, `settle()`.
#[proc_macro_attribute]
pub fn write_through(args: TokenStream, item: TokenStream) -> TokenStream {
    write_through::write_through(args.into(), item.into()).into()
}

/// Makes a function that writes a batch the slow half of a pair: beside it comes one that accepts a single value, which
/// readers have at once.
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
/// The attribute leaves `save_all` as it is, and adds three functions beside it, as visible as it is:
///
/// | function | is |
/// |---|---|
/// | `async fn save(&self, user: &User) -> Result<(), cache_runtime::Error>` | one half: see `WriteBehind::write` |
/// | `fn save_flusher(&self) -> Flusher` | the other half: a task that calls `save_all` with what has been accepted; see `WriteBehind::flusher` |
/// | `fn save_queue(&self) -> WriteBehind<User>` | the queue between them: its length, its dead letters, what a crash would lose |
///
/// | argument | form | meaning |
/// |---|---|---|
/// | `queue` | `"users"` | the queue's name in the store, the same in every process and version that shares it; required |
/// | `key` | `"user:<user.id>"`, or an expression of a type that is `CacheKey` | what one value is read under; required |
/// | `ttl` | `3600` (seconds), `"1h30m"`, or an expression that is a `Duration` or a number of seconds | for how long a value is kept once it is in the database; required, unless `policy` says it |
/// | `enqueue` | `save(user)` | the name of the half that accepts one value, and the value's in the key; required |
/// | `batch` | `500` | how many values `save_all` gets at most |
/// | `linger` | `"50ms"` | how long the first of a batch waits for others |
/// | `capacity` | `100_000` | how many may wait, in all processes together; a full queue makes `save` wait |
/// | `wait` | `"5s"` | for how long `save` waits, for room or for a slow store to acknowledge it, before it fails |
/// | `attempts` | `5` | how often a batch is tried before what the database refuses is singled out |
/// | `patience` | `"15m"` | for how long a database that takes nothing is thought to be away |
/// | `lease` | `"5s"` | how soon after a flusher's death another one takes its place |
/// | `tags` | `["tenant:<user.tenant>"]` | tags that the entry carries once it is in the database, as its readers say; a tag of lists is made stale by the batch function, with `cache.fence_tags(...)` around its statement |
/// | `policy`, `codec`, `compress`, `max_bytes`, `jitter`, `stale_while_revalidate`, `stale_if_error` | as in [`macro@cached`] | as its readers have them; a value over `max_bytes` waits in the queue like any other, and is not kept afterwards |
/// | `cache`, `version`, `name`, `crate` | as in [`macro@cached`] | the default name is that of `save` |
///
/// # The function
///
/// It is an `async fn`, free or a method, that takes one `Vec` and returns a `Result`. It is called with the last value of
/// each key, in the order in which they were accepted, once at a time, and again if it fails: writes that come twice have
/// to do no harm, as with an upsert. With a `Vec<Queued<User>>` each value comes with its place in the queue, by which the
/// database can refuse what comes too late: `WHERE users.seq < excluded.seq`.
///
/// A method takes `&self`, of a type that is `Clone`, since the flusher keeps a clone; or `self: Arc<Self>` or
/// `self: &Arc<Self>`, and the flusher is started on the `Arc`. It stands in an `impl` of the type's own.
///
/// It can be called directly too, as when the store cannot be reached and `save` has failed; see `WriteBehind` for what
/// that means to the order of writes.
#[proc_macro_attribute]
pub fn write_behind(args: TokenStream, item: TokenStream) -> TokenStream {
    write_behind::write_behind(args.into(), item.into()).into()
}

/// Makes a struct a key, by a template that its fields fill.
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
/// The template is that of [`macro@cached`], with fields for parameters: `<id>`, `<owner.id>`, and `<0>` in a tuple
/// struct. Every field is in the template or says `#[cache_key(skip)]`, and is a `KeyPart` if it is in it. Where the runtime is
/// not at `::cache_runtime`, say `#[cache_key("...", crate = my::cache)]`.
///
/// # What is under the key
///
/// ```text
/// #[derive(CacheKey)]
/// #[cache_key("user:<id>", value = User)]
/// struct UserKey { id: u64 }
/// ```
///
/// Then nothing but a `User` can be read or written under the key: a function that caches an `Order` under it
/// does not compile. `Option<User>`, `Box<User>` and `Arc<User>` are stored as a `User`, and go as well. Without `value`,
/// any value may be there.
///
/// A struct that is the value itself says `value = Self`, and its fields outside the template need no `skip`:
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

/// Lets a newtype or a field-less enum fill a placeholder of a key.
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
/// A struct with one field is written as that field is; a `PhantomData` beside it does not count. An enum is written as
/// the name of its variant, so a variant that is renamed is another key. Where the runtime is not at
/// `::cache_runtime`, say `#[key_part(crate = my::cache)]`.
#[proc_macro_derive(KeyPart, attributes(key_part))]
pub fn key_part(input: TokenStream) -> TokenStream {
    derive::key_part::derive(input.into()).into()
}

/// Gives a type a fingerprint: a number that changes with the layout in which it is stored.
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
/// What counts, in this order: whether it is a struct or an enum; the fields' names and types; the variants; and those
/// of its `#[serde(...)]` attributes that change what is written. A field with `#[serde(skip)]` does not count, nor do the name of
/// the type, documentation and visibility.
///
/// A field's type counts by its name as it is written there, and, where it is a `CacheValue` itself, by its fingerprint: where
/// `Address` derives `CacheValue`, `User` changes with it, and so it does where the field is a `Vec<Address>` or a tuple with
/// one. So does the type in `#[serde(into = "...")]` and its like. What is in a type of another crate, and
/// what a function in `#[serde(with = "...")]` writes, is not known here: a change in there wants another `version`.
///
/// A generic type is a `CacheValue` where its type parameters are, as far as something of them is stored.
///
/// A type may hold itself, as in `children: Vec<Tree>`. Where two types hold each other, the compiler finds a cycle:
/// `#[cache_value(by_name)]` on a field of one of them lets that field count by its type's name alone.
///
/// Where the runtime is not at `::cache_runtime`, say `#[cache_value(crate = my::cache)]`.
#[proc_macro_derive(CacheValue, attributes(cache_value))]
pub fn cache_value(input: TokenStream) -> TokenStream {
    derive::cache_value::derive(input.into()).into()
}
