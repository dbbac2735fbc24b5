//! Annotation-based caching for async Rust, over Redis or an embedded store.
//!
//! ```
//! use cache_runtime::{Cache, CacheKey, cached, invalidates};
//!
//! #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
//! struct User { id: u64, name: String }
//!
//! #[derive(CacheKey)]
//! #[cache_key("user:<id>")]
//! struct UserKey { id: u64 }
//!
//! # use std::sync::Mutex;
//! struct Users { table: Mutex<std::collections::HashMap<u64, User>> }
//!
//! impl Users {
//!     #[cached(key = "user:<id>", ttl = 3600, lock)]
//!     async fn find(&self, id: u64) -> std::io::Result<Option<User>> {
//!         Ok(self.table.lock().unwrap().get(&id).cloned()) // one SQL query
//!     }
//!
//!     #[invalidates(UserKey { id: user.id })]
//!     async fn update(&self, user: &User) -> std::io::Result<()> {
//!         self.table.lock().unwrap().insert(user.id, user.clone()); // one SQL update
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
//! # let users = Users { table: Mutex::default() };
//! # Cache::in_memory().scope(async {
//! users.update(&User { id: 42, name: "Ann".into() }).await?;
//! assert_eq!(users.find(42).await?.unwrap().name, "Ann"); // loaded
//! assert_eq!(users.find(42).await?.unwrap().name, "Ann"); // cached
//! users.update(&User { id: 42, name: "Anna".into() }).await?;
//! assert_eq!(users.find(42).await?.unwrap().name, "Anna"); // never stale
//! # Ok(()) }).await
//! # }
//! ```
//!
//! Four promises, each with its tests:
//!
//! 1. **Never stale after a write.** Once `update` has begun its write, no process serves a cached copy of the old
//!    value, and no slow reader can store one again.
//! 2. **One load.** With `lock`, a thousand callers in ten processes cost one query.
//! 3. **The cache can die.** With Redis down, hung or restarting, `find` still answers, from the database.
//! 4. **Wrong does not compile.** A key that forgets a parameter, or is ambiguous, is a compile error.
//!
//! The [guide] has a page for each question that comes after that.
//!
//! # Limits
//!
//! - A failover of Redis that loses acknowledged writes can lose an invalidation with them.
//! - An eviction policy that evicts a fence early weakens the guarantee for writers that die between their commit
//!   and their settlement. It does not weaken the guarantee for living writers.
//! - A loader that reads from a lagging replica of the database can load an old value, and the cache keeps it.
//! - A write goes ahead even if it cannot reach the store. Then this process serves no old value; other processes may,
//!   until the invalidation, which is sent again, arrives.
//! - The callers of one process wait for the one among them that loads. If that call was polled once, and is then
//!   neither polled nor dropped, they keep waiting.
//! - A value has to survive encoding and decoding. One that does not (a NaN in JSON, a field that serde skips) is loaded every
//!   time, and counted. That a value is changed can only be seen of a type that is `PartialEq`, or with `same`.
//!
//! # Features
//!
//! | feature | default | gives |
//! |---|---|---|
//! | `macros` | yes | the attributes and derives |
//! | `redis` | yes | `redis://`, `redis+sentinel://` and `redis+cluster://` URLs; without it, the embedded store only |
//! | `tls` | no | `rediss://` URLs, by rustls: [`Tls`] |
//! | `encryption` | no | `Builder::encryption`: values that the server cannot read |
//! | `msgpack`, `postcard` | no | [`Codec::MsgPack`], [`Codec::Postcard`] |
//! | `lz4`, `zstd` | no | [`Compression::Lz4`], [`Compression::Zstd`] |
//! | `metrics` | no | the [metrics](guide::watching), for a recorder of the facade `metrics` |
//! | `dashboard` | no | `dashboard::Dashboard`: a web page with the statistics of a cache |
//! | `uuid`, `chrono`, `time` | no | [`KeyPart`] and [`CacheValue`] for the types of these crates |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
pub mod __private;
mod active_refreshes;
mod also;
#[cfg(feature = "redis")]
mod boot_clock;
mod builder;
mod cache;
mod codec;
mod credentials;
#[cfg(feature = "dashboard")]
pub mod dashboard;
mod declared;
mod decoded;
mod detour;
mod encoding;
mod encryption;
mod entry;
mod error;
mod expiry;
mod explain;
mod fences;
mod flight;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(all(test, not(fuzzing)))]
mod fuzzing;
mod global;
mod guard;
pub mod guide;
mod keep;
mod key;
mod lease;
mod look;
pub mod outbox;
mod policy;
// Read by the model check, a package of its own, so that it can be optimised.
#[doc(hidden)]
pub mod protocol;
mod read;
mod read_through;
mod return_shape;
mod shared;
mod stats;
mod stop;
mod store;
mod store_op;
mod striped;
mod tag_version;
mod tagged;
pub mod telemetry;
mod time;
pub mod transaction;
mod value;
mod write;
mod write_behind;

#[cfg(feature = "encryption")]
pub use self::encryption::KeyRing;
#[doc(hidden)]
pub use self::return_shape::{LoadedList, Rows, Shape};
pub use self::{
    also::{also_invalidate, also_invalidate_tag},
    builder::{Builder, Tls},
    cache::{Cache, WithPolicy},
    credentials::Credentials,
    declared::Mismatches,
    encoding::{Codec, Compression},
    error::Error,
    explain::{Explanation, KeyStatus, TagExplanation, TagStatus},
    global::set_global,
    key::{AcceptsValue, AnyValue, CacheKey, KeyOf, KeyPart, KeyWriter, stored_key},
    policy::Policy,
    read_through::{Loader, ReadThrough},
    return_shape::{Loaded, LoadedRows},
    shared::BackgroundLoad,
    stats::{
        Breaker, FunctionStats, Latency, NotStored, NotStoredCounts, OutboxStats, Stats, StoreStats,
    },
    store::queue::Durability,
    tagged::{ByValue, Compared, Tagged},
    time::IntoTtl,
    transaction::{Transaction, transaction},
    value::CacheValue,
    write::Fence,
    write_behind::{BatchItem, DeadLetter, Flusher, Queued, WriteBehind},
};
#[cfg(feature = "macros")]
pub use cache_macros::{
    CacheKey, CacheValue, KeyPart, cached, invalidates, write_behind, write_through,
};
