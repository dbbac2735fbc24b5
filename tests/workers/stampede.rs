//! One of several processes that call the same cached function at once.
//!
//! Arguments: the server's URL, the source's address, the name of this process there, the number of callers.
//! It says `waiting` when all of them wait for the value, and at the end how many have got which one.

use std::{collections::BTreeMap, env, error::Error, net::SocketAddr};

use cache_runtime::{Cache, cached};
use cache_tests::{
    herd::{Herd, missed},
    source,
    stores::patient_cache,
};

/// The lease is short, so that a test need not wait long for that of a process it has killed.
#[cached(key = "row:<id>", ttl = 60, lock(lease = "500ms", wait = "10s"), cache = cache,
    skip(cache, source, client), name = "row")]
async fn row(cache: &Cache, source: SocketAddr, client: u32, id: u64) -> Result<u64, String> {
    source::ask(source, client).await.map_err(|e| e.to_string())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, source, client, callers] = &*arguments else {
        return Err("usage: stampede-worker <redis url> <source> <name> <callers>".into());
    };
    let (source, client, callers) = (source.parse()?, client.parse()?, callers.parse()?);

    let cache = patient_cache(url).await;
    let herd = Herd::of(callers, || {
        let cache = cache.clone();
        async move { row(&cache, source, client, 1).await }
    });
    missed(&cache, "row", callers as u64).await;
    println!("waiting");

    let mut answers = BTreeMap::new();
    for answer in herd.answers().await {
        *answers.entry(answer?).or_insert(0) += 1;
    }
    println!("answers {answers:?}");
    Ok(())
}
