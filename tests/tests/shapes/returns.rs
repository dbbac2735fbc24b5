//! What a function returns: plain values, options and results, through aliases.

use super::*;

#[cached(key = "plain:<id>", ttl = 60, skip(loads))]
async fn plain(loads: &Loads, id: u64) -> User {
    loads.add_one();
    user(id)
}

#[cached(key = "optional:<id>", ttl = 60, negative_ttl = 5, skip(loads))]
async fn optional(loads: &Loads, id: u64) -> Option<User> {
    loads.add_one();
    (id > 0).then(|| user(id))
}

#[cached(key = "fallible:<id>", ttl = 60, skip(loads))]
async fn fallible(loads: &Loads, id: u64) -> Result<User, Failed> {
    loads.add_one();
    (id > 0).then(|| user(id)).ok_or(Failed)
}

type Found<T> = Result<Option<T>, Failed>;

#[cached(key = "alias:<id>", ttl = 60, negative_ttl = 5, skip(loads))]
async fn through_an_alias(loads: &Loads, id: u64) -> Found<User> {
    loads.add_one();
    if id == 0 {
        return Ok(None);
    }
    Ok(Some(user(id)))
}

#[tokio::test]
async fn every_shape_of_result() {
    let loads = Loads::default();
    assert_eq!(loads_once!(loads, plain(&loads, 1)), user(1));
    assert_eq!(loads_once!(loads, optional(&loads, 1)), Some(user(1)));
    assert_eq!(loads_once!(loads, optional(&loads, 0)), None);
    assert_eq!(loads_once!(loads, fallible(&loads, 1)), Ok(user(1)));
    assert_eq!(loads_once!(loads, through_an_alias(&loads, 1)), Ok(Some(user(1))));
    assert_eq!(loads_once!(loads, through_an_alias(&loads, 0)), Ok(None));
}

#[tokio::test]
async fn an_error_is_not_kept() {
    let loads = Loads::default();
    Cache::in_memory()
        .scope(async {
            assert_eq!(fallible(&loads, 0).await, Err(Failed));
            assert_eq!(fallible(&loads, 0).await, Err(Failed));
            assert_eq!(loads.take(), 2);
        })
        .await;
}
