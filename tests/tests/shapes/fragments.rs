//! Functions that `macro_rules!` macros write: types, patterns, expressions and bodies come in invisible groups.

use cache_runtime::{Policy, write_behind, write_through};

use super::*;

/// Types and bodies come as fragments, in invisible groups.
macro_rules! finders {
    ($($name:ident, $key:literal, $id:ty, $ids:ty, $value:ty;)*) => {$(
        #[cached(key = $key, ttl = 60, stale_while_revalidate = 30, skip(loads))]
        async fn $name(loads: &'static Loads, id: $id, rest: &$ids) -> $value {
            loads.add_one();
            <$value>::from(format!("{id} {}", rest.len()))
        }
    )*};
}

static LOADS: Loads = Loads(AtomicU32::new(0));

finders! {
    by_number, "number:<id>:<rest>", u64, [u64], String;
    by_name, "name:<id>:<rest>", &str, Vec<u64>, Box<str>;
}

macro_rules! batches {
    ($($name:ident, $ids:ty, $tag:literal;)*) => {$(
        #[cached(key = "batch:<ids>", each = ids, ttl = 60, tags = [$tag], skip(loads))]
        async fn $name(loads: &Loads, ids: $ids) -> HashMap<u64, u64> {
            loads.add_one();
            ids.iter().map(|id| (*id, *id)).collect()
        }
    )*};
}

batches! {
    many_of_slice, &[u64], "batches";
    many_of_vec, Vec<u64>, "batches";
}

#[invalidates(tags("batches"))]
async fn forget_batches() {}

#[tokio::test]
async fn fragments_of_macros() {
    assert_eq!(loads_once!(LOADS, by_number(&LOADS, 1, &[1])), "1 1");
    assert_eq!(&*loads_once!(LOADS, by_name(&LOADS, "a", &vec![])), "a 0");
    let loads = Loads::default();
    Cache::in_memory()
        .scope(async {
            assert_eq!(many_of_slice(&loads, &[1, 2]).await.len(), 2);
            assert_eq!(many_of_vec(&loads, vec![1, 2]).await.len(), 2);
            assert_eq!(loads.take(), 1);
            forget_batches().await;
            assert_eq!(many_of_vec(&loads, vec![1, 2]).await.len(), 2);
            assert_eq!(
                loads.take(),
                1,
                "a tag that comes as a fragment is a template like any other"
            );
        })
        .await;
}

macro_rules! everything {
    (
        $($name:ident($pattern:pat => $argument:ty) -> $value:ty, $error:ty, $body:block;
        $key:expr, $ttl:expr, $policy:path, $unless:expr, $visibility:vis, $lifetime:lifetime;)*
    ) => {$(
        #[cached(key = $key, policy = $policy, ttl = $ttl, lock(lease = $ttl), unless = $unless)]
        $visibility async fn $name<$lifetime>($pattern: &$lifetime $argument) -> Result<Option<$value>, $error> $body
    )*};
}

const POLICY: Policy = Policy::ttl(60);

everything! {
    whole(id => (u64, &'static Loads)) -> u64, Failed, {
        id.1.add_one();
        Ok(Some(id.0))
    };
    "whole:<id.0>", 30 + 30, POLICY, |value: &u64| *value == 7, pub(super), 'a;
    taken_apart((id, loads) => (String, &'static Loads)) -> Vec<String>, Box<dyn std::error::Error + Send + Sync>, {
        loads.add_one();
        Ok(Some(vec![id.clone()]))
    };
    { _ = loads; format!("apart:{id}") }, "1m", self::POLICY, |value: &Vec<String>| value.is_empty(), pub(super), 'b;
}

/// A list of what comes as a fragment, an object with two bounds, and a value that is behind a pointer.
macro_rules! writers {
    ($id:ty, $object:ty, $list:ty, $this:ty) => {
        #[invalidates("writers:<ids>", each = ids)]
        async fn forget_each(ids: &[$id], notify: &$object) {
            notify(ids.len());
        }

        #[invalidates("writers:<return>", each = return)]
        async fn forget_returned(ids: $list) -> $list {
            ids
        }

        #[write_through(key = "writers:<id>", ttl = 60)]
        async fn save_one(id: $id) -> Option<$id> {
            Some(id)
        }

        #[cached(key = "writers:<ids>", each = ids, ttl = 60, skip(loads))]
        async fn find_each(loads: &$id, ids: Vec<$id>) -> Result<HashMap<$id, $id>, Failed> {
            Ok(ids.into_iter().map(|id| (id, *loads)).collect())
        }

        impl Queue {
            #[write_behind(queue = "fragments", key = "writers:<id>", ttl = 60, enqueue = add(id))]
            async fn add_all(self: $this, ids: $list) -> Result<(), String> {
                drop(ids);
                Ok(())
            }
        }
    };
}

struct Queue;

writers!(u64, dyn Fn(usize) + Send + Sync, Vec<u64>, Arc<Self>);

#[tokio::test]
async fn every_kind_of_fragment() {
    static LOADS: Loads = Loads(AtomicU32::new(0));
    assert_eq!(loads_once!(LOADS, whole(&(1, &LOADS))), Ok(Some(1)));
    let call = async || taken_apart(&("a".into(), &LOADS)).await.map_err(|_| ());
    assert_eq!(loads_once!(LOADS, call()), Ok(Some(vec!["a".to_owned()])));
    let notified = Arc::new(AtomicU32::new(0));
    let notify = |ids| _ = notified.fetch_add(u32::try_from(ids).unwrap(), Ordering::Relaxed);
    let notify: &(dyn Fn(usize) + Send + Sync) = &notify;
    Cache::in_memory()
        .scope(async {
            let found = async |loads| find_each(&loads, vec![1, 2]).await.unwrap()[&1];
            assert_eq!((found(7).await, found(8).await), (7, 7));
            forget_each(&[1, 2], notify).await;
            assert_eq!((found(8).await, notified.load(Ordering::Relaxed)), (8, 2));
            forget_returned(vec![1]).await;
            assert_eq!(found(9).await, 9);
            save_one(1).await;
            assert_eq!(found(10).await, 1);
            Arc::new(Queue).add(&1).await.unwrap();
        })
        .await;
}
