//! Keys and tags that a writer learns to be stale within its body.

use crate::{cache::Cache, key::CacheKey, write};

/// Invalidates `key` with the function whose body calls it: for a key that only the row before the write knows.
///
/// It is for the body of a function with `#[invalidates]` or `#[write_through]`, and of
/// [`Cache::write_through`](crate::Cache::write_through). The key is fenced when this returns, on the cache and with the
/// version of that function, and settled with the function's other keys, whatever it returns. So call it before the write:
/// what is cached of the key until then may be served.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use cache_runtime::{Cache, CacheKey, also_invalidate, invalidates};
///
/// #[derive(CacheKey)]
/// #[cache_key("user-by-email:<email>")]
/// struct ByEmail<'a> {
///     email: &'a str,
/// }
///
/// # async fn select_email(_: u64) -> String { "old@example.org".into() }
/// #[invalidates("user:<id>", ByEmail { email })]
/// async fn change_email(id: u64, email: &str) {
///     let old = select_email(id).await;
///     also_invalidate(ByEmail { email: &old }).await;
///     // UPDATE users SET email = $2 WHERE id = $1
/// }
///
/// let cache = Cache::in_memory();
/// let old = ByEmail { email: "old@example.org" };
/// cache.put(&old, &1, 60).await;
/// cache.scope(change_email(1, "new@example.org")).await;
/// assert_eq!(cache.get::<u64>(&old).await, Ok(None));
/// # }
/// ```
///
/// The key is a struct there, because a template encodes what a separator could be taken for: `<email>` writes `@` as `%40`, and
/// `format!` does not.
///
/// Outside of such a body, the key is invalidated at once on the cache in force, and that is logged as a warning: if the write
/// is committed later, others may cache the old value until then. In a task that the body spawns, this is such a call.
///
/// # Cancellation
///
/// A call that is dropped halfway may leave the key fenced, until the fence expires.
pub async fn also_invalidate(key: impl CacheKey) {
    if !write::within::fence(|out| out.key(&key)).await {
        warn();
        Cache::current().invalidate(key).await;
    }
}

/// As [`also_invalidate`], for a tag: all entries that carry it.
///
/// # Cancellation
///
/// As [`also_invalidate`].
pub async fn also_invalidate_tag(tag: impl CacheKey) {
    if !write::within::fence_tag(|out| out.key(&tag)).await {
        warn();
        Cache::current().invalidate_tags([tag]).await;
    }
}

fn warn() {
    tracing::warn!(
        "`also_invalidate` was called outside of the body of a function with `#[invalidates]` or `#[write_through]`: its key is \
         invalidated at once, and not when the write is done"
    );
}
