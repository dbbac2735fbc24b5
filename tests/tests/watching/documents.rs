//! The documents name the metrics that there are: the guide, and the Grafana dashboard.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use metrics_exporter_prometheus::formatting::{sanitize_label_key, sanitize_metric_name};
use serde_json::Value;

use crate::recorder::Seen;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A table's metrics, each with its kind, unit and the names of its labels.
type Table = BTreeMap<String, (String, String, BTreeSet<String>)>;

pub(crate) fn name_what_is_seen(seen: &Seen) {
    let seen: Table = seen
        .metrics
        .iter()
        .map(|(name, (kind, of, labels))| {
            // The facade knows no units of its own, such as `{request}`, and has another name for bytes.
            let unit = match &**of {
                "B" => "By",
                other => other,
            };
            (name.clone(), ((*kind).to_owned(), unit.to_owned(), labels.clone()))
        })
        .collect();
    let guide = table(&read("cache-runtime/src/guide/watching.md"));
    let names = |table: &Table| table.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&guide), names(&seen), "the guide's table and what is emitted");
    for (name, what) in &seen {
        let (kind, unit, labels) = guide[name].clone();
        let unit = if unit.starts_with('{') { String::new() } else { unit };
        assert_eq!((kind, unit, labels), *what, "{name}");
    }
    dashboard_asks_for(&seen);
}

/// The rows `| name | kind | unit | labels | meaning |` of a document.
fn table(text: &str) -> Table {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `cache."));
    let table = rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [name, kind, unit, labels, ..] = cells[..] else { panic!("too few cells: {row}") };
        // `cache.outcome` = `ok`, `error`: only names of labels have a dot.
        let labels = labels.split('`').filter(|word| word.contains('.') && !word.contains(' '));
        let name = format!("cache.{}", name.trim_end_matches('`'));
        (name, (kind.to_owned(), unit.to_owned(), labels.map(str::to_owned).collect()))
    });
    table.collect()
}

/// Each name in the dashboard's queries is one that the exporter for Prometheus writes.
fn dashboard_asks_for(seen: &Table) {
    let dashboard = read("examples/grafana/cache.json");
    let dashboard: Value = serde_json::from_str(&dashboard).expect("it is JSON");
    let mut names = BTreeSet::new();
    for (name, (kind, _, labels)) in seen {
        let name = sanitize_metric_name(name);
        if kind == "histogram" {
            names.extend([format!("{name}_sum"), format!("{name}_count")]);
        }
        names.insert(name);
        names.extend(labels.iter().map(|label| sanitize_label_key(label)));
    }
    let mut queries = Vec::new();
    queries_in(&dashboard, &mut queries);
    assert!(queries.len() >= 10, "the test has lost its eyes: it saw {} queries", queries.len());
    let mut asked = BTreeSet::new();
    for query in &queries {
        let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for word in words.filter(|word| word.starts_with("cache_") || word.starts_with("error_")) {
            assert!(names.contains(word), "`{word}` in `{query}` is no metric or label");
            asked.insert(word.to_owned());
        }
    }
    for wanted in ["cache_requests", "cache_load_duration", "cache_store_operation_duration"] {
        assert!(asked.contains(wanted), "the dashboard shows nothing of {wanted}");
    }
}

fn queries_in(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(query) if name == "expr" || name == "query" => {
                        into.push(query.clone());
                    }
                    value => queries_in(value, into),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| queries_in(value, into)),
        _ => {}
    }
}
