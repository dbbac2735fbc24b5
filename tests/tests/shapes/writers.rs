//! Writers of lists: with `each`, one key for each element.

use std::collections::HashSet;

use cache_runtime::write_through;

use super::*;

#[derive(Clone, Copy, KeyPart, PartialEq, Eq, Hash)]
struct UserId(u64);

#[cached(key = "user:<id>", ttl = 60, tags = ["user-tag:<id>"], skip(loads))]
async fn find(loads: &Loads, id: u64) -> u64 {
    loads.add_one();
    id
}

#[cached(key = "users:<tenant>", ttl = 60, skip(loads))]
async fn all(loads: &Loads, tenant: &str) -> String {
    loads.add_one();
    tenant.to_owned()
}

#[invalidates("user:<ids>", "users:<tenant>", each = ids)]
async fn by_slice(tenant: &str, ids: &[u64]) -> usize {
    tenant.len() + ids.len()
}

#[invalidates("user:<ids>", each = ids, on_unavailable = "error")]
async fn by_vec(mut ids: Vec<u64>) -> Result<u64, cache_runtime::Error> {
    ids.reverse();
    Ok(ids.into_iter().sum())
}

#[invalidates("user:<ids>", each = ids)]
async fn by_array<const N: usize>(ids: [u64; N]) -> usize {
    ids.len()
}

#[invalidates("user:<ids>", each = ids)]
async fn by_option(ids: Option<&[u64]>) -> bool {
    ids.is_some()
}

#[invalidates("user:<ids>", each = ids)]
async fn by_set(ids: &Option<HashSet<UserId>>) -> bool {
    ids.is_some()
}

#[invalidates("user:<users.id>", each = users)]
async fn by_field(users: &[User]) -> usize {
    users.len()
}

#[invalidates(tags("user-tag:<ids>"), each = ids)]
async fn by_tag(ids: &[u64]) {
    tokio::task::yield_now().await;
    drop(ids.to_vec());
}

#[invalidates("user:<return>", each = return)]
async fn by_result(ids: &[u64]) -> Result<Option<Vec<u64>>, Failed> {
    Ok(Some(ids.to_vec()))
}

#[write_through(key = "users:<tenant>", ttl = 60, invalidates("user:<ids>"), each = ids)]
async fn through(tenant: &str, ids: &[u64]) -> String {
    format!("{tenant} {}", ids.len())
}

struct Repo;

impl Repo {
    #[invalidates("user:<Ids>", each = Ids)]
    #[allow(non_snake_case)]
    async fn by_pattern(&self, (Ids, _): (Vec<u64>, u8)) -> usize {
        Ids.len()
    }
}

/// Users 1 and 2 are cached, and then written by `$write`: they are loaded again, and user 3 is not.
macro_rules! loads_again {
    ($loads:expr, $write:expr) => {
        Cache::in_memory()
            .scope(async {
                for id in [1, 2, 3] {
                    find(&$loads, id).await;
                }
                let written = $write.await;
                $loads.take();
                for id in [1, 2, 3] {
                    find(&$loads, id).await;
                }
                assert_eq!($loads.take(), 2, "{}", stringify!($write));
                written
            })
            .await
    };
}

#[tokio::test]
async fn each_element_is_invalidated() {
    let loads = Loads::default();
    assert_eq!(loads_again!(loads, by_slice("a", &[1, 2, 2])), 4);
    assert_eq!(loads_again!(loads, by_vec(vec![1, 2])).ok(), Some(3));
    assert_eq!(loads_again!(loads, by_array([1, 2])), 2);
    assert!(loads_again!(loads, by_option(Some(&[1, 2]))));
    assert!(loads_again!(loads, by_set(&Some([UserId(1), UserId(2)].into()))));
    assert_eq!(loads_again!(loads, by_field(&[user(1), user(2)])), 2);
    assert_eq!(loads_again!(loads, Repo.by_pattern((vec![1, 2], 0))), 2);
    loads_again!(loads, by_tag(&[1, 2]));
    assert_eq!(loads_again!(loads, through("a", &[1, 2])), "a 2");
}

#[tokio::test]
async fn a_result_that_is_a_list_invalidates_each_element() {
    let loads = Loads::default();
    let written = loads_again!(loads, by_result(&[1, 2]));
    assert_eq!(written, Ok(Some(vec![1, 2])));
}

#[tokio::test]
async fn keys_that_do_not_name_the_list_are_invalidated_too() {
    let loads = Loads::default();
    Cache::in_memory()
        .scope(async {
            all(&loads, "a").await;
            by_slice("a", &[]).await;
            all(&loads, "a").await;
            assert_eq!(loads.take(), 2);
            assert_eq!(through("a", &[1]).await, "a 1");
            assert_eq!(all(&loads, "a").await, "a 1");
            assert_eq!(loads.take(), 0);
        })
        .await;
}
