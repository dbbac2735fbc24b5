//! What a body does: `?`, `return`, moved and borrowed arguments.

use std::pin::Pin;

use super::*;

#[cached(key = "question:<text>", ttl = 60, skip(loads))]
async fn question_mark(
    loads: &Loads,
    text: &str,
) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    loads.add_one();
    let number: u64 = text.parse()?;
    if number == 7 {
        return Err("not seven".into());
    }
    Ok(number)
}

#[cached(key = "moved:<name>:<tags>", ttl = 60, skip(loads))]
async fn moved(loads: &Loads, name: String, mut tags: Vec<String>) -> Vec<String> {
    loads.add_one();
    tags.push(name);
    tags
}

#[cached(key = "sum:<n>", ttl = 60, skip(loads))]
async fn returns_from_a_loop(loads: &Loads, mut n: u64) -> u64 {
    loads.add_one();
    let mut sum = 0;
    loop {
        if n == 0 {
            return sum;
        }
        sum += n;
        n -= 1;
    }
}

#[cached(key = "inferred:<n>", ttl = 60, skip(loads))]
async fn inferred_from_the_return_type(loads: &Loads, n: u64) -> HashMap<u64, Vec<String>> {
    loads.add_one();
    (0..n).map(|key| (key, Vec::default())).collect()
}

#[tokio::test]
async fn bodies_do_as_without_the_attribute() {
    let loads = Loads::default();
    let question = |text| {
        let loads = &loads;
        async move { question_mark(loads, text).await.map_err(|error| error.to_string()) }
    };
    assert_eq!(loads_once!(loads, question("5")), Ok(5));
    assert!(question("x").await.unwrap_err().contains("invalid digit"));
    assert_eq!(question("7").await, Err("not seven".into()));
    loads.take();

    let tags = || vec!["a".to_owned()];
    let all = loads_once!(loads, moved(&loads, "b".into(), tags()));
    assert_eq!(all, ["a", "b"]);
    assert_eq!(loads_once!(loads, returns_from_a_loop(&loads, 4)), 10);
    assert_eq!(loads_once!(loads, inferred_from_the_return_type(&loads, 2)).len(), 2);
}

/// Says when it is dropped.
#[derive(Clone)]
struct Noisy(&'static str, Arc<Mutex<Vec<&'static str>>>);

impl Drop for Noisy {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0);
    }
}

impl KeyPart for Noisy {
    fn write_part(&self, out: &mut cache_runtime::KeyWriter<'_>) {
        out.text(self.0);
    }
}

/// A function whose parameters and locals say when they are dropped, with and without an attribute.
macro_rules! noisy {
    ($($(#[$attribute:meta])* $name:ident;)*) => {$(
        $(#[$attribute])*
        async fn $name(a: Noisy, (b, c): (Noisy, Noisy), mut d: Noisy) -> usize {
            let local = Noisy("local", c.1.clone());
            tokio::task::yield_now().await;
            d.0 = "d, changed";
            b.0.len() + a.0.len() + local.0.len()
        }
    )*};
}

noisy! {
    plain;
    #[cached(key = "noisy:<a>:<b>:<c>:<d>", ttl = 60)] noisy_cached;
    #[invalidates("noisy:<a>:<b>:<c>:<d>")] noisy_invalidates;
    #[cache_runtime::write_through(key = "noisy:<a>:<b>:<c>:<d>", ttl = 60)] noisy_written;
}

#[tokio::test]
async fn parameters_are_dropped_in_the_order_of_a_function() {
    let expected = ["local", "d, changed", "c", "b", "a"];
    macro_rules! dropped {
        ($function:ident) => {
            Cache::in_memory()
                .scope(async {
                    let drops = Arc::<Mutex<Vec<&'static str>>>::default();
                    let noisy = |name| Noisy(name, drops.clone());
                    let call = $function(noisy("a"), (noisy("b"), noisy("c")), noisy("d"));
                    assert_eq!(call.await, 7);
                    assert_eq!(*drops.lock().unwrap(), expected, stringify!($function));
                })
                .await
        };
    }
    dropped!(plain);
    dropped!(noisy_cached);
    dropped!(noisy_invalidates);
    dropped!(noisy_written);
}

/// The closures look at what the body consumes, and at what cannot be cloned.
#[cached(
    key = "consumed:<name>",
    ttl = |value: &String| value.len() as u64 + name.len() as u64,
    unless = |value: &String| *value == name || value.len() > limit.0,
    skip(loads, limit),
)]
async fn consumed(loads: &Loads, name: String, limit: Limit) -> String {
    loads.add_one();
    let length = limit.0.min(name.len());
    let mut name = name;
    name.truncate(length);
    name
}

struct Limit(usize);

/// The same of `self`, of a boxed future, of a trait's method, and of a writer.
#[derive(Clone)]
struct Draft(String);

impl Draft {
    #[cached(key = "draft:<self.0>", ttl = 60, unless = |text: &String| *text == self.0, skip(loads))]
    async fn published(mut self, loads: &Loads) -> String {
        loads.add_one();
        self.0.push('!');
        self.text()
    }

    fn text(self) -> String {
        self.0
    }
}

#[cached(key = "boxed-draft:<name>", ttl = 60, unless = |text: &String| *text == name, skip(loads))]
fn boxed_draft(loads: &Loads, name: String) -> Pin<Box<dyn Future<Output = String> + Send + '_>> {
    Box::pin(async move {
        loads.add_one();
        name
    })
}

#[async_trait::async_trait]
trait Publish {
    async fn publish(&self, draft: Draft, mut name: String) -> String;
}

#[async_trait::async_trait]
impl Publish for Loads {
    #[cached(
        key = "publish:<draft.0>:<name>",
        ttl = |text: &String| text.len() as u64,
        unless = |text: &String| *text == draft.0 || name.is_empty(),
    )]
    async fn publish(&self, draft: Draft, mut name: String) -> String {
        self.add_one();
        name.push_str(&draft.text());
        name
    }
}

#[cache_runtime::write_through(
    key = "draft:<draft.0>",
    ttl = |text: &String| text.len() as u64,
    value = |saved: &bool| saved.then(|| draft.0.clone()),
)]
async fn save(draft: Draft) -> bool {
    !draft.text().is_empty()
}

#[tokio::test]
async fn closures_see_self_and_what_other_forms_consume() {
    let loads = Loads::default();
    let draft = || Draft("a".into());
    assert_eq!(loads_once!(loads, draft().published(&loads)), "a!");
    assert_eq!(loads_once!(loads, loads.publish(draft(), "b".into())), "ba");
    Cache::in_memory()
        .scope(async {
            for _ in 0..2 {
                assert_eq!(boxed_draft(&loads, "a".into()).await, "a");
                assert_eq!(loads.publish(draft(), String::new()).await, "a");
            }
            assert_eq!(loads.take(), 4, "neither is stored");
            assert!(save(draft()).await);
            assert_eq!(draft().published(&loads).await, "a");
            assert_eq!(loads.take(), 0);
        })
        .await;
}

#[tokio::test]
async fn closures_see_what_the_body_consumes() {
    let loads = Loads::default();
    assert_eq!(loads_once!(loads, consumed(&loads, "abc".into(), Limit(2))), "ab");
    Cache::in_memory()
        .scope(async {
            consumed(&loads, "abc".into(), Limit(3)).await;
            consumed(&loads, "abc".into(), Limit(3)).await;
            assert_eq!(loads.take(), 2, "a value that is the name itself is not stored");
        })
        .await;
}
