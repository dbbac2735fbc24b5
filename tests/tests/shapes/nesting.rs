//! Annotated functions in macros, in each other, and with bodies of some size.

use super::*;

macro_rules! by_macro {
    ($name:ident, $key:literal, $ttl:literal) => {
        #[cached(key = $key, ttl = $ttl, skip(loads))]
        async fn $name(loads: &Loads, id: u64) -> u64 {
            loads.add_one();
            id
        }
    };
}

by_macro!(literals_of_a_macro, "macro:<id>", "1h");

#[tokio::test]
async fn literals_can_come_from_a_macro() {
    let loads = Loads::default();
    assert_eq!(loads_once!(loads, literals_of_a_macro(&loads, 7)), 7);
}

#[cached(key = "layered:<id>", ttl = 60, lock, skip(loads))]
async fn outer_layer(loads: &Loads, id: u64) -> u64 {
    inner_layer(loads, id).await
}

#[cached(key = "layered:<id>", ttl = 60, lock, skip(loads))]
async fn inner_layer(loads: &Loads, id: u64) -> u64 {
    loads.add_one();
    id
}

#[tokio::test]
async fn a_load_that_asks_for_its_own_key_does_not_wait_for_itself() {
    let loads = Loads::default();
    let call = tokio::time::timeout(Duration::from_secs(5), async {
        loads_once!(loads, outer_layer(&loads, 7))
    });
    assert_eq!(call.await, Ok(7));
}

async fn large() -> u64 {
    let kept = [1_u8; 10_000];
    tokio::task::yield_now().await;
    kept.iter().map(|&byte| u64::from(byte)).sum()
}

#[cached(key = "large", ttl = 60)]
async fn large_and_cached() -> u64 {
    large().await
}

#[invalidates("large")]
async fn large_writer() -> u64 {
    large().await
}

/// Futures that hold the body's more than once would double in size with every layer of callers.
#[test]
fn a_body_is_held_once() {
    let plain = size_of_val(&large());
    let [cached, writer] = [size_of_val(&large_and_cached()), size_of_val(&large_writer())];
    println!("{plain} bytes, cached {cached}, writer {writer}");
    assert!(plain > 10_000);
    assert!(cached < plain + 5_000 && writer < plain + 5_000, "{plain}, {cached}, {writer}");
}
