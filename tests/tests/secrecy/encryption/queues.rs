//! Writes that wait in a queue, and what somebody can do to them who has no key.

use std::sync::{Arc, Mutex};

use cache_runtime::{Cache, KeyRing, WriteBehind};
use cache_tests::patience::in_time;
use redis::cmd;

use super::{Bed, NEW, OLD, ROWS, Row, key, row};

fn queue(cache: &Cache) -> WriteBehind<Row> {
    cache.write_behind("rows", &ROWS).attempts(1)
}

/// Flushes everything, to a database that refuses some rows, and gives what it has then.
async fn flush(cache: &Cache, refused: &'static [u64]) -> Vec<Row> {
    let rows: Arc<Mutex<Vec<Row>>> = Arc::default();
    let table = Arc::clone(&rows);
    let flusher = queue(cache).flusher(move |batch: Vec<Row>| {
        let table = Arc::clone(&table);
        async move {
            if batch.iter().any(|row| refused.contains(&row.id)) {
                return Err("it breaks a constraint");
            }
            table.lock().expect("nobody panics").extend(batch);
            Ok(())
        }
    });
    in_time("the flush", flusher.shutdown()).await;
    rows.lock().expect("nobody panics").clone()
}

async fn write(cache: &Cache, ids: &[u64]) {
    for &id in ids {
        queue(cache).write(key(id), &row(id)).await.expect("there is room");
    }
}

/// Its stamp is another one then, and the seal holds.
#[tokio::test]
async fn a_dead_letter_that_is_replayed_reaches_the_database() {
    let bed = Bed::new().await;
    let cache = bed.sealed().await;
    write(&cache, &[1, 2]).await;
    assert_eq!(flush(&cache, &[1]).await, [row(2)]);
    let letter = queue(&cache).dead_letters(10).await.expect("there").remove(0);
    assert_eq!(queue(&cache).replay(&letter).await, Ok(true));
    assert_eq!(cache.get(key(1)).await, Ok(Some(row(1))), "it is pending again");
    assert_eq!(flush(&cache, &[]).await, [row(1)]);
    assert_eq!(cache.get(key(1)).await, Ok(Some(row(1))), "and a value like others");
    assert_eq!(cache.stats().total().undecodable, 0);
}

/// A pending value that is invalidated is marked where it stands.
#[tokio::test]
async fn a_pending_value_that_is_touched_can_be_read() {
    let bed = Bed::new().await;
    let cache = bed.sealed().await;
    write(&cache, &[1]).await;
    cache.try_invalidate(key(1)).await.expect("the server is there");
    assert_eq!(cache.get(key(1)).await, Ok(Some(row(1))));
    assert_eq!(flush(&cache, &[]).await, [row(1)]);
}

/// A write whose key somebody has changed, one that was never encrypted, and one of a key that has gone: none of
/// them reaches the database, and the others do.
#[tokio::test]
async fn a_write_that_was_tampered_with_is_a_dead_letter() {
    let bed = Bed::new().await;
    let cache = bed.sealed().await;
    write(&cache, &[1]).await;
    let entries: Vec<(String, Vec<Vec<u8>>)> =
        bed.redis.send(cmd("XRANGE").arg("#queue:rows").arg("-").arg("+")).await;
    let sealed = entries[0].1[3].clone();
    let plain = bed.cache(None).await;
    let old = bed.cache(Some(KeyRing::new("old", &OLD))).await;
    write(&plain, &[3]).await;
    write(&old, &[4]).await;
    let add = |key: &str, value: &[u8]| {
        cmd("XADD")
            .arg("#queue:rows")
            .arg("9000000000000000-0")
            .arg("k")
            .arg(key)
            .arg("v")
            .arg(value)
            .clone()
    };
    bed.redis.send::<String>(&add(&key(2), &sealed)).await;

    assert_eq!(flush(&cache, &[]).await, [row(1)], "the database has what was written");
    let letters = queue(&cache).dead_letters(10).await.expect("the server is there");
    let mut keys: Vec<_> = letters.iter().map(|letter| &*letter.key).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["row:2", "row:3", "row:4"]);
    for letter in letters {
        let error = letter.value.expect_err("it must not be read").to_string();
        let why = match &*letter.key {
            "row:2" => "belongs to another key",
            "row:3" => "not encrypted",
            _ => "does not have, \"old\"",
        };
        assert!(error.contains(why) && letter.error.contains(why), "{error}");
    }
    // With the old key back, what it has sealed can be written after all.
    let both = bed.cache(Some(KeyRing::new("new", &NEW).with_decryption_key("old", &OLD))).await;
    let letters = queue(&both).dead_letters(10).await.expect("the server is there");
    let letter = letters.iter().find(|letter| letter.key == "row:4").expect("it is there");
    assert_eq!(letter.value, Ok(row(4)));
    assert_eq!(queue(&both).replay(letter).await, Ok(true));
    assert_eq!(flush(&both, &[]).await, [row(4)]);
}
