//! Users of the server: what they need to be allowed, and passwords that change while the program runs.

mod rights;
mod rotation;

use cache_runtime::{Builder, Cache};
use cache_tests::{server::RedisServer, stores::DEADLINE};

/// A cache whose server has time to answer.
fn patient(server: &RedisServer) -> Builder {
    Cache::builder().url(&server.url()).namespace("shop").deadline(DEADLINE)
}

/// Makes an ACL user or changes it, by words in Redis' own language.
fn set_user(server: &RedisServer, user: &str, rules: &str) {
    let rules = rules.split_whitespace();
    let command: Vec<&str> = ["ACL", "SETUSER", user].into_iter().chain(rules).collect();
    assert_eq!(server.command(&command).trim(), "+OK", "{command:?}");
}
