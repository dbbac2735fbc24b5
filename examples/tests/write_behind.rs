//! Runs the program on each store, and holds it to its claims.

use std::process::Command;

use cache_tests::server::RedisServer;

/// Runs with `CACHE_URL`, or without, and gives what was printed. The program compares the rows itself.
fn run(url: Option<&str>) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_write_behind"));
    command.env_remove("CACHE_URL").envs(url.map(|url| ("CACHE_URL", url)));
    let output = command.output().expect("the program can be started");
    let text = String::from_utf8(output.stdout).expect("the program prints text");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    assert_eq!(errors, "");
    text
}

/// The number before `what`.
fn number(text: &str, what: &str) -> u64 {
    let before = text.split(what).next().expect("it is said").trim_end();
    let word = before.rsplit(' ').next().expect("there is a word");
    word.parse().unwrap_or_else(|_| panic!("no number before `{what}` in\n{text}"))
}

fn check(text: &str) {
    assert_eq!(number(text, "scores of"), 20_000);
    let statements = number(text, "SQL statements");
    assert!(statements < 2_000, "{statements} statements:\n{text}");
    assert!(text.contains("readers find Some(Player { id: 0, score: 1 }), the database has None"));
}

#[test]
fn in_memory() {
    let text = run(None);
    check(&text);
    assert!(text.contains("in this process's memory"), "{text}");
}

#[test]
fn over_redis() {
    let server = RedisServer::start_durable();
    let text = run(Some(&server.patient_url()));
    check(&text);
    assert!(text.contains("logs its writes"), "{text}");
}
