//! How parameters are written: patterns, references, generics, and types of one's own in the key.

use super::*;

struct Path<T>(T);

struct Page {
    number: u32,
    size: u32,
}

#[derive(KeyPart)]
struct TenantId(u32);

#[derive(KeyPart)]
enum Plan {
    Free,
    Paid,
}

#[cached(key = "patterns:<id>:<number>:<size>:<pair.0>:<pair.1>", ttl = 60, skip(loads))]
async fn patterns(
    loads: &Loads,
    Path(id): Path<u64>,
    Page { number, size }: Page,
    pair: (u8, &str),
    _: f64,
) -> String {
    loads.add_one();
    format!("{id} {number} {size} {pair:?}")
}

/// As another crate may have it: no field can be seen.
mod foreign {
    #[derive(Clone, Copy)]
    pub(super) struct Number(u64);

    impl Number {
        pub(super) fn new(number: u64) -> Number {
            Number(number)
        }

        pub(super) fn get(self) -> u64 {
            self.0
        }

        pub(super) fn text(&self) -> &str {
            if self.0 == 7 { "seven" } else { "other" }
        }
    }

    impl std::fmt::Display for Number {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "no. {}", self.0)
        }
    }
}

#[cached(
    key = "getters:<id.get()>:<id.text()>:<id.to_string()>:<pair.0.get()>",
    ttl = 60,
    skip(loads)
)]
async fn getters(loads: &Loads, id: foreign::Number, pair: &(foreign::Number, u8)) -> u64 {
    loads.add_one();
    id.get() + pair.0.get()
}

#[invalidates("getters:<id.get()>:<id.text()>:<id.to_string()>:<return.get()>")]
async fn changed(id: foreign::Number) -> foreign::Number {
    id
}

#[derive(CacheKey)]
#[cache_key("getters:<id.get()>:<id.text()>:<id.to_string()>:<other.get()>")]
struct Getters {
    id: foreign::Number,
    other: foreign::Number,
}

#[tokio::test]
async fn methods_without_arguments_fill_placeholders() {
    let (cache, loads) = (Cache::in_memory(), Loads::default());
    let seven = foreign::Number::new(7);
    cache
        .scope(async {
            for _ in 0..2 {
                assert_eq!(getters(&loads, seven, &(seven, 1)).await, 14);
            }
            assert_eq!(loads.take(), 1);
            let stored = cache_runtime::stored_key(&Getters { id: seven, other: seven });
            assert_eq!(stored, "getters:7:seven:no.%207:7");
            let found = cache.get::<u64>(Getters { id: seven, other: seven }).await;
            assert_eq!(found, Ok(Some(14)));
            changed(seven).await;
            getters(&loads, seven, &(seven, 1)).await;
            assert_eq!(loads.take(), 1);
            assert_eq!(cache.check(), Ok(()));
        })
        .await;
}

#[cached(key = "derived:<tenant>:<plan>:<r#type>", ttl = 60, skip(loads))]
async fn derived(loads: &Loads, tenant: TenantId, plan: Plan, r#type: Option<u8>) -> String {
    loads.add_one();
    let plan = match plan {
        Plan::Free => "free",
        Plan::Paid => "paid",
    };
    format!("{} {plan} {:?}", tenant.0, r#type)
}

#[cached(key = "nameless:<cache>:<key>:<w>:<out>:<policy>", ttl = 60, skip(loads))]
async fn names_of_ours(loads: &Loads, cache: u8, key: u8, w: u8, out: u8, policy: u8) -> u8 {
    loads.add_one();
    cache + key + w + out + policy
}

#[tokio::test]
async fn parameters_of_every_kind() {
    let loads = Loads::default();
    let page = || Page { number: 2, size: 3 };
    let call = || patterns(&loads, Path(1), page(), (4, "x"), 0.5);
    assert_eq!(loads_once!(loads, call()), "1 2 3 (4, \"x\")");
    let call = || derived(&loads, TenantId(1), Plan::Paid, Some(2));
    assert_eq!(loads_once!(loads, call()), "1 paid Some(2)");
    let call = || derived(&loads, TenantId(1), Plan::Free, None);
    assert_eq!(loads_once!(loads, call()), "1 free None");
    assert_eq!(loads_once!(loads, names_of_ours(&loads, 1, 2, 3, 4, 5)), 15);
}

#[cached(key = "generic:<id>:<list>", ttl = 60, skip(loads))]
async fn generic<'a, T, const N: usize>(loads: &'a Loads, id: T, list: [u8; N]) -> String
where
    T: KeyPart + Display + Send + Sync + 'a,
{
    loads.add_one();
    format!("{id} {list:?}")
}

#[cached(key = "anonymous:<id>", ttl = 60, skip(loads))]
async fn anonymous(loads: &Loads, id: impl KeyPart + Debug) -> String {
    loads.add_one();
    format!("{id:?}")
}

