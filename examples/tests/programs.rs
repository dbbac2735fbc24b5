//! Runs the programs of writing and reading through, of transactions, of local copies, of tags and of special cases, without a server and with one, and holds them to
//! what they show.

use std::{fs, path::Path, process::Command};

use cache_tests::server::RedisServer;

/// What a program prints that is not its table of counters.
fn run(program: &str, url: Option<&str>) -> Vec<String> {
    let mut command = Command::new(program);
    // That of whoever runs the tests must not matter.
    command.env_remove("CACHE_URL").envs(url.map(|url| ("CACHE_URL", url)));
    let output = command.output().expect("the program can be started");
    let (said, complained) = (output.stdout, output.stderr);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&complained));
    assert_eq!(complained, b"");
    let said = String::from_utf8(said).expect("the program prints text");
    said.lines().take_while(|line| !line.starts_with("function ")).map(str::to_owned).collect()
}

/// Whether a line is what a document says of it, where `…` stands for anything.
fn fits(line: &str, wanted: &str) -> bool {
    let Some((first, rest)) = wanted.split_once('…') else { return line == wanted };
    let Some(mut left) = line.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('…').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    left.ends_with(last)
}

/// Each run is a first one, whatever the last has left on the server.
fn on_each_store(test: impl Fn(Option<&str>)) {
    test(None);
    let server = RedisServer::start();
    test(Some(&server.patient_url()));
    test(Some(&server.patient_url()));
}

#[test]
fn what_is_written_through_needs_no_query() {
    on_each_store(|url| {
        let said = run(env!("CARGO_BIN_EXE_write_through"), url);
        // One query for each write, and the very first read.
        assert_eq!(said[0], "100 writes, each read afterwards: 101 queries");
        assert_eq!(said[1], "user 101 before: None, of 50 in the tenant");
        assert!(
            said[3].starts_with("user 101 after: Some(") && said[3].contains("of 51 "),
            "{said:?}"
        );
        // Whose commit came last is the database's to say; that nobody else says so is what is shown.
        let after = said[4].strip_prefix("after two writers at once: ");
        assert!(matches!(after, Some("Ann, by 1 query" | "Bob, by 1 query")), "{said:?}");
    });
}

#[test]
fn a_loader_is_asked_for_what_is_not_cached() {
    on_each_store(|url| {
        let said = run(env!("CARGO_BIN_EXE_read_through"), url);
        let name = |line: &str| line.split_once("name: ").map(|(_, name)| name.to_owned());
        assert_eq!(said[0], "2,000 reads, half of them of a user that is not there: 2 queries");
        assert_eq!(said[1], "  one query for 59 users");
        assert_eq!(said[2], "60 at once, one of them cached: 60 found");
        let names: Vec<_> = said[3..].iter().filter_map(|line| name(line)).collect();
        assert_eq!(names, ["\"Ann\" })", "\"Ann\" })", "\"Bob\" })"]);
    });
}

#[test]
fn what_is_committed_is_read_and_what_is_rolled_back_is_not() {
    let shown = [
        "account 1 has 100",
        "moving 70",
        "  within: account 1 has 30",
        "  others: account 1 has 100",
        "committed",
        "account 1 has 30, account 2 has 70",
        "account 1 has 30",
        "moving 50",
        "  within: account 1 has -20",
        "  others: account 1 has 30",
        "rolled back",
        "account 1 has 30, account 2 has 70",
    ];
    on_each_store(|url| {
        let said = run(env!("CARGO_BIN_EXE_transactions"), url);
        let begins = said.get(..shown.len()).expect("it shows all of it");
        assert_eq!(begins, shown);
    });
}

#[test]
fn local_hits_are_never_behind_for_long() {
    on_each_store(|url| {
        let said = run(env!("CARGO_BIN_EXE_local"), url);
        assert!(
            said[0].starts_with("a hit takes ") && said[0].contains(", and a local one "),
            "{said:?}"
        );
        for (written, line) in (1..4).zip(&said[1..]) {
            assert!(
                line.starts_with(&format!("version {written} of article 1 (1080 bytes): read ")),
                "{line}"
            );
        }
    });
}

#[test]
fn special_cases_are_as_they_say() {
    let shown = [
        "1,000 reads of Account { name: \"user 42\", password_hash: \"\" }: 1 query",
        "1,000 reads, \"there is no 404 in users\": 1 query",
        "rename(trial: true): user 42 and Ann were (Some(42), None) and are (Some(42), None)",
        "rename(trial: false): user 42 and Ann were (Some(42), None) and are (None, Some(42))",
        "past the cache, anew, and from it: 2 queries",
        "10 reads while the fence is held: 10 queries",
    ];
    on_each_store(|url| assert_eq!(run(env!("CARGO_BIN_EXE_special_cases"), url), shown));
}

/// The guide has what it prints.
#[test]
fn each_reason_for_what_is_not_cached_is_told_as_the_guide_says() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cache-runtime/src/guide/why.md");
    let guide = fs::read_to_string(guide).expect("the guide is there");
    let (_, block) = guide.split_once("```text\n").expect("it has the output");
    let wanted: Vec<&str> = block.split("\n```").next().unwrap_or_default().lines().collect();
    on_each_store(|url| {
        let said = run(env!("CARGO_BIN_EXE_why"), url);
        for (line, wanted) in said.iter().zip(&wanted) {
            assert!(fits(line, wanted), "`{line}` is not `{wanted}`, of {said:#?}");
        }
        assert_eq!(said.len(), wanted.len());
    });
}

#[test]
fn a_tag_ends_what_carries_it_whoever_names_it() {
    let shown = [
        "tenant 0, cold: 101 queries",
        "tenant 1, cold: 101 queries",
        "tenant 0, warm: 0 queries",
        "tenant 1, warm: 0 queries",
        "an import for tenant 1",
        "tenant 0: 0 queries",
        "tenant 1: 101 queries",
        "tenant 1 has 51 users now",
        "user 101 was Ann, and is Bob: its row names the tenant",
        "all is flushed, at once",
        "tenant 0: 101 queries",
    ];
    on_each_store(|url| assert_eq!(run(env!("CARGO_BIN_EXE_tags"), url), shown));
}
