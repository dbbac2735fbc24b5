//! Closures over the value of a batch: they see that of one id, whatever the batch returns, and its parameters.

use super::*;

/// Functions that return their rows in so many ways, and store those that have a name.
macro_rules! named {
    ($($name:ident$([$($id:tt)+])? -> $output:ty: |$ids:ident| $rows:expr;)*) => {$(
        #[cached(
            key = "closures:<ids>",
            each = ids,
            $($($id)+,)?
            ttl = |name: &String| name.len() as u64,
            unless = |name: &String| name.is_empty(),
            skip(asked)
        )]
        async fn $name(asked: &Asked, $ids: &[u64]) -> $output {
            asked.add($ids);
            $rows
        }
    )*};
}

/// The even ones have an empty name, and there is no fourth.
fn named(id: u64) -> Option<String> {
    (id != 4).then(|| if id % 2 == 1 { name(id) } else { String::new() })
}

fn of_name(name: &str) -> u64 {
    name.strip_prefix("user ").and_then(|id| id.parse().ok()).unwrap_or(2)
}

named! {
    map -> HashMap<u64, String>:
        |ids| ids.iter().filter_map(|&id| Some((id, named(id)?))).collect();
    tree -> Result<BTreeMap<u64, String>, Failed>:
        |ids| Ok(ids.iter().filter_map(|&id| Some((id, named(id)?))).collect());
    pairs -> Vec<(u64, String)>:
        |ids| ids.iter().filter_map(|&id| Some((id, named(id)?))).collect();
    list[id = |name| of_name(name)] -> Result<Vec<String>, Failed>:
        |ids| Ok(ids.iter().filter_map(|&id| named(id)).collect());
}

/// Awaits a call for all of the ids twice: rows with a name are stored, the others are asked for again.
macro_rules! stores_what_has_a_name {
    ($($find:ident)*) => {$(
        let asked = Asked::default();
        Cache::in_memory()
            .scope(async {
                let first = $find(&asked, &[1, 2, 3, 4]).await;
                assert_eq!($find(&asked, &[1, 2, 3, 4]).await, first);
            })
            .await;
        assert_eq!(asked.take(), ["[1, 2, 3, 4]", "[2, 4]"], stringify!($find));
    )*};
}

#[tokio::test]
async fn they_see_the_value_of_one_id() {
    stores_what_has_a_name!(map tree pairs list);
}

/// A closure that knows the value as a type parameter.
#[cached(key = "generic:<ids>", each = ids, ttl = |row: &T| row.to_string().len() as u64, skip(asked, rows, T))]
async fn generic<T>(asked: &Asked, rows: &[T], ids: &[usize]) -> Vec<(usize, T)>
where
    T: Display + Clone + Serialize + serde::de::DeserializeOwned,
{
    asked.add(ids);
    ids.iter().map(|&id| (id, rows[id].clone())).collect()
}

struct Owner {
    asked: Asked,
    banned: String,
}

impl Owner {
    #[cached(
        key = "owner:<suffix>:<ids>",
        each = ids,
        ttl = |name: &String| name.len() as u64 + extra.len() as u64,
        unless = |name: &String| *name == self.banned || *name == extra || ids.len() > 3,
        skip(extra),
    )]
    async fn by_value(&self, suffix: String, extra: String, ids: Vec<u64>) -> HashMap<u64, String> {
        self.asked.add(&ids);
        let (suffix, _) = (suffix, extra);
        ids.into_iter().map(|id| (id, format!("{id}{suffix}"))).collect()
    }

    #[cached(key = "arc:<ids>", each = ids, ttl = 60, unless = |name: &String| *name == self.banned)]
    async fn by_arc(self: Arc<Self>, ids: &[u64]) -> HashMap<u64, String> {
        self.asked.add(ids);
        let me = self;
        ids.iter().map(|&id| (id, name(id) + &me.banned[..0])).collect()
    }
}

#[tokio::test]
async fn they_may_mention_what_the_body_takes_away() {
    let asked = Asked::default();
    let owner = Arc::new(Owner { asked: asked.clone(), banned: "1x".into() });
    Cache::in_memory()
        .scope(async {
            for _ in 0..2 {
                owner.by_value("x".into(), "2x".into(), vec![1, 2, 3]).await;
            }
            assert_eq!(asked.take(), ["[1, 2, 3]", "[1, 2]"]);
            for _ in 0..2 {
                owner.by_value("y".into(), "2x".into(), vec![1, 2, 3, 4]).await;
            }
            assert_eq!(asked.take(), ["[1, 2, 3, 4]", "[1, 2, 3, 4]"], "the list is all of it");
            Arc::clone(&owner).by_arc(&[1]).await;
            Arc::clone(&owner).by_arc(&[1]).await;
            assert_eq!(asked.take(), ["[1]"]);
            let row = |id, row: &str| (id, row.to_owned());
            let found = generic(&asked, &["", "b"].map(String::from), &[0, 1]).await;
            assert_eq!(found, [row(0, ""), row(1, "b")]);
            let found = generic(&asked, &["a", "c"].map(String::from), &[0, 1]).await;
            assert_eq!(found, [row(0, "a"), row(1, "b")]);
        })
        .await;
    assert_eq!(asked.take(), ["[0, 1]", "[0]"], "a ttl of zero stores nothing");
}
