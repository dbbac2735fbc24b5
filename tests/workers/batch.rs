//! One of several processes that ask for the same rows at once.
//!
//! Arguments: the server's URL, the source's address, the name of this process there, the number of callers.
//! It says `waiting` when all of them have missed, and at the end how many have got which rows.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    env,
    error::Error,
    net::SocketAddr,
    time::Duration,
};

use cache_runtime::Policy;
use cache_tests::{
    herd::{Herd, missed},
    source,
    stores::patient_cache,
};

/// The lease outlasts a process that a busy machine holds up: a lapsed one costs a second load.
const ROWS: Policy = Policy::ttl(60).lease(Duration::from_secs(30)).name("rows");
const IDS: [u64; 20] = [3, 1, 4, 15, 9, 2, 6, 5, 35, 8, 97, 93, 23, 84, 62, 64, 33, 83, 27, 95];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, source, client, callers] = &*arguments else {
        return Err("usage: batch-worker <redis url> <source> <name> <callers>".into());
    };
    let source: SocketAddr = source.parse()?;
    let (client, callers): (u32, usize) = (client.parse()?, callers.parse()?);

    let cache = patient_cache(url).await;
    let herd = Herd::of(callers, || {
        let cache = cache.clone();
        async move {
            let load = async |ids: Vec<u64>| {
                let value = source::ask(source, client).await.map_err(|e| e.to_string())?;
                Ok::<HashMap<u64, u64>, String>(ids.into_iter().map(|id| (id, value)).collect())
            };
            cache.get_or_load_many(&IDS, |id| format!("row:{id}"), &ROWS, load).await
        }
    });
    missed(&cache, "rows", (callers * IDS.len()) as u64).await;
    println!("waiting");

    let mut answers = BTreeMap::new();
    for answer in herd.answers().await {
        let rows: BTreeMap<u64, u64> = answer?.into_iter().collect();
        assert!(rows.keys().copied().eq(BTreeSet::from(IDS)));
        *answers.entry(rows).or_insert(0) += 1;
    }
    for (rows, callers) in answers {
        println!("{callers} callers have {rows:?}");
    }
    Ok(())
}
