//! One of several processes that write behind, or flush what others have written, until they are killed.
//!
//! | arguments | what it does |
//! |---|---|
//! | `write <redis> <first row> <rows> <first version>` | writes rows, says `w <row> <version>` for each that was accepted, and `stale …` where a row does not read as it was written; told `quiesce`, it ends and says `quiet` |
//! | `flush <redis> <database> <batch>` | flushes into the database; says `leads` and `stands by` |
//! | `step <redis> <database> <linger in ms>` | the same step by step: says `begin <writes>` and waits for `commit`, says `committed` and waits for `return` |

use std::{
    env,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cache_runtime::{Cache, Flusher, Policy, Queued, WriteBehind};
use cache_tests::{
    sqlite::Rows,
    table::{Row, key},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    sync::{Mutex, mpsc},
    task::JoinSet,
    time::sleep,
};

const ROWS: Policy = Policy::ttl(3600);

/// Writers that write at once, each rows of its own.
const TASKS: u64 = 32;

/// Between two writes of one of them, at most, in milliseconds: faults are to strike amid writes, not after them.
const PACE: u64 = 60;

/// Soon enough for a test, and longer than a busy machine stops a process.
const LEASE: Duration = Duration::from_millis(1500);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["write", url, first, rows, version] => {
            write(url, first.parse()?, rows.parse()?, version.parse()?).await
        }
        ["flush", url, database, batch] => flush(url, database, batch.parse()?).await,
        ["step", url, database, linger] => step(url, database, linger.parse()?).await,
        _ => Err("usage: behind-worker write|flush|step …".into()),
    }
}

async fn queue(url: &str) -> Result<(Cache, WriteBehind<Row>), cache_runtime::Error> {
    let cache = Cache::builder().url(url).deadline(Duration::from_secs(2)).build().await?;
    let queue = cache.write_behind("rows", &ROWS).linger(Duration::from_millis(20)).lease(LEASE);
    Ok((cache, queue))
}

async fn write(url: &str, first: u64, rows: u64, version: u64) -> Result<(), Box<dyn Error>> {
    let (cache, queue) = queue(url).await?;
    let quiesce = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (cache, queue, quiesce) = (cache.clone(), queue.clone(), Arc::clone(&quiesce));
        let rows = (first + task..first + rows).step_by(TASKS as usize).collect();
        tasks.spawn(async move { write_rows(cache, queue, rows, version, &quiesce).await });
    }
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        assert_eq!(line, "quiesce");
        quiesce.store(true, Ordering::SeqCst);
        while let Some(ended) = tasks.join_next().await {
            ended?;
        }
        println!("quiet");
    }
    Ok(())
}

async fn write_rows(
    cache: Cache,
    queue: WriteBehind<Row>,
    rows: Vec<u64>,
    mut version: u64,
    quiesce: &AtomicBool,
) {
    // Some rows are written again and again, and most of them once in a while: what is lost of those, no later
    // write hides.
    let hot = &rows[..rows.len().min(3)];
    let mut cold = rows.iter().cycle().skip(fastrand::usize(..rows.len()));
    while !quiesce.load(Ordering::SeqCst) {
        let id = if fastrand::bool() { fastrand::choice(hot) } else { cold.next() };
        let id = *id.expect("each task has rows");
        version += 1;
        if queue.write(key(id), &Row { id, version }).await.is_err() {
            // Nobody knows whether it was accepted. The next one is newer in any case.
            sleep(Duration::from_millis(20)).await;
            continue;
        }
        println!("w {id} {version}");
        sleep(Duration::from_millis(fastrand::u64(..PACE))).await;
        if fastrand::u8(..8) == 0
            && let Ok(read) = cache.get::<Row>(key(id)).await
            && read != Some(Row { id, version })
        {
            println!("stale row {id} of version {version} reads as {read:?}");
        }
    }
}

async fn flush(url: &str, database: &str, batch: usize) -> Result<(), Box<dyn Error>> {
    let (_, queue) = queue(url).await?;
    let queue = queue.batch(batch);
    let rows = Arc::new(Rows::open(database).await?);
    tokio::spawn(announce(queue.flusher(move |batch: Vec<Queued<Row>>| {
        let rows = Arc::clone(&rows);
        async move { rows.upsert(&batch).await }
    })));
    // Until it is killed, or left alone.
    while BufReader::new(stdin()).lines().next_line().await?.is_some() {}
    Ok(())
}

async fn step(url: &str, database: &str, linger: u64) -> Result<(), Box<dyn Error>> {
    let (_, queue) = queue(url).await?;
    let rows = Arc::new(Rows::open(database).await?);
    let (says, said) = mpsc::unbounded_channel::<String>();
    let said = Arc::new(Mutex::new(said));
    let queue = queue.linger(Duration::from_millis(linger));
    let flusher = queue.flusher(move |batch: Vec<Queued<Row>>| {
        let (rows, said) = (Arc::clone(&rows), Arc::clone(&said));
        async move {
            let mut said = said.lock().await;
            println!("begin {}", batch.len());
            assert_eq!(said.recv().await.as_deref(), Some("commit"));
            let written = rows.upsert(&batch).await;
            println!("committed");
            assert_eq!(said.recv().await.as_deref(), Some("return"));
            written
        }
    });
    tokio::spawn(announce(flusher));
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        says.send(line)?;
    }
    Ok(())
}

/// Says whether the flusher leads, whenever that changes.
async fn announce(flusher: Flusher) {
    let mut leads = false;
    loop {
        if flusher.leads() != leads {
            leads = !leads;
            println!("{}", if leads { "leads" } else { "stands by" });
        }
        sleep(Duration::from_millis(5)).await;
    }
}
