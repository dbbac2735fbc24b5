//! A database that refuses: all for a while, or one row for good.

use std::time::Duration;

use cache_runtime::{Policy, WriteBehind};
use cache_tests::{
    patience::{eventually, in_time},
    stores::on_each_store_in_one_slot,
    table::{Row, Table, key},
};
use serde::{Deserialize, Deserializer, Serialize};

use super::{cached, queue, write};

#[tokio::test]
async fn a_poison_row_becomes_a_dead_letter_and_takes_no_other_with_it() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, table) = (queue(&cache).attempts(2), Table::default());
        table.refuse(7);
        for id in 1..=20 {
            write(&queue, id, 1).await;
        }
        let flusher = table.flush(&queue);
        in_time("the flush", queue.flushed()).await;

        assert_eq!(table.rows().len(), 19);
        assert!(!table.rows().contains_key(&7));
        let whole = table.refusals().iter().filter(|batch| batch.len() == 20).count();
        assert_eq!(whole, 2, "tried as a whole as often as it should be");
        let runs = table.batches().len() + table.refusals().len();
        assert!(runs < 20, "taken apart by halves, not one by one: {runs} runs");

        let letters = queue.dead_letters(10).await.unwrap();
        assert_eq!(letters.len(), 1);
        let letter = &letters[0];
        assert!(letter.key.ends_with("row:7"), "{}", letter.key);
        assert_eq!(letter.value, Ok(Row { id: 7, version: 1 }));
        assert_eq!(letter.error, "row 7 breaks a constraint");
        assert_eq!(u64::from(letter.attempts), refusals_of(&table, 7));
        assert!(letter.seq > 0);
        assert_eq!(cached(&cache, 7).await, None, "the database does not have it");
        assert_eq!(cache.stats().total().dead_letters, 1);

        // Replayed too early, it is dead again; replayed in time, it is written.
        assert_eq!(queue.replay(letter).await, Ok(true));
        assert_eq!(queue.replay(letter).await, Ok(false), "it is there once");
        assert_eq!(cached(&cache, 7).await, Some(1));
        write(&queue, 8, 2).await;
        let dead = async || cache.stats().total().dead_letters == 2;
        eventually("its second death", dead).await;
        table.allow(7);
        let again = queue.dead_letters(10).await.unwrap().remove(0);
        assert!(again.seq > letter.seq, "it went to the end of the queue");
        assert_eq!(queue.replay(&again).await, Ok(true));
        in_time("the end", flusher.shutdown()).await;
        assert_eq!(table.rows()[&7], 1);
        assert_eq!(cached(&cache, 7).await, Some(1));
        assert!(queue.dead_letters(10).await.unwrap().is_empty());
    })
    .await;
}

fn refusals_of(table: &Table, id: u64) -> u64 {
    table.refusals().iter().filter(|batch| batch.iter().any(|row| row.id == id)).count() as u64
}

#[tokio::test]
async fn a_newer_write_of_the_row_ends_its_dead_letter() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, table) = (queue(&cache).attempts(1), Table::default());
        table.refuse(7);
        for id in [7, 8] {
            write(&queue, id, 1).await;
        }
        let flusher = table.flush(&queue);
        in_time("the flush", queue.flushed()).await;
        let letter = queue.dead_letters(10).await.unwrap().remove(0);

        table.allow(7);
        write(&queue, 7, 2).await;
        assert!(queue.dead_letters(10).await.unwrap().is_empty());
        assert_eq!(queue.replay(&letter).await, Ok(false));
        in_time("the end", flusher.shutdown()).await;
        assert_eq!(table.rows()[&7], 2);
        assert_eq!(queue.replay(&letter).await, Ok(false), "nor when it is in the database");
        assert_eq!(cached(&cache, 7).await, Some(2));
    })
    .await;
}

#[tokio::test]
async fn a_poison_write_that_was_replaced_meanwhile_is_no_dead_letter() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, table) = (queue(&cache).attempts(1), Table::default());
        table.refuse(7);
        for id in [7, 8] {
            write(&queue, id, 1).await;
        }
        table.hold(true);
        let flusher = table.flush(&queue);
        table.holds(1).await;
        write(&queue, 7, 2).await;
        table.hold(false);
        // The batch of both, and each alone; then the refused one once more.
        table.has_refused(3).await;
        eventually("the newer write alone", async || queue.len().await == Ok(1)).await;
        assert!(queue.dead_letters(10).await.unwrap().is_empty());
        assert_eq!(cached(&cache, 7).await, Some(2));
        table.allow(7);
        in_time("the end", flusher.shutdown()).await;
        assert_eq!(table.rows()[&7], 2);
    })
    .await;
}

#[tokio::test]
async fn a_dead_letter_can_be_given_up() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, table) = (queue(&cache).attempts(1), Table::default());
        table.refuse(1);
        for id in [1, 2] {
            write(&queue, id, 1).await;
        }
        in_time("the end", table.flush(&queue).shutdown()).await;
        let letter = queue.dead_letters(1).await.unwrap().remove(0);
        assert_eq!(queue.discard(&letter).await, Ok(true));
        assert_eq!(queue.discard(&letter).await, Ok(false));
        assert_eq!(queue.replay(&letter).await, Ok(false));
        assert!(queue.dead_letters(10).await.unwrap().is_empty());
        write(&queue, 1, 2).await;
        assert_eq!(cached(&cache, 1).await, Some(2));
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_away_makes_no_dead_letters() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, table) = (queue(&cache).attempts(1), Table::default());
        table.be_away(true);
        let flusher = table.flush(&queue);
        write(&queue, 1, 1).await;
        table.has_refused(1).await;
        write(&queue, 2, 1).await;
        // Each is tried alone, and together, and alone again.
        table.has_refused(8).await;
        assert!(queue.dead_letters(10).await.unwrap().is_empty());
        assert_eq!(queue.len().await, Ok(2));
        assert_eq!(cached(&cache, 1).await, Some(1), "readers see what waits");
        table.be_away(false);
        in_time("the end", flusher.shutdown()).await;
        assert_eq!(table.rows().len(), 2);
        assert!(cache.stats().total().batch_failures >= 8);
    })
    .await;
}

