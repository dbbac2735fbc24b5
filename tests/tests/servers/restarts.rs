//! Servers that come back with an earlier state than the one that they have confirmed: nothing that they held is believed.

mod claims;
mod queues;
mod values;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use cache_runtime::{Cache, cached, invalidates};
use cache_tests::{
    server::{Files, RedisServer},
    stores::{HASTE, built},
};

/// How a server persists, and is brought back to an earlier state.
#[derive(Clone, Copy, Debug)]
enum Persistence {
    /// By snapshots. It is killed, and comes back with the last one.
    Snapshot,
    /// By a log that is on the disk before it answers. An earlier copy of its files is put back.
    Log,
}

const BOTH: [Persistence; 2] = [Persistence::Snapshot, Persistence::Log];

impl Persistence {
    fn settings(self) -> &'static [&'static str] {
        match self {
            Persistence::Snapshot => &["--save", "3600 1 300 100 60 10000"],
            Persistence::Log => &["--save", "", "--appendonly", "yes", "--appendfsync", "always"],
        }
    }
}

/// A server that can fall back.
struct Fallen {
    server: RedisServer,
    persistence: Persistence,
    saved: Option<Files>,
}

impl Fallen {
    fn start(persistence: Persistence) -> Fallen {
        let server = RedisServer::start_with(persistence.settings());
        Fallen { server, persistence, saved: None }
    }

    /// It may fall back to what it holds now.
    fn save(&mut self) {
        match self.persistence {
            Persistence::Snapshot => assert_eq!(self.server.command(&["SAVE"]), "+OK\r\n"),
            Persistence::Log => self.saved = Some(self.server.copy_files()),
        }
    }

    /// It is killed, and holds again what it held then.
    fn fall_back(&mut self) {
        self.server.kill();
        if let Some(saved) = &self.saved {
            self.server.put_files_back(saved);
        }
        self.server.start_again(self.persistence.settings());
    }

    async fn cache(&self, namespace: Option<&str>) -> Cache {
        self.cache_at("", namespace).await
    }

    async fn cache_at(&self, query: &str, namespace: Option<&str>) -> Cache {
        let url = format!("{}{query}", self.server.url());
        // So that the fence of a writer falls within a test that has it come back.
        let builder = Cache::builder().url(&url).deadline(HASTE).fence_time(Duration::from_secs(2));
        built(namespace.into_iter().fold(builder, cache_runtime::Builder::namespace)).await
    }
}

/// The source is away.
#[derive(Clone, Debug, PartialEq)]
struct Away;

/// Rows, each with its version, and the functions that read them.
#[derive(Clone, Debug, Default)]
struct Rows {
    versions: Arc<Mutex<HashMap<u64, u64>>>,
    loads: Arc<AtomicU64>,
    away: Arc<AtomicBool>,
}

/// One row for each function, so that none is answered by another's entry.
const PLAIN: u64 = 1;
const TAGGED: u64 = 2;
const LOCKED: u64 = 3;
const BATCH: [u64; 2] = [4, 5];
const REVALIDATED: u64 = 6;
const FALLBACK: u64 = 7;

impl Rows {
    fn load(&self, id: u64) -> Result<u64, Away> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        match self.away.load(Ordering::SeqCst) {
            true => Err(Away),
            false => Ok(self.current(id)),
        }
    }

    fn current(&self, id: u64) -> u64 {
        *self.versions.lock().expect("nobody panics here").entry(id).or_insert(1)
    }

    fn loads(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }

    #[cached(key = "plain:<id>", ttl = 3600, cache = cache)]
    async fn plain(&self, cache: &Cache, id: u64) -> Result<u64, Away> {
        self.load(id)
    }

    #[cached(key = "plain:<id>", tags = ["group"], ttl = 3600, cache = cache)]
    async fn tagged(&self, cache: &Cache, id: u64) -> Result<u64, Away> {
        self.load(id)
    }

    #[cached(key = "plain:<id>", ttl = 3600, lock, cache = cache)]
    async fn locked(&self, cache: &Cache, id: u64) -> Result<u64, Away> {
        self.load(id)
    }

    #[cached(key = "plain:<ids>", each = ids, ttl = 3600, cache = cache)]
    async fn batch(&self, cache: &Cache, ids: &[u64]) -> Result<HashMap<u64, u64>, Away> {
        ids.iter().map(|&id| Ok((id, self.load(id)?))).collect()
    }

    #[cached(key = "plain:<id>", ttl = "20ms", stale_while_revalidate = 3600, cache = cache)]
    async fn revalidated(&self, cache: &Cache, id: u64) -> Result<u64, Away> {
        self.load(id)
    }

    #[cached(key = "plain:<id>", ttl = "20ms", stale_if_error = 3600, cache = cache)]
    async fn fallback(&self, cache: &Cache, id: u64) -> Result<u64, Away> {
        self.load(id)
    }

    #[invalidates("plain:<id>", cache = cache)]
    async fn update(&self, cache: &Cache, id: u64) -> Result<(), Away> {
        *self.versions.lock().expect("nobody panics here").entry(id).or_insert(1) += 1;
        Ok(())
    }

    /// A write that ends the entry by its tag.
    #[invalidates(tags("group"), cache = cache)]
    async fn update_group(&self, cache: &Cache, id: u64) -> Result<(), Away> {
        *self.versions.lock().expect("nobody panics here").entry(id).or_insert(1) += 1;
        Ok(())
    }
}
