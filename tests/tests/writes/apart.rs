//! Writers whose output cannot be taken to another thread: their keys are settled in a task, and the fences stand until then.

use std::{error::Error, rc::Rc};

use cache_runtime::{Cache, NotStored, invalidates, write_through};
use cache_tests::{patience::eventually, stores::on_each_store};

#[write_through(key = "row:<id>", ttl = 60, cache = cache)]
async fn save(cache: &Cache, id: u64, during: impl AsyncFn()) -> Result<u64, Box<dyn Error>> {
    during().await;
    if id == 0 {
        return Err("refused".into());
    }
    Ok(id + 1)
}

#[invalidates("row:<id>", tags("rows"), cache = cache)]
async fn forget(cache: &Cache, id: u64) -> Rc<u64> {
    Rc::new(id)
}

async fn held(cache: &Cache, id: u64) -> Option<u64> {
    cache.get(format!("row:{id}")).await.expect("the store answers")
}

#[tokio::test]
async fn keys_are_settled_without_the_output_being_held() {
    on_each_store(async |cache| {
        for id in 0..20 {
            cache.put(format!("row:{id}"), &700_u64, 60).await;
            let fenced = async || assert_eq!(held(&cache, id).await, None, "the fence stands");
            let saved = save(&cache, id, fenced).await.map_err(|error| error.to_string());
            assert_ne!(
                held(&cache, id).await,
                Some(700),
                "nor is the old value served from then on"
            );
            match id {
                0 => assert_eq!(saved, Err("refused".to_owned())),
                _ => {
                    assert_eq!(saved, Ok(id + 1));
                    eventually("the value takes the entry's place", async || {
                        held(&cache, id).await == Some(id + 1)
                    })
                    .await;
                }
            }
            assert_eq!(*forget(&cache, id).await, id);
            assert_eq!(held(&cache, id).await, None);
            let loaded = || async { Ok::<_, String>(9_u64) };
            let policy = cache_runtime::Policy::ttl(60);
            eventually("the fence is gone", async || {
                let row = format!("row:{id}");
                cache.get_or_load(row, &policy, loaded).await.is_ok()
                    && held(&cache, id).await == Some(9)
            })
            .await;
        }
    })
    .await;
}

#[write_through(key = "found:<id>", ttl = 60, cache = cache)]
async fn save_if_found(cache: &Cache, id: u64) -> Result<Option<u64>, Box<dyn Error>> {
    Ok(None)
}

#[tokio::test]
async fn a_write_that_returns_none_says_why_nothing_is_stored() {
    on_each_store(async |cache| {
        assert_eq!(save_if_found(&cache, 1).await.expect("it is written"), None);
        eventually("the reason is counted", async || {
            cache.stats().total().not_stored.of(NotStored::Absent) == 1
        })
        .await;
    })
    .await;
}