/// However small batches are, what comes after them shows that the database is there.
#[tokio::test]
async fn a_batch_of_nothing_but_poison_keeps_no_other_waiting() {
    on_each_store_in_one_slot(async |cache| {
        for batch in [1, 2] {
            let queue = queue(&cache).batch(batch).attempts(2);
            let (table, poison) = (Table::default(), 1..=batch as u64);
            poison.clone().for_each(|id| table.refuse(id));
            let flusher = table.flush(&queue);
            for id in poison.clone() {
                write(&queue, id, 1).await;
            }
            table.has_refused(3).await;
            // Nor does a later write of the same row.
            write(&queue, 1, 2).await;
            write(&queue, 100, 1).await;
            in_time("the end", flusher.shutdown()).await;
            assert_eq!(table.rows().into_iter().collect::<Vec<_>>(), [(100, 1)]);
            let letters = queue.dead_letters(10).await.unwrap();
            let mut dead: Vec<_> = letters.iter().flat_map(|letter| letter.value.clone()).collect();
            dead.sort();
            let row = |id| Row { id, version: if id == 1 { 2 } else { 1 } };
            assert_eq!(dead, poison.map(row).collect::<Vec<_>>());
            for letter in &letters {
                assert_eq!(queue.discard(letter).await, Ok(true));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn patience_with_a_database_that_is_away_comes_to_an_end() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, table) = (queue(&cache).attempts(1).patience(Duration::ZERO), Table::default());
        table.be_away(true);
        for id in 1..=3 {
            write(&queue, id, 1).await;
        }
        in_time("the end", table.flush(&queue).shutdown()).await;
        assert_eq!(queue.dead_letters(10).await.unwrap().len(), 3);
        assert!(table.batches().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_panic_is_a_failure_like_others() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, table) = (queue(&cache), Table::default());
        table.panic(true);
        let flusher = table.flush(&queue);
        write(&queue, 1, 1).await;
        eventually("a panic", async || cache.stats().total().batch_failures > 0).await;
        assert!(table.batches().is_empty());
        table.panic(false);
        in_time("the end", flusher.shutdown()).await;
        assert_eq!(table.rows()[&1], 1);
    })
    .await;
}

/// A value of another type comes from another version of the program.
#[tokio::test]
async fn what_cannot_be_read_is_a_dead_letter_at_once() {
    on_each_store_in_one_slot(async |cache| {
        const OTHERS: Policy = Policy::ttl(60);
        let (queue, table) = (queue(&cache), Table::default());
        let others = cache.write_behind::<String>("rows", &OTHERS);
        others.write(key(1), &"no row".to_owned()).await.unwrap();
        write(&queue, 2, 1).await;
        in_time("the end", table.flush(&queue).shutdown()).await;
        assert_eq!(table.rows().keys().copied().collect::<Vec<_>>(), [2]);
        let letter = queue.dead_letters(10).await.unwrap().remove(0);
        assert!(
            letter.value.is_err() && letter.error.contains("cannot be encoded or decoded"),
            "{letter:?}"
        );
        assert_eq!(letter.attempts, 0);

        let other = others.dead_letters(10).await.unwrap().remove(0);
        assert_eq!(other.value, Ok("no row".to_owned()));
        assert_eq!(others.replay(&other).await, Ok(true));
        let seen = cache.get::<String>(key(1)).await.unwrap();
        assert_eq!(seen.as_deref(), Some("no row"));
    })
    .await;
}

/// A number that this version of the program cannot stand.
#[derive(Debug, PartialEq, Serialize)]
struct Touchy(u64);

impl<'de> Deserialize<'de> for Touchy {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Touchy, D::Error> {
        let number = u64::deserialize(source)?;
        assert_ne!(number, 13, "told to panic");
        Ok(Touchy(number))
    }
}

/// It must not take the flusher with it, or the next one would go the same way.
#[tokio::test]
async fn what_panics_when_it_is_read_is_a_dead_letter() {
    on_each_store_in_one_slot(async |cache| {
        const NUMBERS: Policy = Policy::ttl(60).name("numbers");
        let numbers: WriteBehind<u64> = cache.write_behind("numbers", &NUMBERS);
        for number in [1, 13, 2] {
            numbers.write(key(number), &number).await.unwrap();
        }
        let touchy: WriteBehind<Touchy> = cache.write_behind("numbers", &NUMBERS);
        let (seen, mut batches) = tokio::sync::mpsc::unbounded_channel();
        let flusher = touchy.flusher(move |batch: Vec<Touchy>| {
            let sent = seen.send(batch);
            async move { sent.map_err(|_| "nobody looks") }
        });
        in_time("the end", flusher.shutdown()).await;
        assert_eq!(batches.recv().await, Some(vec![Touchy(1), Touchy(2)]));
        let letters = numbers.dead_letters(10).await.unwrap();
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].value, Ok(13));
        assert!(letters[0].error.contains("panicked"), "{}", letters[0].error);
    })
    .await;
}
