//! Hits from the memory of the process: what they cost, and what they see of a write by another process.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use cache_examples::cache;
use cache_runtime::{Cache, cached, invalidates};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Article {
    id: u64,
    version: u64,
    text: String,
}

/// The articles, as one process sees them. The database is shared.
struct Articles {
    cache: Cache,
    version: Arc<AtomicU64>,
    queries: Arc<AtomicU64>,
}

impl Articles {
    /// Without `local`, each hit is a round trip, and is decoded.
    #[cached(key = "article:<id>", ttl = 3600, lock, cache = self.cache, name = "remote")]
    async fn remote(&self, id: u64) -> Article {
        self.query(id)
    }

    /// With it, callers get the same `Arc`.
    #[cached(key = "article:<id>", ttl = 3600, lock, local, cache = self.cache, name = "local")]
    async fn local(&self, id: u64) -> Arc<Article> {
        Arc::new(self.query(id))
    }

    #[invalidates("article:<id>", cache = self.cache)]
    async fn edit(&self, id: u64) -> u64 {
        _ = id;
        self.version.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Stands for a query.
    fn query(&self, id: u64) -> Article {
        self.queries.fetch_add(1, Ordering::SeqCst);
        let version = self.version.load(Ordering::SeqCst);
        Article { id, version, text: "What is cached, and where? ".repeat(40) }
    }
}

const HITS: u32 = 20_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (version, queries) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let process = async || -> Result<Articles, Box<dyn Error>> {
        let (version, queries) = (Arc::clone(&version), Arc::clone(&queries));
        Ok(Articles { cache: cache("local").await?, version, queries })
    };
    // Over Redis these are as good as two processes. The embedded store is one process's.
    let reader = process().await?;
    let writer = match reader.cache.stats().store.kind.as_str() {
        "memory" => Articles { cache: reader.cache.clone(), ..process().await? },
        _ => process().await?,
    };

    let began = Instant::now();
    for _ in 0..HITS {
        reader.remote(1).await;
    }
    let remote = began.elapsed() / HITS;
    // The first hits fetch the copy.
    let local =
        |articles: &Articles| articles.cache.stats().function("local").map_or(0, |f| f.local_hits);
    let mut calls = 0;
    while local(&reader) == 0 && calls < HITS {
        reader.local(1).await;
        calls += 1;
    }
    let began = Instant::now();
    for _ in 0..HITS {
        reader.local(1).await;
    }
    println!("a hit takes {remote:?}, and a local one {:?}", began.elapsed() / HITS);

    for _ in 0..3 {
        let written = writer.edit(1).await;
        let began = Instant::now();
        let mut read = reader.local(1).await;
        let mut behind = 0;
        while read.version != written {
            behind += 1;
            read = reader.local(1).await;
        }
        println!(
            "version {written} of article {} ({} bytes): read {:?} after it was written, after {behind} older ones",
            read.id,
            read.text.len(),
            began.elapsed()
        );
    }
    println!("\n{}", reader.cache.stats());
    println!("queries: {}", queries.load(Ordering::SeqCst));
    Ok(())
}
