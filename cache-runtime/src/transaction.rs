//! Transactions: the scope within which a caller's reads go past every cache, and whose writers settle after its commit.
//!
//! [`transaction`] runs a future in such a scope.

mod scope;

use std::{
    fmt,
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

pub(crate) use self::scope::{Fenced, Scope};

tokio::task_local! {
    /// None where [`outside`] hides the scope.
    static CURRENT: Option<Arc<Scope>>;
}

/// How many scopes there are in this process. While there is none, a call need not look for its own.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Runs `future`, within which a database transaction begins and is committed or rolled back.
///
/// A transaction sees what it has written itself and what may never be committed, and its writes take effect at the commit
/// and not when a function returns. So within the scope, on any cache:
///
/// - **Reads go past the cache.** Functions with `#[cached]`, [`get_or_load`](crate::Cache::get_or_load) and the other
///   reads run their loads. They store nothing, share no load with other callers, and start nothing in the background.
///   [`Cache::get`](crate::Cache::get) finds nothing.
/// - **Writers fence at once, and settle together after the future**, whatever it returned: `#[invalidates]`,
///   `#[write_through]` and the functions of a [`Cache`](crate::Cache) that invalidate or fence. Each key is fenced once,
///   however many functions write to it. A write-through leaves no value.
/// - **`put` and write-behind are refused** with [`Error::Transaction`](crate::Error::Transaction), since neither can be
///   rolled back.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use cache_runtime::{Cache, invalidates, transaction};
///
/// # #[derive(Clone)] struct Db;
/// # struct Tx;
/// # impl Db { async fn begin(&self) -> std::io::Result<Tx> { Ok(Tx) } }
/// # impl Tx { async fn commit(self) -> std::io::Result<()> { Ok(()) } }
/// #[invalidates("account:<id>", cache = cache)]
/// async fn add(cache: &Cache, id: u64, amount: i64) -> std::io::Result<()> {
///     Ok(()) // UPDATE accounts SET balance = balance + $2 WHERE id = $1
/// }
///
/// # async fn transfer(cache: &Cache, db: &Db) -> std::io::Result<()> {
/// transaction(async {
///     let tx = db.begin().await?;
///     add(cache, 1, -100).await?;
///     add(cache, 2, 100).await?;
///     tx.commit().await
/// })
/// .await
/// # }
/// # transfer(&Cache::in_memory(), &Db).await.unwrap();
/// # }
/// ```
///
/// It works with any database. It does not begin or commit anything itself: what counts is that the commit, or the
/// rollback, lies within `future`. A transaction that only reads, at `REPEATABLE READ` or above, belongs in a scope too: what
/// it reads may be old.
///
/// # The scope follows the task
///
/// Futures that are joined within `future` are in the scope. Tasks that it spawns are not, unless they are given the scope:
/// see [`Transaction`]. A scope within a scope is part of it: its fences are settled when the outermost one ends. For
/// reads of unrelated data, see [`outside`].
///
/// # Cancellation and panics
///
/// A scope that is dropped, or whose future panics, leaves its fences: the database may have received the commit, and may
/// yet execute it. Until a fence expires, 60 s after its last renewal
/// ([`Builder::transaction_fence_time`](crate::Builder::transaction_fence_time)), its key is loaded by every call. By then
/// the database has to have decided. For a `COMMIT` that fails without an answer, see [`commit`].
pub async fn transaction<F: Future>(future: F) -> F::Output {
    // Pinned here, so that the futures below hold a reference and not a copy each.
    let future = pin!(future);
    if current().is_some_and(|scope| scope.is_open()) {
        return future.await;
    }
    let scope = Open(Scope::new());
    let output = CURRENT.scope(Some(Arc::clone(&scope.0)), future).await;
    scope.0.settle().await;
    output
}

/// Runs `future` outside of the [scope](transaction()) that it is called in: with the cache, as if there were no transaction.
///
/// It is for reads of data that the transaction does not change, on another connection. Writers in it settle when they
/// return.
///
/// A load in it takes a second connection from the pool while the transaction holds the first. If all connections of a
/// pool are held by transactions that wait for a second one, none of them goes on: give the pool more connections than there
/// can be transactions, or read before the transaction begins.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use cache_runtime::{Cache, cached, transaction};
///
/// #[cached(key = "rate:<currency>", ttl = 3600, cache = cache)]
/// async fn rate(cache: &Cache, currency: &str) -> f64 { 1.1 }
///
/// # let cache = Cache::in_memory();
/// transaction(async {
///     let rate = transaction::outside(rate(&cache, "EUR")).await; // may be a hit
///     // … begin, write, commit …
/// })
/// .await;
/// # }
/// ```
pub async fn outside<F: Future>(future: F) -> F::Output {
    let future = pin!(future);
    match is_within() {
        true => CURRENT.scope(None, future).await,
        false => future.await,
    }
}

/// Runs a `COMMIT`, and keeps the fences of the scope for their whole time where its outcome is not known: if it returns an
/// error, or is dropped before it has returned.
///
/// A `COMMIT` whose answer is lost may be executed after the client has given up on it. A scope that was settled by then
/// would let others cache the value from before it. Wrap the commit where that can happen, which is wherever the connection
/// can be lost or the commit is under a time limit. Outside of a scope this only runs `commit`.
///
/// Where the error says that the database has rolled back, such as a serialization failure, the keys are only loaded
/// more often than they need be, for 60 s by default.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// use cache_runtime::transaction;
///
/// # struct Tx;
/// # impl Tx { async fn commit(self) -> std::io::Result<()> { Ok(()) } }
/// # let tx = Tx;
/// transaction(async {
///     // … write …
///     transaction::commit(tx.commit()).await
/// })
/// .await
/// # }
/// ```
pub async fn commit<T, E>(commit: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let unknown = Unknown(Transaction::current());
    let committed = pin!(commit).await;
    if committed.is_ok() {
        unknown.settle();
    }
    committed
}

/// A handle to the [scope](transaction()) of a transaction, to take it to tasks that the transaction spawns. Cloning is cheap,
/// and clones are the same scope.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use cache_runtime::{Cache, Transaction, transaction};
///
/// let cache = Cache::in_memory();
/// let ours = cache.clone();
/// transaction(async move {
///     let scope = Transaction::current().expect("this is a transaction");
///     let task = tokio::spawn(async move {
///         scope.run(ours.invalidate("user:42")).await; // settled with the transaction
///     });
///     task.await.unwrap();
///     // … commit …
/// })
/// .await;
/// # }
/// ```
///
/// Await the tasks within the scope. After its end a handle protects nothing: reads still go past the cache, but each
/// writer settles when it returns, and that is logged as a warning.
#[derive(Clone)]
pub struct Transaction(Arc<Scope>);

impl Transaction {
    /// The scope that the caller is in. None outside of one.
    pub fn current() -> Option<Transaction> {
        current().map(Transaction)
    }

    /// Runs `future` in this scope, whatever task it is in.
    pub async fn run<F: Future>(&self, future: F) -> F::Output {
        CURRENT.scope(Some(Arc::clone(&self.0)), pin!(future)).await
    }

    /// Says that it is not known whether the database has committed: at the end of the scope its fences are not settled, and
    /// stand until they expire. [`commit`] does this for a commit that fails.
    pub fn outcome_is_unknown(&self) {
        self.0.outcome_is_unknown();
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("open", &self.0.is_open()).finish()
    }
}

/// Whether the caller is in a scope.
#[inline]
pub(crate) fn is_within() -> bool {
    LIVE.load(Ordering::Relaxed) != 0 && has_scope()
}

#[cold]
fn has_scope() -> bool {
    CURRENT.try_with(Option::is_some).unwrap_or(false)
}

/// Whether this is the name of the type of a transaction, or of one that holds one.
pub(crate) fn is_type_of_one(name: &str) -> bool {
    const NAMES: [&str; 6] = [
        "Transaction",
        "DatabaseTransaction",
        "PgTransaction",
        "SqliteTransaction",
        "MySqlTransaction",
        "Savepoint",
    ];
    let mut words = name.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| NAMES.contains(&word))
}

/// The scope that the caller is in.
pub(crate) fn current() -> Option<Arc<Scope>> {
    if LIVE.load(Ordering::Relaxed) == 0 {
        return None;
    }
    CURRENT.try_with(Clone::clone).ok().flatten()
}

/// A scope whose future runs. Dropping it leaves what fences there are.
struct Open(Arc<Scope>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// A commit that has not returned. Dropping it says that its outcome is not known.
struct Unknown(Option<Transaction>);

impl Unknown {
    /// It is known.
    fn settle(mut self) {
        self.0 = None;
    }
}

impl Drop for Unknown {
    fn drop(&mut self) {
        if let Some(transaction) = &self.0 {
            transaction.outcome_is_unknown();
        }
    }
}

#[cfg(test)]
mod tests;
