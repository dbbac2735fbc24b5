//! The hit rate of a full embedded store on recorded requests, beside that of `moka` with room for as many values.
//!
//! `cargo bench -p cache-runtime --bench hit_rate -- FILE…`: traces of the ARC paper (`start count x x` a line), plain or
//! compressed by zstd. Each request is `get_or_load` here, and `get`, then `insert` on a miss, there.

use std::{
    env,
    error::Error,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    time::Instant,
};

use cache_runtime::{Cache, Policy};

const CAPACITIES: [u64; 6] = [1_024, 4_096, 16_384, 65_536, 100_000, 262_144];

const DAY: Policy = Policy::ttl(86_400).name("page");

/// The pages that were asked for, in order.
fn requests(path: &Path) -> Result<Vec<u64>, Box<dyn Error>> {
    let file = File::open(path)?;
    let reader: Box<dyn Read> = match path.extension().is_some_and(|ending| ending == "zst") {
        true => Box::new(zstd::Decoder::new(file)?),
        false => Box::new(file),
    };
    let mut pages = Vec::new();
    for line in BufReader::new(reader).lines() {
        let line = line?;
        let mut fields = line.split_ascii_whitespace().map(str::parse::<u64>);
        if let (Some(start), Some(count)) = (fields.next(), fields.next()) {
            let start = start?;
            pages.extend(start..start + count?);
        }
    }
    Ok(pages)
}

/// The hits of `answers`, in percent of the requests, and the time of each.
fn rate(pages: &[u64], mut answers: impl FnMut(u64) -> bool) -> (f64, u128) {
    let began = Instant::now();
    let hits = pages.iter().filter(|page| answers(**page)).count();
    let each = began.elapsed().as_nanos() / pages.len() as u128;
    (100.0 * hits as f64 / pages.len() as f64, each)
}

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo bench` adds `--bench`.
    let files: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    if files.is_empty() {
        return Err("name one or several traces, such as P3.lis.zst".into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    println!("{:<16}{:>10}{:>18}{:>18}", "trace", "values", "embedded store", "moka");
    for file in files {
        let path = Path::new(&file);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let pages = requests(path)?;
        for capacity in CAPACITIES {
            let url = format!("memory://?max_bytes=1GiB&capacity={capacity}");
            let cache = runtime.block_on(Cache::connect(&url))?;
            let ours = rate(&pages, |page| {
                let mut hit = true;
                let load = async || {
                    hit = false;
                    Some(page)
                };
                runtime.block_on(cache.get_or_load(format!("page:{page}"), &DAY, load));
                hit
            });
            let moka = moka::sync::Cache::builder().max_capacity(capacity).build();
            let theirs = rate(&pages, |page| {
                let hit = moka.get(&page).is_some();
                if !hit {
                    moka.insert(page, page);
                }
                hit
            });
            let shown = |(rate, each): (f64, u128)| format!("{rate:.2} %{each:>7} ns");
            println!("{name:<16}{capacity:>10}{:>18}{:>18}", shown(ours), shown(theirs));
        }
    }
    Ok(())
}
