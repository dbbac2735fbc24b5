//! Every bit of a stored entry, flipped: a miss, or the value as it was.

use std::ops::Range;

use cache_runtime::{Cache, Codec, Compression, Policy};

use super::{Bed, Row, key, row};

const PLAIN: Policy = Policy::ttl(600).stale_while_revalidate(600);
const PACKED: Policy = PLAIN.codec(Codec::MsgPack).compress(Compression::Zstd).compress_over(0);

/// How many flips came to what.
#[derive(Debug, Default, PartialEq)]
struct Count {
    /// The value as it was: only the stamp had changed, which says nothing of the value.
    harmless: usize,
    /// A load.
    missed: usize,
    /// Something else.
    wrong: usize,
}

async fn read(cache: &Cache, policy: &Policy) -> Row {
    let load = || async { Some(Row { id: 1, name: "loaded".to_owned() }) };
    let read = cache.tagged(["rows"]).get_or_load(key(1), policy, load).await;
    read.expect("there is a row")
}

/// The bytes of the stamp that are random.
const STAMP: Range<usize> = 6..18;

/// Those that say which history of the server it belongs to.
const INCARNATION: Range<usize> = 2..6;

async fn flip_every_bit(policy: &Policy, value: &Row, sealed: bool) -> Count {
    let bed = Bed::new().await;
    let cache = if sealed { bed.sealed().await } else { bed.cache(None).await };
    let load = || async { Some(value.clone()) };
    cache.tagged(["rows"]).get_or_load(key(1), policy, load).await;
    assert_eq!(read(&cache, policy).await, *value, "it is a hit before");
    let entry = bed.redis.get(&key(1)).await;
    let mut count = Count::default();
    for bit in 0..entry.len() * 8 {
        let mut bytes = entry.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bed.redis.set(&key(1), &bytes).await;
        let before = cache.stats().total();
        let read = read(&cache, policy).await;
        let after = cache.stats().total();
        let missed = after.misses - before.misses == 1;
        if missed && read.name == "loaded" {
            count.missed += 1;
            let counted = after.undecodable - before.undecodable;
            let readable = INCARNATION.contains(&(bit / 8));
            assert!(counted == u64::from(!readable) || !sealed, "bit {bit} is counted");
        } else if !missed && read == *value {
            count.harmless += 1;
            assert!(STAMP.contains(&(bit / 8)) || !sealed, "bit {bit} is outside of the stamp");
        } else {
            count.wrong += 1;
        }
    }
    assert_eq!(count.missed + count.harmless + count.wrong, entry.len() * 8);
    count
}

#[tokio::test]
async fn no_bit_of_a_sealed_entry_can_be_changed() {
    let long = Row { name: row(1).name.repeat(20), ..row(1) };
    for (policy, value) in [(&PLAIN, row(1)), (&PACKED, long)] {
        let count = flip_every_bit(policy, &value, true).await;
        println!("{count:?}");
        assert_eq!(count.wrong, 0);
        assert_eq!(count.harmless, 8 * STAMP.len());
        assert!(count.missed > 1000, "{count:?}");
    }
}

/// That the test would see a wrong value if there were one.
#[tokio::test]
async fn bits_of_an_entry_that_is_not_sealed_can_be_changed() {
    let count = flip_every_bit(&PLAIN, &row(1), false).await;
    assert!(count.wrong > 100, "{count:?}");
}
