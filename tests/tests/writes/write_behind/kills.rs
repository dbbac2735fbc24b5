//! A flusher that dies at a known moment, and a server that does: what becomes of the writes it had.

use std::{process::Command, time::Duration};

use cache_runtime::{Cache, Error, WriteBehind};
use cache_tests::{
    dialogue::Dialogue,
    patience::{eventually, in_time},
    server::RedisServer,
    sqlite::Rows,
    stores::patient_cache,
    table::{Row, Table, key},
};

use super::{cached, queue, write};

/// A server, a database, and a flusher in a process of its own.
struct Field {
    flusher: Dialogue,
    rows: Rows,
    server: RedisServer,
    cache: Cache,
    queue: WriteBehind<Row>,
}

impl Field {
    /// Three rows are written, and the flusher waits so many milliseconds for more.
    async fn new(linger: u64) -> Field {
        let server = RedisServer::start_durable();
        let rows = Rows::create().await;
        let cache = patient_cache(&server.url()).await;
        let queue = queue(&cache);
        for id in 1..=3 {
            write(&queue, id, 1).await;
        }
        let args = ["step", &server.url(), &rows.path(), &linger.to_string()];
        let flusher = worker(&args);
        Field { flusher, rows, server, cache, queue }
    }

    /// Kills the flusher. While nobody flushes, one row is written again.
    async fn kill(mut self) -> Survivors {
        let args = ["flush", &self.server.url(), &self.rows.path(), "500"];
        let heir = worker(&args);
        std::mem::replace(&mut self.flusher, heir).kill().await.expect("it was alive");
        write(&self.queue, 1, 2).await;
        assert_eq!(cached(&self.cache, 1).await, Some(2));
        assert_eq!(cached(&self.cache, 3).await, Some(1));
        in_time("the heir", self.queue.flushed()).await;
        assert_eq!(self.queue.len().await, Ok(0));
        assert_eq!(cached(&self.cache, 1).await, Some(2));
        let history = self.rows.history().await;
        let versions =
            |id| history.iter().filter(|w| w.row.id == id).map(|w| w.row.version).collect();
        Survivors { first: versions(1), last: versions(3) }
    }
}

/// The versions of the first row, which was written again, and of the last one, as they were committed.
struct Survivors {
    first: Vec<u64>,
    last: Vec<u64>,
}

fn worker(args: &[&str]) -> Dialogue {
    Dialogue::with_process(env!("CARGO_BIN_EXE_behind-worker"), args)
        .expect("a worker can be started")
}

#[tokio::test]
async fn killed_before_a_flush() {
    let field = Field::new(3_600_000).await;
    // It has them, and waits for more.
    let taken = async || {
        let groups = field.server.command(&["XINFO", "GROUPS", "#queue:rows"]);
        groups.contains("pending\r\n:3\r\n")
    };
    eventually("the flusher to take all of them", taken).await;
    assert!(field.rows.history().await.is_empty());
    let Survivors { first, last } = field.kill().await;
    assert!([&[2][..], &[1, 2]].contains(&&first[..]), "{first:?}");
    assert_eq!(last, [1]);
}

#[tokio::test]
async fn killed_during_a_flush() {
    let mut field = Field::new(0).await;
    field.flusher.hear("begin 3").await;
    assert!(field.rows.history().await.is_empty());
    let Survivors { first, last } = field.kill().await;
    assert!([&[2][..], &[1, 2]].contains(&&first[..]), "{first:?}");
    assert_eq!(last, [1]);
}

#[tokio::test]
async fn killed_after_a_flush_and_before_its_acknowledgement() {
    let mut field = Field::new(0).await;
    field.flusher.hear("begin 3").await;
    field.flusher.say("commit").await;
    field.flusher.hear("committed").await;
    assert_eq!(field.rows.history().await.len(), 3);
    assert_eq!(field.queue.len().await, Ok(3), "nobody knows that they are in the database");
    let Survivors { first, last } = field.kill().await;
    assert!([&[1, 2][..], &[1, 1, 2]].contains(&&first[..]), "{first:?}");
    assert_eq!(last, [1, 1], "it was written twice");
}

/// Though it comes in smaller parts, of which the first would have held an older value.
#[tokio::test]
async fn a_batch_that_comes_again_takes_no_row_back() {
    let mut field = Field::new(0).await;
    field.flusher.hear("begin 3").await;
    for (id, version) in [(1, 2), (2, 2), (1, 3)] {
        write(&field.queue, id, version).await;
    }
    field.flusher.say("commit").await;
    field.flusher.say("return").await;
    field.flusher.hear("begin 2").await;
    field.flusher.say("commit").await;
    for _ in 0..2 {
        field.flusher.hear("committed").await;
    }
    let heir = worker(&["flush", &field.server.url(), &field.rows.path(), "1"]);
    std::mem::replace(&mut field.flusher, heir).kill().await.expect("it was alive");
    in_time("the heir", field.queue.flushed()).await;
    let history = field.rows.history().await;
    let of_one: Vec<_> = history.iter().filter(|w| w.row.id == 1).map(|w| w.row.version).collect();
    assert_eq!(of_one, [1, 3, 3]);
    assert_eq!(history.len(), 3 + 2 + 2);
}

