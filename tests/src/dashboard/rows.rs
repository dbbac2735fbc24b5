//! The rows of the table, beside what the document says of each function.

use serde_json::Value;

use super::{
    Shown, Texts,
    said::{assert_says, calls, hundredth, number, sum},
};

/// What is said of a function that only writes, and the counter that it is said of.
const WRITES: [(&str, &str); 18] = [
    ("key invalidated", "invalidations"),
    ("keys invalidated", "invalidations"),
    ("queued", "queued"),
    ("flushed", "flushed"),
    ("replaced", "replaced"),
    ("batch", "batches"),
    ("batches", "batches"),
    ("batch failed", "batch_failures"),
    ("batches failed", "batch_failures"),
    ("dead letter", "dead_letters"),
    ("dead letters", "dead_letters"),
    ("bypassed", "bypassed"),
    ("store error", "store_errors"),
    ("store errors", "store_errors"),
    ("value not stored", "not_stored"),
    ("values not stored", "not_stored"),
    ("write refused", "refused"),
    ("writes refused", "refused"),
];

/// A counter of a function. What is not stored is counted by reason.
fn count(f: &Value, counter: &str) -> f64 {
    match f[counter].as_object() {
        Some(reasons) => reasons.values().map(number).sum(),
        None => number(&f[counter]),
    }
}

/// A row of the table, beside the function's part of the document.
fn assert_row(name: &str, cells: &Texts, f: &Value) {
    let [answered, requests] = calls(f);
    for (key, text) in cells {
        let what = format!("{key} of {name}");
        match key.as_str() {
            "name" => assert!(text == name || name == "total", "{text}"),
            "requests" => assert_says(&what, text, Some(requests), 0.0),
            "rate" => {
                let rate = (requests > 0.0).then_some(100.0 * answered / requests);
                assert_says(&what, text, rate, 0.1);
            }
            "p50" | "p99" => {
                let time = &f["load_time"];
                let value =
                    (time["count"] != 0).then(|| number(&time[format!("{key}_us").as_str()]));
                assert_says(&what, text, value, hundredth(value));
            }
            counter => assert_says(&what, text, Some(count(f, counter)), 0.0),
        }
    }
}

/// What is said of a function that only writes: each counter that is not zero, and nothing else.
fn assert_writes(name: &str, said: &str, f: &Value) {
    let mut told = Vec::new();
    for part in said.split(", ").filter(|part| *part != "nothing yet") {
        // Groups of digits have a comma, but no space after it.
        let (n, words) = part.split_once(' ').unwrap_or_else(|| panic!("{name}: `{part}`"));
        if words == "not flushed here" {
            let left = sum(f, &["flushed", "replaced", "dead_letters"]);
            assert_says(words, n, Some(number(&f["queued"]) - left), 0.0);
            continue;
        }
        let (_, counter) = WRITES.iter().find(|(said, _)| *said == words).unwrap_or_else(|| {
            panic!("{name}: nobody knows `{words}` of `{said}`");
        });
        assert_says(&format!("{words} of {name}"), n, Some(count(f, counter)), 0.0);
        told.push(*counter);
    }
    for (_, counter) in WRITES {
        assert_eq!(
            told.contains(&counter),
            count(f, counter) != 0.0,
            "{counter} of {name}: {said}"
        );
    }
}

/// All counters of a function, each as it stands in the document.
fn assert_counters(name: &str, counters: &Texts, f: &Value) {
    for (key, value) in f.as_object().expect("a function has fields") {
        let words = key.replace('_', " ");
        if value.is_u64() {
            assert_says(&format!("{words} of {name}"), &counters[&words], value.as_f64(), 0.0);
        } else if key == "not_stored" {
            for (reason, values) in value.as_object().expect("it has reasons") {
                let words = format!("not stored: {}", reason.replace('_', " "));
                assert_says(&words, &counters[&words], values.as_f64(), 0.0);
            }
        } else if value.get("count").is_some_and(|count| *count != 0) {
            for quantile in ["p50", "p95", "p99", "max"] {
                let text = &counters[&format!("{words} {quantile}")];
                let value = number(&value[format!("{quantile}_us").as_str()]);
                assert_says(name, text, Some(value), value / 100.0);
            }
        }
    }
}

impl Shown {
    /// The table says what the document does.
    pub(super) fn assert_rows(&self) {
        let functions = self.document["functions"].as_array().expect("there are functions");
        assert_eq!(self.rows.len(), functions.len());
        for f in functions {
            let name = f["name"].as_str().expect("each has a name");
            if self.writes[name].is_empty() {
                assert_eq!(self.rows[name].len(), 15, "columns of {name}");
                assert_row(name, &self.rows[name], f);
            } else {
                assert_writes(name, &self.writes[name], f);
            }
            if let Some(counters) = self.counters.get(name) {
                assert_counters(name, counters, f);
            }
        }
        if functions.len() > 1 {
            assert_eq!(self.total.len(), 15, "columns of all functions");
            let head = format!("{} functions", functions.len());
            assert_eq!(self.figures["h-functions"], head);
        }
        assert_row("total", &self.total, &self.document["total"]);
    }
}
