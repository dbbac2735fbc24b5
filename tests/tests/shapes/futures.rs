//! The futures of annotated functions: `Send` where they were, and whatever they return.

use super::*;

#[cached(key = "send:<id>", ttl = 60, lock)]
async fn reader(id: u64) -> Result<User, Failed> {
    tokio::task::yield_now().await;
    Ok(user(id))
}

#[invalidates("send:<id>")]
async fn writer(id: u64) -> Result<u64, Failed> {
    tokio::task::yield_now().await;
    Ok(id)
}

/// An `Rc` across an await: the future is not `Send`, and need not be.
#[invalidates("send:<id>")]
async fn not_send(id: u64) -> u64 {
    let id = std::rc::Rc::new(id);
    tokio::task::yield_now().await;
    *id
}

/// The body's tail is coerced to the return type, as it is without the attribute.
#[invalidates("send:<id>")]
async fn coerced(id: u64) -> Box<dyn Fn(u64) -> u64 + Send> {
    if id == 0 {
        return Box::new(|n| n);
    }
    Box::new(move |n| n + id)
}

#[invalidates("send:<id>")]
async fn borrowed(id: u64, text: &str) -> &str {
    &text[..usize::try_from(id).unwrap()]
}

#[invalidates("send:<id>")]
async fn opaque(id: u64) -> impl Iterator<Item = u64> {
    0..id
}

#[invalidates("send:<id>")]
#[invalidates("send:1<id>")]
async fn stacked(id: u64) -> u64 {
    id
}

#[tokio::test]
async fn futures_are_send_where_they_were() {
    let cache = Cache::in_memory();
    let spawned =
        tokio::spawn(
            async move { cache.scope(async { (reader(1).await, writer(1).await) }).await },
        );
    assert_eq!(spawned.await.unwrap(), (Ok(user(1)), Ok(1)));
}

type Anything = Box<dyn std::error::Error>;

/// Outputs that cannot be taken to another thread, of functions that can.
#[cached(key = "apart:<id>", ttl = 60)]
async fn apart(id: u64) -> Result<u64, Anything> {
    tokio::task::yield_now().await;
    if id == 0 {
        Err("zero")?
    }
    Ok(id)
}

#[cache_runtime::write_through(key = "apart:<id>", ttl = 60)]
async fn save_apart(id: u64, value: u64) -> Result<u64, Anything> {
    tokio::task::yield_now().await;
    Ok(id + value)
}

#[invalidates("apart:<id>", tags("apart"))]
async fn forget_apart(id: u64) -> std::rc::Rc<u64> {
    tokio::task::yield_now().await;
    std::rc::Rc::new(id)
}

#[invalidates("apart:<return>", on_unavailable = "error", "apart:<id>")]
async fn forget_returned(id: u64, returned: u64) -> Result<u64, Anything> {
    tokio::task::yield_now().await;
    Ok(returned.max(id))
}

#[tokio::test]
async fn what_is_returned_may_be_less_than_send() {
    let cache = Cache::in_memory();
    let calls = async {
        assert!(apart(0).await.is_err());
        let found = async |id| apart(id).await.unwrap();
        assert_eq!(found(1).await, 1);
        assert!(save_apart(1, 7).await.is_ok());
        assert_eq!(found(1).await, 8, "what was written is what is read");
        drop(forget_apart(1).await);
        assert_eq!(found(1).await, 1);
        assert!(save_apart(2, 7).await.is_ok());
        assert!(forget_returned(1, 2).await.is_ok());
        assert_eq!(found(2).await, 2);
    };
    let scoped = cache.clone();
    tokio::spawn(async move { scoped.scope(calls).await }).await.unwrap();
    assert_eq!(cache.stats().total().invalidations, 6);
}

#[tokio::test]
async fn writers_return_anything() {
    let run = async {
        assert_eq!(not_send(2).await, 2);
        assert_eq!(coerced(0).await(1) + coerced(2).await(1), 4);
        assert_eq!(borrowed(2, "abc").await, "ab");
        assert_eq!(opaque(3).await.sum::<u64>(), 3);
        assert_eq!(stacked(3).await, 3);
    };
    Cache::in_memory().scope(run).await;
}
