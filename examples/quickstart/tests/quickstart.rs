//! Runs the program as a new user would, and holds it to its claims.

use std::process::{Command, Output};

use cache_test_support::{port::Port, server::RedisServer};
use serde_json::Value;

/// The program with a clean environment: `CACHE_URL` of whoever runs the tests must not matter.
fn quickstart(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    command.env_remove("CACHE_URL").args(arguments);
    command
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("the program prints text")
}

#[track_caller]
fn run(command: &mut Command) -> Output {
    let output = command.output().expect("the program can be started");
    assert!(output.status.success(), "{}", text(&output.stderr));
    // The progress bars are for a terminal.
    assert_eq!(text(&output.stderr), "");
    output
}

/// Runs with `--json`, and checks what every run must show.
#[track_caller]
fn report(command: &mut Command) -> Value {
    let output = run(command.arg("--json"));
    let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    assert_eq!(report["first_calls"]["cold"]["queries"], 1);
    assert_eq!(report["first_calls"]["warm"]["queries"], 0);
    assert_eq!(report["stampede"]["callers"], 1_000);
    assert_eq!(report["stampede"]["without_cache"]["queries"], 1_000);
    assert_eq!(report["stampede"]["with_cache"]["queries"], 1);
    let workload = &report["workload"];
    assert_eq!(workload["without_cache"]["selects"], workload["reads"]);
    for run in ["without_cache", "with_cache"] {
        assert_eq!(workload[run]["stale_reads"], 0);
        assert_eq!(workload[run]["updates"], workload["updates"]);
    }
    report
}

#[track_caller]
fn assert_saved(report: &Value, at_least: f64) {
    let saved = report["workload"]["saved"].as_f64().expect("a number");
    assert!(saved >= at_least, "saved {saved}: {report:#}");
}

const SMALL: [&str; 4] = ["--reads", "20000", "--users", "500"];

#[test]
fn the_embedded_store_saves_nine_queries_in_ten() {
    let report = report(&mut quickstart(&SMALL));
    assert_eq!(report["workload"]["reads"], 20_000);
    assert!(report["workload"]["updates"].as_u64() > Some(100));
    assert_saved(&report, 0.9);
    let rates = report["workload"]["with_cache"]["hit_rates"].as_array().expect("a list");
    let [first, last] = [rates.first(), rates.last()].map(|rate| rate.and_then(Value::as_f64));
    assert!(first < last, "a cache that fills has more hits: {rates:?}");
}

#[test]
fn so_does_redis() {
    let server = RedisServer::start();
    let report = report(quickstart(&SMALL).env("CACHE_URL", server.patient_url()));
    assert_eq!(report["store"], "the server that CACHE_URL names");
    assert_saved(&report, 0.9);
}

#[test]
fn a_second_run_on_the_same_server_starts_cold() {
    let server = RedisServer::start();
    for _ in 0..2 {
        report(
            quickstart(&["--reads", "500", "--users", "20"]).env("CACHE_URL", server.patient_url()),
        );
    }
}

#[test]
fn many_updates_of_few_users_leave_no_read_stale() {
    let arguments = ["--reads", "20000", "--users", "5", "--updates", "50"];
    report(quickstart(&arguments).args(["--tasks", "32"]));
}

/// 400 scans of 50 pages, in ARC's format.
fn scans() -> String {
    (0..400).map(|scan| format!("{} 50 0 {scan}\n", 1_000 + scan % 10)).collect()
}

#[test]
fn a_trace_is_replayed_plain_or_compressed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let compressed = zstd::encode_all(scans().as_bytes(), 0).expect("text can be compressed");
    for (name, bytes) in [
        ("scans.lis", scans().as_bytes()),
        ("scans.lis.zst", &compressed),
        // Without the extension, the text tells the format.
        ("scans", &compressed),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).expect("a file can be written");
        let report = report(quickstart(&["--trace"]).arg(&file));
        assert_eq!(report["workload"]["source"], name);
        assert_eq!(report["workload"]["reads"], 20_000);
        assert_eq!(report["workload"]["users"], 59);
        assert_saved(&report, 0.9);
    }
}

#[test]
fn a_trace_may_be_cut_and_the_store_may_be_small() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("scans.lis");
    std::fs::write(&file, scans()).expect("a file can be written");
    let arguments = ["--limit", "5000", "--capacity", "20", "--updates", "0"];
    let report = report(quickstart(&arguments).arg("--trace").arg(&file));
    let workload = &report["workload"];
    assert_eq!(workload["reads"], 5_000);
    assert_eq!(workload["updates"], 0);
    // Room for 20 pages of 59: each scan of 50 must load about 30.
    let ideal = workload["ideal"]["selects"].as_u64().expect("a number");
    assert!((2_900..3_200).contains(&ideal), "{ideal}");
}

#[test]
fn people_get_tables() {
    let output = run(&mut quickstart(&["--reads", "2000", "--users", "50"]));
    let printed = text(&output.stdout);
    for expected in [
        "a call for a user                       1 query",
        "the same call again                   0 queries",
        "1,000 calls at once, no cache     1,000 queries",
        "1,000 calls at once, cached             1 query",
        "2,000 reads and ",
        "ideal cache",
        "hits over time ",
        "% fewer queries",
        "Next, over Redis:",
    ] {
        assert!(printed.contains(expected), "no `{expected}` in:\n{printed}");
    }
    assert!(!printed.contains('\u{1b}'), "escape codes in:\n{printed}");
    let fits =
        printed.lines().count() <= 23 && printed.lines().all(|line| line.chars().count() <= 80);
    assert!(fits, "more than a screen, with a prompt below it:\n{printed}");
}

#[test]
fn nothing_is_left_in_the_temporary_folder() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut command = quickstart(&["--reads", "200", "--users", "5"]);
    run(command.env("TMPDIR", folder.path()).env("TMP", folder.path()));
    let mut left = std::fs::read_dir(folder.path()).expect("the folder is still there");
    assert!(left.next().is_none());
}

#[track_caller]
fn fails(command: &mut Command, expected: &str) {
    let output = command.output().expect("the program can be started");
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(message.starts_with("error: "), "{message}");
    assert!(message.contains(expected), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn bad_input_is_explained_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let broken = folder.path().join("broken.lis");
    std::fs::write(&broken, format!("{}70 three 0 0\n", "7 1 0 0\n".repeat(16)))
        .expect("a file can be written");
    fails(
        quickstart(&["--trace"]).arg(broken),
        "line 17: expected `start count x x`, found `70 three 0 0`",
    );
    let missing = folder.path().join("missing.lis");
    fails(quickstart(&["--trace"]).arg(missing), "cannot read the trace");
}

#[test]
fn a_store_that_cannot_be_used_is_explained() {
    let nobody = Port::take();
    let nowhere = format!("redis://127.0.0.1:{nobody}/");
    let silent = "the store that CACHE_URL names does not answer";
    fails(quickstart(&[]).env("CACHE_URL", &nowhere), silent);
    fails(quickstart(&[]).env("CACHE_URL", "memory://?capacity=0"), "capacity=0");
    let capacity = "--capacity is for the embedded store";
    fails(quickstart(&["--capacity", "9"]).env("CACHE_URL", &nowhere), capacity);
}

#[test]
fn options_are_explained_and_mistakes_too() {
    let help = run(&mut quickstart(&["--help"]));
    assert!(text(&help.stdout).contains("--trace <FILE>"));
    let output = quickstart(&["--reads", "none"]).output().expect("the program can be started");
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.starts_with("error: ") && message.contains("none"), "{message}");
}
