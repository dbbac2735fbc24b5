//! What keys must not be found in, and which rings are refused.

use cache_runtime::{Cache, Error, KeyRing};

use super::NEW;

#[tokio::test]
async fn no_key_is_shown() {
    let key: [u8; 32] = std::array::from_fn(|at| 200 + at as u8);
    let ring = KeyRing::new("2026-11", &key).with_decryption_key("2026-05", &NEW).and_plaintext();
    let builder = Cache::builder().url("redis://127.0.0.1:1").encryption(ring.clone());
    let cache = builder.clone().build().await.expect("it need not be reached");
    for shown in [format!("{ring:?}"), format!("{builder:?}"), format!("{cache:?} {builder:#?}")] {
        assert!(!shown.contains("200") && !shown.contains("c8"), "{shown}");
        assert!(!shown.contains("2, 2"), "{shown}");
    }
    assert!(format!("{builder:?}").contains("2026-05"), "{builder:?}");
}

#[tokio::test]
async fn a_ring_that_cannot_be_used_is_an_error_of_the_builder() {
    let long = "x".repeat(65);
    let rings = [
        (KeyRing::new("", &NEW), "printable"),
        (KeyRing::new(&long, &NEW), "printable"),
        (KeyRing::new("of may", &NEW), "printable"),
        (KeyRing::new("mai\u{308}", &NEW), "printable"),
        (KeyRing::plaintext().with_decryption_key("\r\n", &NEW), "printable"),
        (KeyRing::new("a", &NEW).with_decryption_key("a", &NEW), "an id of its own"),
    ];
    for (ring, why) in rings {
        for url in ["memory://", "redis://127.0.0.1:1"] {
            let built = Cache::builder().url(url).encryption(ring.clone()).build().await;
            let Err(Error::Config(error)) = built else { panic!("{ring:?} is accepted") };
            assert!(error.contains(why), "{error}");
        }
    }
    for ring in [KeyRing::new(&long[1..], &NEW), KeyRing::plaintext(), KeyRing::new("~", &NEW)] {
        Cache::builder().encryption(ring).build().await.expect("it is a good one");
    }
}
