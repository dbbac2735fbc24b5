//! The queries of `grafana/cache.json` ask for what the service's `/metrics` has: the metrics, their kinds, their labels,
//! and the labels' values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What is not there before it happens, which it does not in every run: a database that fails, or refuses a queued write,
/// a second process to wait for, a difference that an audit finds, a write that waits for the store.
const RARE: [&str; 10] = [
    "cache_audit_differences",
    "cache_coalesced",
    "cache_load_failures",
    "cache_lock_wait_duration",
    "cache_lock_waits",
    "cache_not_stored",
    "cache_superseded",
    "cache_write_behind_dead_letters",
    "cache_write_behind_replaced",
    "cache_writes_refused",
];

type Labels = BTreeMap<String, String>;

/// The series of a scrape, and the kind of each metric.
struct Scrape {
    series: Vec<(String, Labels)>,
    kinds: BTreeMap<String, String>,
}

impl Scrape {
    fn read(text: &str) -> Scrape {
        let mut scrape = Scrape { series: Vec::new(), kinds: BTreeMap::new() };
        for line in text.lines() {
            if let Some((name, kind)) =
                line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
            {
                scrape.kinds.insert(name.to_owned(), kind.to_owned());
            } else if !line.starts_with('#')
                && let Some((series, _)) = line.rsplit_once(' ')
            {
                let (name, labels) = series
                    .split_once('{')
                    .map_or((series, ""), |(name, labels)| (name, labels.trim_end_matches('}')));
                let labels = matchers(labels).map(|(label, _, value)| (label, value)).collect();
                scrape.series.push((name.to_owned(), labels));
            }
        }
        scrape
    }

    /// The kind of a metric; of the sum and the count of a summary, that of a counter.
    fn kind(&self, name: &str) -> Option<&str> {
        let part = ["_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
        let summary = part.and_then(|whole| self.kinds.get(whole));
        summary.map(|_| "counter").or_else(|| self.kinds.get(name).map(String::as_str))
    }
}

/// `label="value"`, and so on: each with its operator. No value here has a quote or a comma in it.
fn matchers(text: &str) -> impl Iterator<Item = (String, String, String)> {
    text.split(',').filter(|part| !part.is_empty()).map(|part| {
        let at = part.find(['=', '!']).unwrap_or_else(|| panic!("no matcher: `{part}`"));
        let (label, rest) = part.split_at(at);
        let (operator, value) = rest.split_once('"').expect("values are quoted");
        (label.to_owned(), operator.to_owned(), value.trim_end_matches('"').to_owned())
    })
}

/// A metric in a query, with what is asked of its labels.
#[derive(Debug)]
struct Selector {
    name: String,
    matchers: Vec<(String, String, String)>,
    /// Over a range of time, as counters are asked for.
    ranged: bool,
}

/// The selectors of a query, and the labels that it is grouped by.
fn parse(query: &str) -> (Vec<Selector>, BTreeSet<String>) {
    let (mut selectors, mut groups) = (Vec::new(), BTreeSet::new());
    let mut rest = query;
    while let Some(at) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        let word = &rest[at..];
        let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (word, after) = word.split_at(end.unwrap_or(word.len()));
        rest = after;
        if word == "by" {
            let (inside, after) = after.split_once(')').expect("a list of labels");
            groups.extend(inside.trim_start_matches([' ', '(']).split(", ").map(str::to_owned));
            rest = after;
        } else if word.starts_with("cache_") {
            let inside = after.strip_prefix('{').and_then(|after| after.split_once('}'));
            let (inside, after) = inside.unwrap_or(("", after));
            let ranged = after.starts_with('[');
            let (name, matchers) = (word.to_owned(), matchers(inside).collect());
            selectors.push(Selector { name, matchers, ranged });
            // A range, such as `[1h]`, has letters in it.
            rest = if ranged { after.split_once(']').expect("a range ends").1 } else { after };
        }
    }
    (selectors, groups)
}

/// Whether one of these series is what a query asks for.
fn found(series: &[&Labels], matchers: &[(String, String, String)]) -> bool {
    let fits = |labels: &&Labels| {
        matchers.iter().all(|(label, operator, wanted)| {
            let value = labels.get(label).map_or("", String::as_str);
            match operator.as_str() {
                "=" => value == wanted,
                "!=" => value != wanted,
                // A variable stands for any; all others here are lists.
                "=~" => wanted.starts_with('$') || wanted.split('|').any(|one| one == value),
                other => panic!("`{other}` is new"),
            }
        })
    };
    series.iter().any(fits)
}

/// Every query of every panel, beside a scrape of a service that has served for a while, without its store too.
pub(crate) fn check(metrics: &str) {
    let scrape = Scrape::read(metrics);
    let dashboard: Value =
        serde_json::from_str(include_str!("../../grafana/cache.json")).expect("it is JSON");
    let mut asked = 0;
    for panel in dashboard["panels"].as_array().expect("it has panels") {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().expect("a query");
            let (selectors, groups) = parse(query);
            assert!(!selectors.is_empty(), "nothing is asked for: {query}");
            for selector in &selectors {
                asked += 1;
                check_selector(&scrape, selector, &groups, query);
            }
        }
    }
    assert!(asked > 50, "the test has lost its eyes: it saw {asked} selectors");
}

fn check_selector(scrape: &Scrape, selector: &Selector, groups: &BTreeSet<String>, query: &str) {
    let Selector { name, matchers, ranged } = selector;
    let of_name = scrape.series.iter().filter(|(of, _)| of == name);
    let series: Vec<_> = of_name.map(|(_, labels)| labels).collect();
    if series.is_empty() && RARE.contains(&name.as_str()) {
        return;
    }
    assert!(found(&series, matchers), "nothing fits {selector:?} of {query}");
    let kind = scrape.kind(name).unwrap_or_else(|| panic!("{name} has no kind"));
    if *ranged {
        assert_eq!(kind, "counter", "{name} is no counter: {query}");
    }
    // Quantiles come ready from the exporter: it writes summaries.
    let quantile = matchers.iter().find(|(label, ..)| label == "quantile");
    assert_eq!(kind == "summary", quantile.is_some(), "{name} is a {kind}: {query}");
    for wanted in quantile.iter().flat_map(|(_, _, wanted)| wanted.split('|')) {
        let there = series.iter().any(|labels| labels["quantile"] == wanted);
        assert!(there, "{name} has no quantile {wanted}: {query}");
    }
    for label in groups.iter().filter(|label| *label != "instance") {
        let there = series.iter().any(|labels| labels.contains_key(label));
        assert!(there, "{name} has no label {label}: {query}");
    }
}

#[test]
fn a_query_is_taken_apart() {
    let query = r#"sum by (a, b) (rate(cache_x{a="1",b=~"2|3"}[5m])) - max(cache_y) / (cache_z unless cache_z offset 1h)"#;
    let (selectors, groups) = parse(query);
    assert_eq!(groups, BTreeSet::from(["a", "b"].map(str::to_owned)));
    let names: Vec<_> = selectors.iter().map(|s| (s.name.as_str(), s.ranged)).collect();
    let there = [("cache_x", true), ("cache_y", false), ("cache_z", false), ("cache_z", false)];
    assert_eq!(names, there);
    let scrape = Scrape::read("# TYPE cache_x counter\ncache_x{a=\"1\",b=\"3\"} 7\n");
    assert!(found(&[&scrape.series[0].1], &selectors[0].matchers));
    assert!(!found(&[&Labels::new()], &selectors[0].matchers));
}
