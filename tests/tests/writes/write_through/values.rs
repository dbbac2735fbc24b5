//! Which value is left: every form of a return type, closures over it, expressions over the parameters.

use std::{io, time::Duration};

use cache_runtime::{Cache, write_through};
use cache_tests::{herd::counters, stores::on_each_store};

use super::{User, find, find_none, held, user};

type Saved<T> = Result<T, String>;

#[write_through(key = "user:<user.id>", ttl = 60, cache = cache)]
async fn plain(cache: &Cache, user: User) -> User {
    user
}

#[write_through(key = "user:<user.id>", ttl = 60, cache = cache)]
async fn optional(cache: &Cache, user: User, found: bool) -> Option<User> {
    found.then_some(user)
}

#[write_through(key = "user:<user.id>", ttl = 60, cache = cache)]
async fn fallible(cache: &Cache, user: User, works: bool) -> Saved<User> {
    if works { Ok(user) } else { Err("it may have been committed".to_owned()) }
}

#[write_through(key = "user:<user.id>", ttl = 60, cache = cache)]
async fn fallible_optional(cache: &Cache, user: User, outcome: Saved<bool>) -> Saved<Option<User>> {
    Ok(outcome?.then_some(user))
}

#[write_through(key = "user:<user.id>", ttl = 60, cache = cache)]
async fn by_reference<'u>(cache: &Cache, user: &'u User) -> io::Result<&'u User> {
    Ok(user)
}

#[tokio::test]
async fn what_is_returned_is_cached() {
    on_each_store(async |cache| {
        let (ann, bob) = (user(1, "Ann"), user(2, "Bob"));
        assert_eq!(plain(&cache, ann.clone()).await, ann);
        assert_eq!(held(&cache, 1).await, Some(ann.clone()));
        assert_eq!(find(&cache, 1).await, Some(ann.clone()));
        assert_eq!(optional(&cache, bob.clone(), true).await, Some(bob.clone()));
        assert_eq!(find(&cache, 2).await, Some(bob.clone()));
        assert_eq!(fallible(&cache, user(1, "Anna"), true).await, Ok(user(1, "Anna")));
        assert_eq!(find(&cache, 1).await, Some(user(1, "Anna")));
        let written = fallible_optional(&cache, user(2, "Rob"), Ok(true)).await;
        assert_eq!(written, Ok(Some(user(2, "Rob"))));
        assert_eq!(find(&cache, 2).await, Some(user(2, "Rob")));
        assert_eq!(by_reference(&cache, &ann).await.expect("it works"), &ann);
        assert_eq!(find(&cache, 1).await, Some(ann));
        let reads = counters(&cache, "find");
        assert_eq!((reads.hits, reads.loads), (5, 0));
    })
    .await;
}

#[tokio::test]
async fn an_error_empties_the_key_since_it_may_hide_a_commit() {
    on_each_store(async |cache| {
        plain(&cache, user(1, "Ann")).await;
        fallible(&cache, user(1, "Anna"), false).await.expect_err("it fails");
        assert_eq!(held(&cache, 1).await, None);
        // Nothing is left of the fence either: what is loaded now is kept.
        find(&cache, 1).await;
        find(&cache, 1).await;
        let reads = counters(&cache, "find");
        assert_eq!((reads.loads, reads.hits), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn none_empties_the_key_and_is_not_remembered() {
    on_each_store(async |cache| {
        plain(&cache, user(1, "Ann")).await;
        assert_eq!(optional(&cache, user(1, "Anna"), false).await, None);
        assert_eq!(held(&cache, 1).await, None);
        plain(&cache, user(1, "Ann")).await;
        assert_eq!(fallible_optional(&cache, user(1, "Anna"), Ok(false)).await, Ok(None));
        find(&cache, 1).await;
        assert_eq!(counters(&cache, "find").loads, 1, "no `None` was remembered");
    })
    .await;
}

#[tokio::test]
async fn a_value_takes_the_place_of_a_remembered_none() {
    on_each_store(async |cache| {
        assert_eq!(find_none(&cache, 1).await, None);
        assert_eq!(find_none(&cache, 1).await, None);
        assert_eq!(counters(&cache, "find_none").negative_hits, 1);
        plain(&cache, user(1, "Ann")).await;
        assert_eq!(find_none(&cache, 1).await, Some(user(1, "Ann")));
    })
    .await;
}

struct Row {
    user: User,
    changed: bool,
}

impl Row {
    fn user(&self) -> &User {
        &self.user
    }
}

#[write_through(key = "user:<id>", ttl = 60, value = |row: &Row| &row.user, cache = cache)]
async fn borrowing(cache: &Cache, id: u64, name: &str) -> Saved<Row> {
    Ok(Row { user: user(id, name), changed: true })
}

#[write_through(key = "user:<id>", ttl = 60, value = |row| row.user.clone(), cache = cache)]
async fn owning(cache: &Cache, id: u64, name: &str) -> Saved<Row> {
    Ok(Row { user: user(id, name), changed: true })
}

#[write_through(key = "user:<id>", ttl = 60, value = Row::user, cache = cache)]
async fn by_path(cache: &Cache, id: u64, name: &str) -> Saved<Row> {
    Ok(Row { user: user(id, name), changed: true })
}

#[write_through(
    key = "user:<id>",
    ttl = 60,
    value = |row: &Row| row.changed.then_some(&row.user),
    cache = cache,
)]
async fn perhaps(cache: &Cache, id: u64, name: &str, changed: bool) -> Saved<Option<Row>> {
    Ok(Some(Row { user: user(id, name), changed }))
}

/// The closure sees the parameters as well.
#[write_through(
    key = "user:<user.id>",
    ttl = 60,
    value = |rows: &u64| (*rows == 1).then_some(user),
    cache = cache,
)]
async fn counting(cache: &Cache, user: &User, rows: u64) -> Saved<u64> {
    Ok(rows)
}

