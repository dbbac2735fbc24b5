//! Runs the program of transactions, without a server and with one, and holds it to what it shows.

use std::process::Command;

use cache_tests::server::RedisServer;

const SAID: &str = "\
account 1 has 100
moving 70
  within: account 1 has 30
  others: account 1 has 100
committed
account 1 has 30, account 2 has 70
account 1 has 30
moving 50
  within: account 1 has -20
  others: account 1 has 30
rolled back
account 1 has 30, account 2 has 70
";

fn run(url: Option<&str>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_transactions"));
    // That of whoever runs the tests must not matter.
    command.env_remove("CACHE_URL").envs(url.map(|url| ("CACHE_URL", url)));
    let output = command.output().expect("the program can be started");
    let (said, complained) = (output.stdout, output.stderr);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&complained));
    assert_eq!(complained, b"");
    let said = String::from_utf8(said).expect("the program prints text");
    assert!(said.starts_with(SAID), "{said}");
}

#[test]
fn what_is_committed_is_read_and_what_is_rolled_back_is_not() {
    run(None);
    let server = RedisServer::start();
    run(Some(&server.patient_url()));
    run(Some(&server.patient_url()));
}
