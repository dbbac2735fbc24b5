//! One of several processes that read and write contended rows until they are killed:
//! `chaos-worker <cached|copied|by-hand> <redis url> <address of the rows> <rows> <seed>`. What is `copied` is written rarely, and
//! some of it is read all the time, so that most reads hit copies.
//!
//! Told `quiesce`, it ends its work and says `quiet`, but stays, since its cache may still owe the store an
//! invalidation. It goes when its standard input does.

use std::{
    env,
    error::Error,
    net::SocketAddr,
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cache_runtime::Cache;
use cache_tests::{
    by_hand::Shelf,
    chaos::{Service, Store},
    database::Database,
};
use fastrand::Rng;
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    task::JoinSet,
    time::sleep,
};

const TASKS: usize = 4;

/// One write in so many steps.
const RARELY: u32 = 128;

/// So many of the popular rows are read all the time.
const WATCHED: usize = 2;

/// How often a task reports what the cache has counted.
const REPORT_EVERY: usize = 32;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [mode, url, address, rows, seed] = &args[..] else {
        return Err(
            "usage: chaos-worker <cached|copied|by-hand> <redis> <rows' address> <rows> <seed>"
                .into(),
        );
    };
    let (address, rows): (SocketAddr, usize) = (address.parse()?, rows.parse()?);
    let mut seeds = Rng::with_seed(seed.parse()?);
    let store = match &**mode {
        "cached" | "copied" => Store::Cache(cache(url).await?),
        "by-hand" => Store::ByHand(Shelf::redis(url).await?),
        _ => return Err(format!("`{mode}` is no mode").into()),
    };

    let quiesce = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let mut service = Service::new(store.clone(), Database::connect(address).await?, rows);
        if mode == "copied" {
            service = service.writing_every(RARELY);
        }
        tasks.spawn(work(service, seeds.fork(), Arc::clone(&quiesce)));
    }
    if mode == "copied" {
        for row in 0..WATCHED {
            let service = Service::new(store.clone(), Database::connect(address).await?, rows);
            tasks.spawn(watch(service, row, Arc::clone(&quiesce)));
        }
    }
    let mut lines = BufReader::new(stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line?.as_deref() {
                Some("quiesce") => quiesce.store(true, Ordering::SeqCst),
                Some(line) => return Err(format!("`{line}` is no command").into()),
                None => return Ok(()),
            },
            Some(ended) = tasks.join_next() => {
                ended??;
                if tasks.is_empty() {
                    println!("quiet");
                }
            }
        }
    }
}

async fn cache(url: &str) -> Result<Cache, cache_runtime::Error> {
    Cache::builder()
        .url(url)
        .connections(2)
        // A machine under full load can stop a process for longer than the default of 100 ms, and a write
        // that cannot tell the store in time goes ahead.
        .deadline(Duration::from_secs(1))
        // So that the fences of killed writers fall within the test.
        .fence_time(Duration::from_secs(1))
        .build()
        .await
}

async fn work(service: Service, mut rng: Rng, quiesce: Arc<AtomicBool>) -> std::io::Result<()> {
    let mut steps = 0;
    while !quiesce.load(Ordering::SeqCst) {
        service.step(&mut rng).await?;
        steps += 1;
        if steps % REPORT_EVERY == 0 {
            service.report(process::id()).await?;
        }
    }
    service.report(process::id()).await
}

async fn watch(service: Service, row: usize, quiesce: Arc<AtomicBool>) -> std::io::Result<()> {
    while !quiesce.load(Ordering::SeqCst) {
        service.watch(row).await?;
        // Leaves the machine to the others.
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