/// Stopped for longer than its lease, as in a machine that sleeps.
#[tokio::test]
async fn stalled_during_a_flush() {
    let mut field = Field::new(0).await;
    field.flusher.hear("leads").await;
    field.flusher.hear("begin 3").await;
    signal(&field.flusher, "STOP");
    let heir = worker(&["flush", &field.server.url(), &field.rows.path(), "500"]);
    write(&field.queue, 1, 2).await;
    in_time("the heir", field.queue.flushed()).await;
    let written = field.rows.history().await;

    signal(&field.flusher, "CONT");
    field.flusher.hear("stands by").await;
    heir.kill().await.expect("it was alive");
    write(&field.queue, 9, 1).await;
    // It begins once the one that was under way has been dropped. Had that been about to commit, it could have:
    // only the database can compare places.
    field.flusher.hear("begin 1").await;
    assert_eq!(field.rows.history().await, written);
    field.flusher.say("commit").await;
    field.flusher.hear("committed").await;
    field.flusher.say("return").await;
    in_time("the flush", field.queue.flushed()).await;
    assert_eq!(field.rows.versions().await, [(1, 2), (2, 1), (3, 1), (9, 1)].into());
}

fn signal(process: &Dialogue, name: &str) {
    let pid = process.pid().expect("it is a process").to_string();
    let status = Command::new("kill").args([&format!("-{name}"), &pid]).status();
    assert!(status.is_ok_and(|status| status.success()), "kill -{name} {pid}");
}

#[tokio::test]
async fn a_server_that_logs_its_writes_keeps_them_through_its_death() {
    let mut server = RedisServer::start_durable();
    // It forgets nothing, so what it comes back with is as good as before.
    let cache = patient_cache(&format!("{}?incarnations=off", server.url())).await;
    let (queue, table) = (queue(&cache), Table::default());
    for id in 1..=100 {
        write(&queue, id, 1).await;
    }
    server.restart_durable();
    eventually("the connection", async || queue.len().await == Ok(100)).await;
    assert_eq!(cached(&cache, 50).await, Some(1));

    // And amid a flush: the batch is in the database, and its acknowledgement has to wait.
    table.hold(true);
    let flusher = table.flush(&queue);
    table.holds(1).await;
    server.kill();
    table.hold(false);
    table.has_committed(1).await;
    server.restart_durable();
    in_time("the end", flusher.shutdown()).await;
    assert_eq!(table.rows().len(), 100);
    let row = Row { id: 1, version: 2 };
    eventually("the connection", async || queue.write(key(1), &row).await.is_ok()).await;
    in_time("the end", table.flush(&queue).shutdown()).await;
    assert_eq!(table.rows()[&1], 2);
}

#[tokio::test]
async fn without_its_server_a_write_is_refused() {
    let mut server = RedisServer::start();
    let cache = Cache::builder().url(&server.url()).build().await.expect("the URL is right");
    let queue = queue(&cache);
    write(&queue, 1, 1).await;
    server.kill();
    let refused = queue.write(key(1), &Row { id: 1, version: 2 }).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    assert_eq!(cache.stats().total().store_errors, 1);
    server.restart_empty();
    let row = Row { id: 1, version: 3 };
    eventually("the connection", async || queue.write(key(1), &row).await.is_ok()).await;
    let kept_nothing = async || queue.len().await == Ok(1);
    eventually("the length of a new queue", kept_nothing).await;
}

/// Sent once, and answered when its writer no longer listened.
#[tokio::test]
async fn a_write_that_was_answered_too_late_is_in_the_queue_once() {
    let server = RedisServer::start();
    let deadline = Duration::from_millis(100);
    let cache = Cache::builder().url(&server.url()).deadline(deadline).build().await;
    let (cache, patient) = (cache.expect("the URL is right"), patient_cache(&server.url()).await);
    let (hasty, queue) = (queue(&cache), queue(&patient));
    write(&queue, 1, 1).await;
    eventually("a connection", async || hasty.len().await.is_ok()).await;
    server.pause();
    let late = hasty.write(key(1), &Row { id: 1, version: 2 }).await;
    assert!(matches!(late, Err(Error::Unavailable(_))), "{late:?}");
    server.resume();
    eventually("the write", async || cached(&patient, 1).await == Some(2)).await;
    assert_eq!(queue.len().await, Ok(2));
    write(&queue, 1, 3).await;
    let table = Table::default();
    in_time("the end", table.flush(&queue).shutdown()).await;
    assert_eq!(table.batches(), [[Row { id: 1, version: 3 }]]);
    assert_eq!(queue.len().await, Ok(0));
}
