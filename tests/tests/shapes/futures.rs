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
