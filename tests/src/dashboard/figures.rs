//! The figures, states and charts, beside what the document says of all functions and the store.

use serde_json::Value;

use super::{
    Shown,
    said::{assert_says, calls, digits, hundredth, number, whole},
};

/// From so many calls on, the figures are of the last ten seconds and not of a minute.
const FEW: f64 = 100.0;

impl Shown {
    pub(super) fn assert_figures(&self) {
        let [latest, recent, total] = ["latest", "recent", "total"].map(|key| &self.document[key]);
        let few = number(&latest["requests"]) < FEW;
        let now = if few { recent } else { latest };
        let says = |id: &str, value: Option<f64>, within: f64| {
            assert_says(id, &self.figures[id], value, within);
        };
        let rate = |of: &Value| {
            let requests = number(&of["requests"]);
            (requests > 0.0).then(|| 100.0 * number(&of["answered"]) / requests)
        };
        says("rate", rate(now), 0.1);
        let said = &self.figures["rate-note"];
        let told = said.contains(&whole(number(&now["requests"]))) || now["requests"] == 0;
        assert!(told, "{said}");
        let [answered, calls] = calls(total);
        let mut lines = self.lines.iter();
        if let (false, Some(minute)) = (few, rate(recent)) {
            let [_, text] = lines.next().expect("a part of the last minute's calls");
            assert_says("the last minute", text, Some(minute), 0.1);
        }
        if calls > 0.0 {
            let [of, text] = lines.next().expect("a part of all calls");
            assert_eq!(*of, format!("of all {} calls", whole(calls)));
            assert_says("all calls", text, Some(100.0 * answered / calls), 0.1);
        }
        let loads = number(&total["loads"]);
        says("saved", Some((calls - loads).max(0.0)), 0.0);
        let sums = format!("{} requests, {} loads", whole(calls), whole(loads));
        assert!(self.figures["saved-note"].starts_with(&sums), "{sums}");
        for id in ["requests", "loads"] {
            let ms = number(&now["ms"]);
            let rate = if ms > 0.0 { 1000.0 * number(&now[id]) / ms } else { 0.0 };
            says(id, Some(rate), digits(rate));
        }
        for (what, time) in [("load", "load_time"), ("store", "store_time")] {
            for quantile in ["p50", "p99"] {
                let time = &now[time];
                let value =
                    (time["count"] != 0).then(|| number(&time[format!("{quantile}_us").as_str()]));
                let text = self.figures[&format!("{what}-{quantile}")].trim_start_matches("p50 ");
                assert_says(what, text, value, hundredth(value));
            }
        }
    }

    /// What is said of a store that is elsewhere.
    pub(super) fn assert_store(&self) {
        let store = &self.document["store"];
        let owed = &store["pending_invalidations"];
        assert_says("pending", &self.figures["pending"], owed.as_f64(), 0.0);
        let breaker = match store["breaker"].as_str() {
            Some("closed") => "Closed",
            Some("half_open") => "Half open",
            _ => "Open",
        };
        assert_eq!((&*self.figures["kind"], &*self.figures["breaker"]), ("Redis", breaker));
        let opened = match store["opened"].as_u64() {
            Some(0) => String::new(),
            Some(1) => "opened once".to_owned(),
            times => format!("opened {} times", times.unwrap_or_default()),
        };
        assert_eq!(self.figures["opened"], opened);
        let note = &self.figures["latency-note"];
        let failures = number(&store["failures"]);
        if failures > 0.0 {
            let recent = number(&self.document["recent"]["failures"]);
            let said = note.starts_with(&format!("{} of ", whole(recent)))
                && note.ends_with(&format!(" {} in all", whole(failures)));
            assert!(said, "{note}: {recent} and {failures} failures");
        }
        let foot = &self.figures["foot"];
        let traffic = foot.split_once("before it. ").map_or("", |(_, traffic)| traffic);
        let (read, written) = traffic.split_once(" read from the store and ").expect("both bytes");
        let written = written.trim_end_matches(" written.");
        for (what, text) in [("bytes_read", read), ("bytes_written", written)] {
            let bytes = number(&store[what]);
            assert_says(what, text, Some(bytes), bytes / 100.0);
        }
        self.assert_outboxes();
        let sentence = self.troubles.iter().any(|line| line.starts_with("The breaker is"));
        assert_eq!(sentence, breaker != "Closed", "{:?}", self.troubles);
        let alarm = self.title.starts_with('◆');
        assert_eq!(alarm, !self.troubles.is_empty(), "{} with {:?}", self.title, self.troubles);
    }

    /// What is said of all outboxes together.
    fn assert_outboxes(&self) {
        let outboxes = self.document["outboxes"].as_array().expect("a list");
        let waiting: f64 = outboxes.iter().map(|outbox| number(&outbox["backlog"])).sum();
        match self.figures["outbox"].strip_suffix(" waiting") {
            Some(text) => assert_says("outbox", text, Some(waiting), 0.0),
            None => assert_eq!((&*self.figures["outbox"], waiting), ("Empty", 0.0)),
        }
        let lags = outboxes.iter().filter(|outbox| outbox["lag"]["count"] != 0);
        let lag = lags.map(|outbox| number(&outbox["lag"]["p99_us"])).reduce(f64::max);
        let note = &self.figures["outbox-note"];
        let text = note.strip_prefix("lag ").and_then(|rest| rest.strip_suffix(" at p99"));
        assert_says("lag", text.unwrap_or("–"), lag, hundredth(lag));
    }

    /// The ends of the lines: what the history's last ten steps come to.
    pub(super) fn assert_charts(&self) {
        let history = &self.document["history"];
        let series = |name: &str| history[name].as_array().expect("a series");
        if series("ms").is_empty() {
            return;
        }
        let last = |name: &str| series(name).iter().rev().take(10).map(number).sum::<f64>();
        let end = |name: &str| series(name).last().filter(|end| !end.is_null()).map(number);
        let [rate, traffic, latency] = &self.charts[..] else { panic!("{:?}", self.charts) };
        let parts = |said: &str| -> Vec<String> {
            let said = said.split_once(": ").map_or("", |(_, said)| said);
            said.split(", ").map(str::to_owned).collect()
        };
        let tell = |part: &str, name: &str, value: Option<f64>, within: f64| {
            let text = part.strip_prefix(name).unwrap_or_else(|| panic!("`{part}`, not {name}"));
            assert_says(name, text.trim(), value, within);
        };
        let [asked, hits] = [last("requests"), last("answered")];
        tell(&parts(rate)[0], "hit rate", (asked > 0.0).then(|| 100.0 * hits / asked), 0.1);
        if let (Some(drawn), true) = (self.rate, asked > 0.0) {
            assert!((drawn - hits / asked).abs() < 0.005, "the line ends at {drawn}");
        }
        let traffic = parts(traffic);
        for (part, name) in traffic.iter().zip(["requests", "loads"]) {
            let rate = 1000.0 * last(name) / last("ms");
            tell(part, &format!("{name}/s"), Some(rate), digits(rate));
        }
        let names = ["loads p50", "p99", "store p50", "p99"];
        let values = ["load_p50_us", "load_p99_us", "store_p50_us", "store_p99_us"].map(end);
        for ((part, name), value) in parts(latency).iter().zip(names).zip(values) {
            tell(part, name, value, hundredth(value));
        }
    }
}
