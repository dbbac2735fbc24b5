//! One of several processes that call for a value that expires under them.
//!
//! Arguments: the server's URL, the source's address, the name of this process there, the number of callers.
//! Told `call`, all of them call at once, and it says how many have got which value.

use std::{collections::BTreeMap, env, error::Error, net::SocketAddr, time::Duration};

use cache_runtime::{Cache, Policy};
use cache_tests::{herd::Herd, source, stores::patient_cache};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

const ROW: Policy = Policy::ttl_duration(Duration::from_millis(200))
    .lease(Duration::from_secs(30))
    .stale_while_revalidate(3600)
    .name("row");

async fn row(cache: &Cache, source: SocketAddr, client: u32) -> Result<u64, String> {
    let load = move || async move { source::ask(source, client).await.map_err(|e| e.to_string()) };
    cache.get_or_load_owned("row:1", &ROW, load).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, source, client, callers] = &*arguments else {
        return Err("usage: fresh-worker <redis url> <source> <name> <callers>".into());
    };
    let (source, client, callers) = (source.parse()?, client.parse()?, callers.parse()?);
    let cache = patient_cache(url).await;
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        assert_eq!(line, "call");
        let herd = Herd::of(callers, || {
            let cache = cache.clone();
            async move { row(&cache, source, client).await }
        });
        let mut answers = BTreeMap::new();
        for answer in herd.answers().await {
            *answers.entry(answer?).or_insert(0) += 1;
        }
        println!("answers {answers:?}");
    }
    Ok(())
}
