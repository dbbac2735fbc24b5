//! Lengths that lie: of lists, maps, texts and bytes that are not there.

use std::collections::{BTreeMap, HashSet};

use serde::de::DeserializeOwned;

use super::*;

/// Of a codec, payloads that claim to hold as much as a number can say.
fn lies(codec: Codec) -> Vec<Vec<u8>> {
    match codec {
        Codec::MsgPack => {
            let marks = [0xDD, 0xDF, 0xDB, 0xC6, 0xC9];
            marks.into_iter().map(|mark| [&[mark][..], &[0xFF; 4], &[0; 64]].concat()).collect()
        }
        Codec::Postcard => [5, 9]
            .into_iter()
            .map(|bytes| {
                let mut length = vec![0xFF; bytes];
                *length.last_mut().expect("some") = 0x01;
                [&length[..], &[0; 64]].concat()
            })
            .collect(),
        _ => vec![format!("[{}", "0,".repeat(64)).into_bytes()],
    }
}

/// An element that is written as nothing, and takes room all the same.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Hollow {
    #[serde(skip)]
    room: [u64; 4],
}

#[test]
fn a_claimed_length_is_not_believed() {
    fn refused<T: DeserializeOwned + Debug>(codec: Codec, payload: &[u8]) {
        let encoding = Encoding { codec, fingerprint: FINGERPRINT, ..Encoding::DEFAULT };
        let entry = with_payload(&encoded(&1_u8, &encoding), payload);
        let read = decode_plain::<T>(&entry);
        assert!(read.is_err(), "{codec:?}: {payload:02X?} is {read:?}");
    }
    for codec in codecs() {
        for lie in lies(codec) {
            refused::<Vec<u8>>(codec, &lie);
            refused::<Vec<u64>>(codec, &lie);
            refused::<Vec<[u64; 32]>>(codec, &lie);
            refused::<String>(codec, &lie);
            refused::<Vec<String>>(codec, &lie);
            refused::<BTreeMap<u64, String>>(codec, &lie);
            refused::<HashSet<u64>>(codec, &lie);
            refused::<Vec<Vec<Vec<u8>>>>(codec, &lie);
            // Of these, a codec without names finds as many as are claimed.
            refused::<Vec<()>>(codec, &lie);
            refused::<Vec<Marker>>(codec, &lie);
            refused::<Vec<Hollow>>(codec, &lie);
            refused::<(u8, Vec<Vec<Hollow>>)>(codec, &[&[1][..], &lie].concat());
        }
    }
}

/// Lists of lists have more elements than their outermost, and lists of nothing more than bytes.
#[test]
fn an_honest_length_is() {
    for encoding in encodings() {
        let deep = vec![vec![vec![1_u8; 50]; 50]; 50];
        let entry =
            verified::<Vec<Vec<Vec<u8>>>>(encoded(&deep, &encoding)).expect("it reads back");
        assert_eq!(decode_plain(&entry).as_ref(), Ok(&deep));
        let units = vec![(); 60_000];
        assert_eq!(decode_plain(&encoded(&units, &encoding)).as_ref(), Ok(&units), "{encoding:?}");
        let pairs: Vec<((), u8)> = (0..=255).map(|n| ((), n)).collect();
        assert_eq!(decode_plain(&encoded(&pairs, &encoding)).as_ref(), Ok(&pairs));
        let map: BTreeMap<u32, ()> = (0..1000).map(|n| (n, ())).collect();
        assert_eq!(decode_plain(&encoded(&map, &encoding)).as_ref(), Ok(&map));
    }
}
