//! What somebody has done to entries who can write to the server and has no key.

use std::collections::HashMap;

use super::{Bed, MARKER, ROWS, expect_refused, key, load, row, undecodable};

#[tokio::test]
async fn entries_that_were_swapped_are_misses() {
    let bed = Bed::new().await;
    let cache = bed.sealed().await;
    for id in [1, 2] {
        cache.try_put(key(id), &row(id), 600).await.expect("it can be put");
    }
    let (one, two) = (bed.redis.get(&key(1)).await, bed.redis.get(&key(2)).await);
    bed.redis.set(&key(1), &two).await;
    bed.redis.set(&key(2), &one).await;
    for id in [1, 2] {
        expect_refused(&cache, id, "belongs to another key").await;
    }
}

/// Without a ring, that is: an entry says nothing of its key.
#[tokio::test]
async fn without_a_ring_entries_can_be_swapped() {
    let bed = Bed::new().await;
    let cache = bed.cache(None).await;
    cache.try_put(key(2), &row(2), 600).await.expect("it can be put");
    let two = bed.redis.get(&key(2)).await;
    bed.redis.set(&key(1), &two).await;
    assert_eq!(load(&cache, 1).await, row(2));
}

#[tokio::test]
async fn an_entry_that_is_not_encrypted_is_a_miss() {
    let bed = Bed::new().await;
    let (sealed, plain) = (bed.sealed().await, bed.cache(None).await);
    plain.try_put(key(1), &row(1), 600).await.expect("it can be put");
    let forged = bed.redis.get(&key(1)).await;
    expect_refused(&sealed, 1, "not encrypted").await;

    // Of another layout, so that it would be left to its readers; expired, so that it would stand in for a
    // load that fails; and a stamp that pretends to be a value.
    for (at, byte) in [(46, 7), (18, 2), (19, 0)] {
        let mut forged = forged.clone();
        forged[at] = byte;
        bed.redis.set(&key(1), &forged).await;
        expect_refused(&sealed, 1, "not encrypted").await;
    }
    // Nothing was put beside it.
    let keys: Vec<String> = bed.redis.send(redis::cmd("KEYS").arg("*")).await;
    assert_eq!(keys, [key(1)]);
}

/// A value that waits to be written behind is served before all others, so that matters most.
#[tokio::test]
async fn a_pending_value_that_is_not_encrypted_is_not_served() {
    let bed = Bed::new().await;
    let (sealed, plain) = (bed.sealed().await, bed.cache(None).await);
    plain.try_put(key(1), &row(1), 600).await.expect("it can be put");
    let mut pending = bed.redis.get(&key(1)).await;
    pending[1] = b'P';
    bed.redis.set(&key(1), &pending).await;
    assert_eq!(load(&sealed, 1).await.name, "loaded");
    assert!(undecodable(&sealed) > 0);
    sealed.get::<super::Row>(key(1)).await.expect_err("it must not be read");
}

#[tokio::test]
async fn a_batch_refuses_what_a_single_read_does() {
    let bed = Bed::new().await;
    let (sealed, plain) = (bed.sealed().await, bed.cache(None).await);
    for id in 1..=4 {
        sealed.try_put(key(id), &row(id), 600).await.expect("it can be put");
    }
    let two = bed.redis.get(&key(2)).await;
    bed.redis.set(&key(1), &two).await;
    plain.try_put(key(3), &row(3), 600).await.expect("it can be put");
    // As if it were of a layout that another version of the service reads.
    let mut three = bed.redis.get(&key(3)).await;
    three[46] = 7;
    bed.redis.set(&key(3), &three).await;

    let rows = async || {
        let load = |ids: Vec<u64>| async move {
            let loaded = |id| (id, super::Row { id, name: "loaded".to_owned() });
            ids.into_iter().map(loaded).collect::<HashMap<_, _>>()
        };
        sealed.get_or_load_many(&[1, 2, 3, 4], |&id| key(id), &ROWS, load).await
    };
    for _ in 0..2 {
        let rows = rows().await;
        let names = [1, 2, 3, 4].map(|id| rows[&id].name.clone());
        assert_eq!(names, ["loaded", MARKER, "loaded", MARKER]);
        assert_eq!(undecodable(&sealed), 2, "and is replaced");
    }
    assert_eq!(bed.redis.send::<u64>(&redis::cmd("DBSIZE")).await, 4, "nothing was put beside it");
}

/// A cache that has no keys and meets what another one has encrypted.
#[tokio::test]
async fn without_a_ring_a_sealed_entry_is_a_miss() {
    let bed = Bed::new().await;
    let (sealed, plain) = (bed.sealed().await, bed.cache(None).await);
    sealed.try_put(key(1), &row(1), 600).await.expect("it can be put");
    expect_refused(&plain, 1, "set them with `Builder::encryption`").await;
    // And the other way round: they take each other's entries away, and nobody gets a wrong one.
    expect_refused(&sealed, 1, "not encrypted").await;
    expect_refused(&plain, 1, "set them with `Builder::encryption`").await;
}
