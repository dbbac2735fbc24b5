//! A server whose memory is full takes no further write, and lets go of those that it has.

use cache_runtime::Error;
use cache_tests::{
    patience::{eventually, in_time},
    server::RedisServer,
    stores::patient_cache,
    table::{Row, Table, key},
};

use super::{cached, queue, write};

fn fill(server: &RedisServer) {
    server.command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
}

/// The queue may be what has filled it, while the database was away.
#[tokio::test]
async fn what_waits_on_a_full_server_is_written_and_leaves_it() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let (queue, table) = (queue(&cache).attempts(1), Table::default());
    table.be_away(true);
    for id in 1..=20 {
        write(&queue, id, 1).await;
    }
    let flusher = table.flush(&queue);
    table.has_refused(1).await;
    fill(&server);
    table.refuse(7);
    table.be_away(false);
    in_time("the queue is empty", queue.flushed()).await;
    assert_eq!(table.rows().len(), 19);
    assert_eq!(cached(&cache, 1).await, Some(1));
    assert_eq!(cached(&cache, 7).await, None);
    let letters = queue.dead_letters(10).await.unwrap();
    assert!(letters.len() == 1 && letters[0].key == "row:7", "{letters:?}");
    in_time("the end", flusher.shutdown()).await;
}

/// Nor does it take a leader who was there before, or a group of readers that has been made.
#[tokio::test]
async fn a_flusher_that_comes_to_a_full_server_empties_its_queue() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let (queue, table) = (queue(&cache), Table::default());
    write(&queue, 1, 1).await;
    fill(&server);
    let flusher = table.flush(&queue);
    eventually("it leads", async || flusher.leads()).await;
    in_time("the end", flusher.shutdown()).await;
    assert_eq!(table.rows()[&1], 1);
    assert_eq!(queue.len().await, Ok(0));
}

#[tokio::test]
async fn a_write_is_told_that_the_server_is_full() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let queue = queue(&cache);
    fill(&server);
    // Into a queue that is not there yet, and into one that is.
    for id in [1, 2] {
        let Err(Error::Refused(why)) = queue.write(key(id), &Row { id, version: 1 }).await else {
            panic!("it has no room for row {id}");
        };
        assert!(why.contains("OOM"), "{why}");
        server.command(&["CONFIG", "SET", "maxmemory", "0"]);
        write(&queue, 3, 1).await;
        fill(&server);
    }
}
