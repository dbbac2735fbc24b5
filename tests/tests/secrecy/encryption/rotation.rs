//! Keys that come and go, and a service that begins to encrypt, release by release.

use cache_runtime::{Cache, KeyRing};

use super::{Bed, NEW, OLD, Row, expect_refused, key, row, undecodable};

/// Two releases side by side: each reads what the other one writes.
async fn expect_harmony(releases: [&Cache; 2]) {
    let [one, other] = releases;
    for (id, (writer, reader)) in [(101, (one, other)), (102, (other, one))] {
        writer.try_put(key(id), &row(id), 600).await.expect("it can be put");
        assert_eq!(reader.get(key(id)).await, Ok(Some(row(id))));
        assert_eq!(writer.get(key(id)).await, Ok(Some(row(id))));
    }
}

#[tokio::test]
async fn a_key_is_exchanged_in_three_releases() {
    let bed = Bed::new().await;
    let zeroth = bed.cache(Some(KeyRing::new("old", &OLD))).await;
    let first = KeyRing::new("old", &OLD).with_decryption_key("new", &NEW);
    let first = bed.cache(Some(first)).await;
    let second = KeyRing::new("new", &NEW).with_decryption_key("old", &OLD);
    let second = bed.cache(Some(second)).await;
    let third = bed.cache(Some(KeyRing::new("new", &NEW))).await;

    zeroth.try_put(key(1), &row(1), 600).await.expect("it can be put");
    assert!(bed.knows("old").await && !bed.knows("new").await);
    expect_harmony([&zeroth, &first]).await;
    expect_harmony([&first, &second]).await;
    assert_eq!(second.get(key(1)).await, Ok(Some(row(1))), "the old key's entries are hits");
    second.try_put(key(2), &row(2), 600).await.expect("it can be put");
    let stored = bed.redis.get(&key(2)).await;
    assert!(stored.ends_with(b"new\x03"), "the new key seals");
    expect_harmony([&second, &third]).await;
    assert_eq!(third.get(key(2)).await, Ok(Some(row(2))));
    expect_refused(&third, 1, r#"a key that the ring does not have, "old""#).await;
    assert_eq!(third.get::<Row>(key(1)).await.expect("it is a good one").expect("there").id, 1);
}

#[tokio::test]
async fn a_service_begins_to_encrypt_in_three_releases() {
    let bed = Bed::new().await;
    let zeroth = bed.cache(None).await;
    let first = bed.cache(Some(KeyRing::plaintext().with_decryption_key("new", &NEW))).await;
    let second = bed.cache(Some(KeyRing::new("new", &NEW).and_plaintext())).await;
    let third = bed.sealed().await;

    zeroth.try_put(key(1), &row(1), 600).await.expect("it can be put");
    expect_harmony([&zeroth, &first]).await;
    assert!(!bed.knows("new").await, "nothing is sealed yet");
    expect_harmony([&first, &second]).await;
    assert_eq!(second.get(key(1)).await, Ok(Some(row(1))));
    assert!(bed.knows("new").await);
    expect_harmony([&second, &third]).await;
    expect_refused(&third, 1, "not encrypted").await;
    assert_eq!([&zeroth, &first, &second].map(undecodable), [0, 0, 0]);
}

/// The same id and another key: what an attacker could try, or a mistake in a configuration.
#[tokio::test]
async fn another_key_of_the_same_id_opens_nothing() {
    let bed = Bed::new().await;
    let theirs = bed.cache(Some(KeyRing::new("new", &OLD))).await;
    theirs.try_put(key(1), &row(1), 600).await.expect("it can be put");
    expect_refused(&bed.sealed().await, 1, "changed after encryption").await;
}
