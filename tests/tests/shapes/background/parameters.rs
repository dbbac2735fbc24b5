//! Parameters that a load in the background takes along, however they are written.

use super::*;

struct Path<T>(T);

struct Page {
    number: u32,
    size: u32,
}

#[allow(clippy::toplevel_ref_arg, reason = "it is one of the forms that a parameter can have")]
#[cached(
    key = "patterns:<id>:<number>:<size>:<pair.0>:<pair.1>:<list>:<r#type>",
    ttl = 60,
    stale_while_revalidate = 30,
    skip(loads)
)]
async fn patterns(
    loads: &Arc<Loads>,
    Path(mut id): Path<u64>,
    Page { number, size }: Page,
    mut pair: (u8, String),
    ref list: Vec<u8>,
    r#type: Option<&'static str>,
    _: f64,
) -> String {
    loads.add_one();
    id += 1;
    pair.0 += 1;
    format!("{id} {number} {size} {pair:?} {} {type:?}", list.len())
}

#[cached(
    key = "refs:<text>:<list>:<optional>:<both>",
    ttl = 60,
    stale_while_revalidate = 30,
    skip(loads)
)]
async fn references<'a>(
    loads: &'a Arc<Loads>,
    mut text: &str,
    list: &[u64],
    optional: &'a Option<String>,
    both: &Arc<[u8]>,
) -> String {
    loads.add_one();
    text = text.trim();
    tokio::task::yield_now().await;
    format!("{text} {list:?} {optional:?} {both:?}")
}

#[cached(key = "generic:<id>:<list>:<any>", ttl = 60, refresh_ahead = xfetch, skip(loads))]
async fn generic<T, const N: usize>(
    loads: &Arc<Loads>,
    id: T,
    list: [u8; N],
    any: impl KeyPart + Debug + Clone + Send + Sync + 'static,
) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>>
where
    T: KeyPart + Display + Clone + Send + Sync + 'static,
{
    loads.add_one();
    let id: u64 = id.to_string().parse()?;
    if id == 7 {
        return Ok(None);
    }
    Ok(Some(format!("{id} {list:?} {any:?}")))
}

/// A name in the key that stands for something else in the body.
#[cached(key = "shadowed:<id>:<name>", ttl = 60, stale_while_revalidate = 30)]
async fn shadowed(id: u64, name: &str) -> u64 {
    let id = 5;
    [1_u64].iter().map(|name| name + id).sum()
}

#[tokio::test]
async fn parameters_of_every_kind() {
    let loads = Arc::<Loads>::default();
    let page = || Page { number: 2, size: 3 };
    let call = || patterns(&loads, Path(1), page(), (4, "x".into()), vec![5], Some("t"), 0.5);
    assert_eq!(loads_once!(loads, call()), "2 2 3 (5, \"x\") 1 Some(\"t\")");
    let both: Arc<[u8]> = Arc::new([]);
    let call = || references(&loads, " a ", &[1, 2], &None, &both);
    assert_eq!(loads_once!(loads, call()), "a [1, 2] None []");
    let call = || async { generic(&loads, 5_u8, [1, 2], Some(3)).await.map_err(|e| e.to_string()) };
    assert_eq!(loads_once!(loads, call()).unwrap().unwrap(), "5 [1, 2] Some(3)");
    assert!(generic(&loads, "x", [], 3).await.is_err());
    assert_eq!(generic(&loads, 7, [], 3).await.unwrap(), None);
    assert_eq!(Cache::in_memory().scope(shadowed(1, "a")).await, 6);
}