#[tokio::test]
async fn generic_functions() {
    let loads = Loads::default();
    assert_eq!(loads_once!(loads, generic(&loads, "a", [1, 2])), "a [1, 2]");
    assert_eq!(loads_once!(loads, generic(&loads, 5_u8, [])), "5 []");
    assert_eq!(loads_once!(loads, anonymous(&loads, Some(1_u8))), "Some(1)");
}

/// A name that begins with a capital is a parameter like any other.
#[cached(key = "capitals:<URL>:<ID>", ttl = 60, skip(loads, Marker))]
#[allow(non_snake_case)]
async fn capitals(loads: &Loads, URL: &str, Path(ID): Path<u64>, Marker: Marker) -> String {
    loads.add_one();
    format!("{URL} {ID}")
}

struct Marker;

trait Table {
    const NAME: &str;
}

struct Users;

impl Table for Users {
    const NAME: &str = "users";
}

struct Orders;

impl Table for Orders {
    const NAME: &str = "orders";
}

#[cached(key = "page:<N>:<id>", ttl = 60, skip(loads))]
async fn page<const N: usize>(loads: &Loads, id: u64) -> Vec<u64> {
    loads.add_one();
    vec![id; N]
}

#[cached(key = format!("count:{}", A::NAME), ttl = 60, skip(loads))]
async fn count<A: Table>(loads: &Loads) -> usize {
    loads.add_one();
    A::NAME.len()
}

#[cached(
    key = "padded:<id>",
    ttl = 3600u64,
    max_bytes = 64usize,
    jitter = 0.1f64,
    skip(loads, N, A)
)]
async fn padded<A: Table, const N: usize>(loads: &Loads, id: u64) -> String {
    loads.add_one();
    id.to_string()
}

/// What the parameters' types determine is no other value.
#[cached(key = "sum:<name>", ttl = 60, skip(loads, ids, make))]
async fn sum<I, T, F, E>(loads: &Loads, name: &str, ids: I, make: F) -> Result<u64, E>
where
    I: IntoIterator<Item = T>,
    T: Into<u64>,
    F: FnOnce() -> E,
{
    loads.add_one();
    match name {
        "" => Err(make()),
        _ => Ok(ids.into_iter().map(Into::into).sum()),
    }
}

#[tokio::test]
async fn every_parameter_tells_calls_apart() {
    let loads = Loads::default();
    Cache::in_memory()
        .scope(async {
            assert_eq!(capitals(&loads, "a", Path(1), Marker).await, "a 1");
            assert_eq!(capitals(&loads, "b", Path(1), Marker).await, "b 1");
            assert_eq!(capitals(&loads, "b", Path(2), Marker).await, "b 2");
            assert_eq!(page::<5>(&loads, 1).await.len(), 5);
            assert_eq!(page::<2>(&loads, 1).await.len(), 2);
            assert_eq!(count::<Users>(&loads).await, 5);
            assert_eq!(count::<Orders>(&loads).await, 6);
            assert_eq!(loads.take(), 7);
        })
        .await;
}

#[tokio::test]
async fn parameters_that_need_not_be_in_the_key() {
    let loads = Loads::default();
    assert_eq!(loads_once!(loads, padded::<Users, 2>(&loads, 1)), "1");
    assert_eq!(loads_once!(loads, sum(&loads, "a", [1_u8, 2], || Failed)), Ok(3));
}

struct Transaction;

/// A closure that gets a transaction gets one that begins inside of the function.
#[cached(key = "work:<id>", ttl = 60, skip(loads, work))]
async fn work(loads: &Loads, id: u64, work: impl FnOnce(&mut Transaction) -> u64) -> u64 {
    loads.add_one();
    id + work(&mut Transaction)
}

#[tokio::test]
async fn transactions_may_begin_inside() {
    let loads = Loads::default();
    assert_eq!(loads_once!(loads, work(&loads, 1, |_| 2)), 3);
}

/// Arrays of more than 32 elements, which serde does not know by itself.
mod as_bytes {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        bytes: &[u8; 64],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        bytes.as_slice().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; 64], D::Error> {
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        bytes.try_into().map_err(|_| D::Error::custom("a signature has 64 bytes"))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, cache_runtime::CacheValue)]
struct Signed {
    #[serde(with = "as_bytes")]
    signature: [u8; 64],
}

#[cached(key = "signed:<digest>", ttl = 60, skip(loads))]
async fn signed(loads: &Loads, digest: [u8; 64]) -> Signed {
    loads.add_one();
    Signed { signature: digest.map(|byte| !byte) }
}

#[tokio::test]
async fn arrays_of_any_length_are_keys_and_values_where_serde_is_told_how() {
    let loads = Loads::default();
    let digest = std::array::from_fn(|at| at as u8);
    let found = loads_once!(loads, signed(&loads, digest));
    assert_eq!(found.signature[63], !63);
}
