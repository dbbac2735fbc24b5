//! Constants of `Self` and of type parameters in the arguments that make a policy.

use cache_runtime::{Codec, Policy, write_behind, write_through};

use super::*;

/// Each implementation has constants of its own.
trait Limits: Send + Sync {
    const VERSION: u32;
    const KEPT: Duration;
    const MOST: usize;

    #[cached(
        key = "limited:<id>",
        ttl = Self::KEPT,
        version = Self::VERSION,
        max_bytes = Self::MOST,
        stale_if_error = Self::KEPT,
        skip(loads),
    )]
    async fn text(&self, loads: &Loads, id: u64) -> String {
        loads.add_one();
        format!("{id} of version {}", Self::VERSION)
    }
}

struct Small;
struct Large;

impl Limits for Small {
    const VERSION: u32 = 1;
    const KEPT: Duration = Duration::from_secs(60);
    const MOST: usize = 4;
}

impl Limits for Large {
    const VERSION: u32 = 2;
    const KEPT: Duration = Duration::from_secs(60);
    const MOST: usize = 4096;
}

#[tokio::test]
async fn the_constants_of_each_implementation_are_its_own() {
    let (loads, cache) = (Loads::default(), Cache::in_memory());
    cache
        .scope(async {
            for _ in 0..2 {
                assert_eq!(Small.text(&loads, 1).await, "1 of version 1");
            }
            assert_eq!(loads.take(), 2, "too large to be stored");
            for _ in 0..2 {
                assert_eq!(Large.text(&loads, 1).await, "1 of version 2");
            }
            assert_eq!(loads.take(), 1);
        })
        .await;
    let stats = cache.stats();
    let text = stats.function("shapes::constants::Limits::text").expect("it is one function");
    assert_eq!((text.hits, text.loads), (1, 3));
}

/// A type parameter of the `impl`, and one of the function.
struct Table<R, const N: u32>(std::marker::PhantomData<fn() -> R>);

impl<R: Limits, const N: u32> Table<R, N> {
    #[cached(key = "table:<id>", ttl = 60, version = N, max_bytes = R::MOST, skip(loads))]
    async fn row(&self, loads: &Loads, id: u64) -> u32 {
        loads.add_one();
        N * 100_000 + u32::try_from(id).unwrap()
    }
}

#[cached(key = "of:<id>:<DIGITS>", ttl = 60, max_bytes = DIGITS, skip(loads))]
async fn padded<const DIGITS: usize>(loads: &Loads, id: u64) -> String {
    loads.add_one();
    format!("{id:0DIGITS$}")
}

#[tokio::test]
async fn type_parameters_are_constants_too() {
    let loads = Loads::default();
    let (one, two) = (Table::<Large, 1>(Default::default()), Table::<Large, 2>(Default::default()));
    let small = Table::<Small, 3>(Default::default());
    Cache::in_memory()
        .scope(async {
            for _ in 0..2 {
                assert_eq!(
                    (one.row(&loads, 7).await, two.row(&loads, 7).await),
                    (100_007, 200_007)
                );
            }
            assert_eq!(loads.take(), 2, "two versions");
            for _ in 0..2 {
                assert_eq!(small.row(&loads, 7).await, 300_007);
            }
            assert_eq!(loads.take(), 2, "too large to be stored");
            for _ in 0..2 {
                assert_eq!(padded::<5>(&loads, 7).await, "00007");
            }
            assert_eq!(loads.take(), 2, "two quotes more than there is room for");
        })
        .await;
}

/// Every argument that takes a constant.
#[derive(Clone)]
struct Users(Arc<Loads>);

impl Users {
    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);
    const PART: f64 = 0.1;
    const BYTES: usize = 4096;
    const VERSION: u32 = 3;
    const CODEC: Codec = Codec::Json;
    const POLICY: Policy = Policy::ttl(60);

    #[cached(
        key = "constants:<id>",
        ttl = Self::MINUTE,
        negative_ttl = Self::MINUTE,
        lock(lease = Self::SECOND, wait = Self::SECOND),
        local = Self::SECOND,
        jitter = Self::PART,
        audit = Self::PART / 1e6,
        stale_while_revalidate = Self::MINUTE,
        stale_if_error = Self::MINUTE,
        soft_timeout = Self::SECOND,
        load_timeout = Self::MINUTE,
        refresh_ahead = Self::PART * 9.0,
        codec = Self::CODEC,
        compress(zstd, over = Self::BYTES),
        max_bytes = Self::BYTES,
        version = Self::VERSION,
        when = Self::VERSION == 3,
    )]
    async fn find(&self, id: u64) -> Result<Option<u64>, Failed> {
        self.0.add_one();
        Ok(Some(id))
    }

    #[cached(key = "policy:<ids>", each = ids, policy = Self::POLICY, version = Self::VERSION)]
    async fn many(&self, ids: &[u64]) -> HashMap<u64, u64> {
        self.0.add_one();
        ids.iter().map(|id| (*id, *id)).collect()
    }

    #[invalidates("constants:<id>", version = Self::VERSION, hold = Self::SECOND, when = id != 0)]
    async fn forget(&self, id: u64) {
        let _ = id;
    }

    #[write_through(key = "policy:<id>", policy = Self::POLICY, version = Self::VERSION)]
    async fn save(&self, id: u64) -> u64 {
        id + 1
    }

    #[write_behind(
        queue = "constants",
        key = "policy:<id>",
        policy = Self::POLICY,
        version = Self::VERSION,
        enqueue = add(id),
        linger = Self::SECOND,
        max_bytes = Self::BYTES,
    )]
    async fn add_all(&self, ids: Vec<u64>) -> Result<(), String> {
        drop(ids);
        Ok(())
    }
}

#[tokio::test]
async fn every_argument_takes_a_constant_of_self() {
    let loads = Arc::new(Loads::default());
    let users = Users(loads.clone());
    assert_eq!(loads_once!(loads, users.find(1)), Ok(Some(1)));
    assert_eq!(loads_once!(loads, users.many(&[1, 2])).len(), 2);
    Cache::in_memory()
        .scope(async {
            users.find(1).await.unwrap();
            users.forget(1).await;
            users.find(1).await.unwrap();
            assert_eq!(loads.take(), 2);
            users.save(1).await;
            assert_eq!(users.many(&[1]).await[&1], 2);
            users.add(&1).await.unwrap();
            assert_eq!(users.many(&[1]).await[&1], 1);
            assert_eq!(loads.take(), 0);
        })
        .await;
}
