//! Compression: when it is used, and what a corrupt entry cannot make of it.

use super::*;
use crate::codec::compression::{compress, decompress};

const MOST: usize = Encoding::DEFAULT.max_decompressed;

/// Each with what the payload is from which it makes something smaller.
fn built_in() -> Vec<Compression> {
    compressions().into_iter().flatten().collect()
}

fn encoding(compression: Compression, compress_over: usize) -> Encoding {
    Encoding { compression: Some(compression), compress_over, ..Encoding::DEFAULT }
}

#[test]
fn values_are_compressed_from_a_size_on() {
    for compression in built_in() {
        // With its quotes, it is as long as that.
        let value = "a".repeat(1022);
        let entry = encoded(&value, &encoding(compression, 1024));
        assert_eq!(entry.header().compression, compression.mark());
        assert!(entry.payload().len() < 100, "{}", entry.payload().len());
        assert_eq!(decode_plain::<String>(&entry), Ok(value.clone()));
        let entry = encoded(&value, &encoding(compression, 1025));
        assert_eq!(entry.header().compression, 0);
        assert_eq!(entry.payload().len(), 1024);
    }
}

#[test]
fn what_compression_would_not_make_smaller_is_left_as_it_is() {
    let mut random = fastrand::Rng::with_seed(1);
    let noise: String = (0..2000).map(|_| random.char(..)).collect();
    for compression in built_in() {
        let entry = encoded(&noise[..16], &encoding(compression, 0));
        assert_eq!(entry.header().compression, 0, "{compression:?}");
        assert_eq!(decode_plain::<String>(&entry).as_deref(), Ok(&noise[..16]));
    }
}

#[test]
fn the_limit_is_on_what_is_stored() {
    for compression in built_in() {
        let value = "a".repeat(10_000);
        let limited = |encoding| Encoding { max_bytes: 1000, ..encoding };
        let plain = limited(Encoding::DEFAULT);
        assert!(is_too_large(&encoded(&value, &plain), &plain));
        assert!(!is_too_large(&encoded(&value[..998], &plain), &plain));
        assert!(is_too_large(&encoded(&value[..999], &plain), &plain));
        let compressed = limited(encoding(compression, 1024));
        assert!(!is_too_large(&encoded(&value, &compressed), &compressed));
    }
    let unlimited = Encoding::DEFAULT;
    assert!(!is_too_large(&encoded(&"a".repeat(10_000), &unlimited), &unlimited));
}

#[test]
fn as_much_as_the_limit_goes_through_and_no_more() {
    let zeros = vec![0; MOST + 1];
    for compression in built_in() {
        let compressed = compress(&zeros[..MOST], compression).expect("it is not too much");
        let plain =
            decompress(&compressed, compression.mark(), MOST).expect("it is what was written");
        assert!(plain.len() == MOST, "{}", plain.len());
        let more = compress(&zeros, compression).expect("it can be compressed");
        decompress(&more, compression.mark(), MOST).expect_err("it is one byte too much");
    }
}

/// Few bytes that stand for many.
#[test]
fn a_bomb_is_an_error() {
    #[cfg(feature = "zstd")]
    {
        let bomb = zstd::bulk::compress(&vec![0; MOST + 1], 0).expect("it can be compressed");
        let error = decompress(&bomb, Compression::Zstd.mark(), MOST).expect_err("it is too much");
        assert!(error.to_string().contains("more than"), "{error}");
        // Frames that are within the limit each, and would fill any memory together.
        let frame = zstd::bulk::compress(&vec![0; MOST / 2 + 1], 0).expect("it can be compressed");
        let frames = frame.repeat(1000);
        let read = decompress(&frames, Compression::Zstd.mark(), MOST);
        read.expect_err("together they are too much");
    }
    #[cfg(feature = "lz4")]
    {
        let bomb = lz4_flex::block::compress_prepend_size(&vec![0; MOST + 1]);
        let error = decompress(&bomb, Compression::Lz4.mark(), MOST).expect_err("it is too much");
        assert!(error.to_string().contains("claim to be"), "{error}");
    }
}

/// A length that no such entry can have, before anything is set aside for it.
#[cfg(feature = "lz4")]
#[test]
fn a_claimed_length_is_not_believed() {
    let mark = Compression::Lz4.mark();
    let honest = compress(&[7; 300], Compression::Lz4).expect("it is not too much");
    assert_eq!(decompress(&honest, mark, MOST).expect("it is what was written")[..], [7; 300]);
    let length = u32::try_from(honest.len()).expect("a few bytes");
    for claim in [299, 301, length * 255, u32::MAX, 0] {
        let lie = [claim.to_le_bytes().as_slice(), &honest[4..]].concat();
        assert!(decompress(&lie, mark, MOST).is_err(), "{claim}");
    }
    for length in 0..4 {
        assert!(decompress(&honest[..length], mark, MOST).is_err(), "{length}");
    }
}

/// A policy's own limit holds for what it writes as for what it reads.
#[test]
fn a_policy_has_a_limit_of_its_own() {
    let value = "a".repeat(10_000);
    for compression in built_in() {
        let encoding = |most| Encoding { max_decompressed: most, ..encoding(compression, 0) };
        let entry = encoded(&value, &encoding(10_002));
        assert_eq!(entry.header().compression, compression.mark());
        assert_eq!(decode(&entry, &encoding(10_002)).as_ref(), Ok(&value));
        decode::<String>(&entry, &encoding(10_001)).expect_err("it stands for more");
        let entry = encoded(&value, &encoding(10_001));
        assert_eq!(entry.header().compression, 0, "it could not be read again");
        assert_eq!(decode(&entry, &encoding(10_001)).as_ref(), Ok(&value));
    }
    let more = usize::try_from(u64::MAX).unwrap_or(usize::MAX);
    for compression in built_in() {
        let encoding = Encoding { max_decompressed: more, ..encoding(compression, 0) };
        assert_eq!(decode(&encoded(&value, &encoding), &encoding).as_ref(), Ok(&value));
    }
}
