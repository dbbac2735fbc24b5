//! What a body does: `?`, `return`, moved and borrowed arguments.

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
