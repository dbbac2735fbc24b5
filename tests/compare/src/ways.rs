//! The ways to get a value that is cached, each as its documentation shows it, with its default settings and a ttl of an hour.

mod by_hand;
mod cached_crate;
mod hitbox_crate;
mod memory;
mod ours;

use std::hint::black_box;

use self::{by_hand::ByHand, hitbox_crate::Hitbox, memory::Memory, ours::Ours};
use crate::source::{Failure, Source};

/// The life of every entry, in seconds.
pub(crate) const TTL: u64 = 3600;

/// One way to get a value that is cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// `#[cached]` over Redis.
    Ours,
    /// The same with `lock`.
    OursLocked,
    /// `#[cached(local)]` of an `Arc` over Redis.
    OursLocal,
    /// The same in a namespace.
    OursLocalNamespace,
    /// `#[cached(local)]` of an `Arc` over the embedded store.
    OursEmbedded,
    /// `GET`, `serde_json`, `SETEX`, over one `MultiplexedConnection`.
    ByHand,
    /// The same over a connection with the `redis` crate's client-side caching.
    ClientSide,
    /// `#[concurrent_cached(redis = true)]`.
    Cached,
    /// `#[concurrent_cached]` of an `Arc` in memory.
    CachedMemory,
    /// `#[cached(sync_writes = "by_key")]` of an `Arc` in memory.
    CachedByKey,
    /// `#[cached]` of `hitbox-fn` over `hitbox-redis`.
    Hitbox,
    /// `moka`'s `get` of an `Arc`, and `try_get_with` where there is none.
    Moka,
    /// `quick_cache`'s `get` of an `Arc`, and `get_or_insert_async` where there is none.
    Quick,
}

impl Way {
    pub const ALL: [Way; 13] = [
        Way::Ours,
        Way::OursLocked,
        Way::OursLocal,
        Way::OursLocalNamespace,
        Way::OursEmbedded,
        Way::ByHand,
        Way::ClientSide,
        Way::Cached,
        Way::CachedMemory,
        Way::CachedByKey,
        Way::Hitbox,
        Way::Moka,
        Way::Quick,
    ];

    pub fn named(name: &str) -> Option<Way> {
        Way::ALL.into_iter().find(|way| format!("{way:?}") == name)
    }

    /// What a table calls it.
    pub fn title(self) -> &'static str {
        match self {
            Way::Ours => "**`#[cached]`**",
            Way::OursLocked => "**`#[cached(lock)]`**",
            Way::OursLocal => "**`#[cached(local)]`**, Redis",
            Way::OursLocalNamespace => "**`#[cached(local)]`**, Redis, a namespace",
            Way::OursEmbedded => "**`#[cached(local)]`**, embedded store",
            Way::ByHand => "`GET`, `SETEX` by hand",
            Way::ClientSide => "`redis`, client-side caching",
            Way::Cached => "`cached`, Redis",
            Way::CachedMemory => "`cached`, in memory",
            Way::CachedByKey => "`cached`, in memory, `sync_writes = \"by_key\"`",
            Way::Hitbox => "`hitbox`, Redis",
            Way::Moka => "`moka`",
            Way::Quick => "`quick_cache`",
        }
    }
}

/// All of them, over one server.
pub struct Subject {
    ours: Ours,
    by_hand: ByHand,
    client_side: ByHand,
    hitbox: Hitbox,
    memory: Memory,
}

impl Subject {
    /// # Panics
    ///
    /// Where there is no server at `url`.
    pub async fn new(url: &str) -> &'static Subject {
        cached_crate::use_server(url);
        // It stays as long as the process.
        Box::leak(Box::new(Subject {
            ours: Ours::new(url).await,
            by_hand: ByHand::new(url).await,
            client_side: ByHand::with_client_side_caching(url).await,
            hitbox: Hitbox::new(url),
            memory: Memory::new(),
        }))
    }

    /// One call, and the `id` in the row that it was answered.
    pub async fn find(&self, way: Way, id: u64, source: Source) -> Result<u64, Failure> {
        let user = match way {
            Way::Ours => self.ours.redis.find(id, source).await?,
            Way::OursLocked => self.ours.redis.find_locked(id, source).await?,
            Way::ByHand => self.by_hand.find(id, source).await?,
            Way::ClientSide => self.client_side.find(id, source).await?,
            Way::Cached => cached_crate::find(id, source).await?,
            Way::Hitbox => self.hitbox.find(id, source).await?,
            Way::OursLocal
            | Way::OursLocalNamespace
            | Way::OursEmbedded
            | Way::CachedMemory
            | Way::CachedByKey
            | Way::Moka
            | Way::Quick => {
                let user = match way {
                    Way::OursLocal => self.ours.redis.find_local(id, source).await?,
                    Way::OursLocalNamespace => self.ours.namespace.find_local(id, source).await?,
                    Way::OursEmbedded => self.ours.embedded.find_local(id, source).await?,
                    Way::CachedMemory => cached_crate::find_in_memory(id, source).await?,
                    Way::CachedByKey => cached_crate::find_by_key(id, source).await?,
                    Way::Moka => self.memory.find_by_moka(id, source).await?,
                    _ => self.memory.find_quickly(id, source).await?,
                };
                return Ok(black_box(user).id);
            }
        };
        Ok(black_box(user).id)
    }

    /// Makes the row of a race new, and does what this way does to the cache where a row is written; whether there is such a thing.
    pub async fn write(&self, way: Way, id: u64, race: &crate::source::Race) -> bool {
        let new = async || race.version.store(1, std::sync::atomic::Ordering::SeqCst);
        match way {
            Way::Ours | Way::OursLocked => self.ours.redis.update(id, new).await,
            Way::OursLocal => self.ours.redis.update_local(id, new).await,
            Way::OursLocalNamespace => self.ours.namespace.update_local(id, new).await,
            Way::OursEmbedded => self.ours.embedded.update_local(id, new).await,
            _ => {
                new().await;
                match way {
                    Way::ByHand => self.by_hand.delete(id).await,
                    Way::ClientSide => self.client_side.delete(id).await,
                    Way::Cached => cached_crate::remove(id).await,
                    Way::CachedMemory => cached_crate::remove_in_memory(id).await,
                    Way::Moka => self.memory.forget_by_moka(id).await,
                    Way::Quick => self.memory.forget_quickly(id),
                    _ => return false,
                }
            }
        }
        true
    }
}
