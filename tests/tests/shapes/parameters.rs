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