#[tokio::test]
async fn a_closure_picks_the_value_from_what_is_returned() {
    on_each_store(async |cache| {
        borrowing(&cache, 1, "a").await.expect("it works");
        assert_eq!(held(&cache, 1).await, Some(user(1, "a")));
        owning(&cache, 1, "b").await.expect("it works");
        assert_eq!(held(&cache, 1).await, Some(user(1, "b")));
        by_path(&cache, 1, "c").await.expect("it works");
        assert_eq!(held(&cache, 1).await, Some(user(1, "c")));
        perhaps(&cache, 1, "d", true).await.expect("it works");
        assert_eq!(held(&cache, 1).await, Some(user(1, "d")));
        perhaps(&cache, 1, "e", false).await.expect("it works");
        assert_eq!(held(&cache, 1).await, None);
        counting(&cache, &user(1, "f"), 1).await.expect("it works");
        assert_eq!(held(&cache, 1).await, Some(user(1, "f")));
        counting(&cache, &user(1, "g"), 0).await.expect("it works");
        assert_eq!(held(&cache, 1).await, None);
    })
    .await;
}

/// The body takes the parameter with it.
#[write_through(key = "user:<user.id>", ttl = 60, value = user, cache = cache)]
async fn moved(cache: &Cache, user: User) {
    drop(user);
}

#[write_through(key = "user:<user.id>", ttl = 60, value = user, cache = cache)]
async fn borrowed(cache: &Cache, user: &User, outcome: Saved<()>) -> Saved<()> {
    outcome
}

#[write_through(
    key = "user:<id>",
    ttl = 60,
    value = User { id, name: name.to_uppercase() },
    cache = cache,
)]
async fn computed(cache: &Cache, id: u64, name: String) -> Option<()> {
    (!name.is_empty()).then_some(())
}

#[tokio::test]
async fn a_value_is_made_of_the_parameters_before_the_body_takes_them() {
    on_each_store(async |cache| {
        moved(&cache, user(1, "a")).await;
        assert_eq!(held(&cache, 1).await, Some(user(1, "a")));
        borrowed(&cache, &user(1, "b"), Ok(())).await.expect("it works");
        assert_eq!(held(&cache, 1).await, Some(user(1, "b")));
        borrowed(&cache, &user(1, "c"), Err("no".into())).await.expect_err("it fails");
        assert_eq!(held(&cache, 1).await, None);
        assert_eq!(computed(&cache, 1, "d".into()).await, Some(()));
        assert_eq!(held(&cache, 1).await, Some(user(1, "D")));
        assert_eq!(computed(&cache, 1, String::new()).await, None);
        assert_eq!(held(&cache, 1).await, None);
    })
    .await;
}

#[write_through(
    key = "user:<user.id>",
    ttl = |user: &User| Duration::from_secs(user.name.len() as u64),
    cache = cache,
)]
async fn kept_by_value(cache: &Cache, user: User) -> User {
    user
}

#[write_through(
    key = "user:<user.id>",
    ttl = |user: &User| user.name.len(),
    value = user,
    cache = cache,
)]
async fn kept_by_given_value(cache: &Cache, user: &User) {}

#[write_through(key = "user:<user.id>", ttl = seconds, cache = cache)]
async fn kept_by_parameter(cache: &Cache, user: User, seconds: u64) -> User {
    user
}

#[tokio::test]
async fn a_ttl_may_depend_on_the_value_or_the_parameters_and_zero_stores_nothing() {
    on_each_store(async |cache| {
        for id in 1..=3 {
            plain(&cache, user(id, "old")).await;
        }
        kept_by_value(&cache, user(1, "Ann")).await;
        kept_by_given_value(&cache, &user(2, "Ann")).await;
        kept_by_parameter(&cache, user(3, "Ann"), 60).await;
        for id in 1..=3 {
            assert_eq!(held(&cache, id).await, Some(user(id, "Ann")));
        }
        kept_by_value(&cache, user(1, "")).await;
        kept_by_given_value(&cache, &user(2, "")).await;
        kept_by_parameter(&cache, user(3, "Ann"), 0).await;
        for id in 1..=3 {
            assert_eq!(held(&cache, id).await, None);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_value_is_kept_for_its_ttl() {
    let cache = Cache::in_memory();
    kept_by_value(&cache, user(1, "Ann")).await;
    tokio::time::advance(Duration::from_millis(2999)).await;
    assert_eq!(held(&cache, 1).await, Some(user(1, "Ann")));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(held(&cache, 1).await, None);
}

#[write_through(key = "number:<id>", ttl = 60, cache = cache, name = "number")]
async fn number(cache: &Cache, id: u64, number: Option<f64>) -> Result<Box<Option<f64>>, String> {
    let _ = id;
    Ok(Box::new(number))
}

/// A NaN has no JSON, and what stands in for it reads as `None`.
#[tokio::test]
async fn what_does_not_read_back_is_not_stored() {
    on_each_store(async |cache| {
        let stored = async || cache.get::<Option<f64>>("number:1").await.expect("it is a number");
        number(&cache, 1, Some(0.5)).await.expect("it works");
        assert_eq!(stored().await, Some(Some(0.5)));
        number(&cache, 1, Some(f64::NAN)).await.expect("it works");
        assert_eq!(stored().await, None);
        assert_eq!(counters(&cache, "number").unencodable, 1);
        number(&cache, 1, None).await.expect("it works");
        assert_eq!(stored().await, None);
    })
    .await;
}
