//! Makes a number of calls in one of the ways, and nothing else, for `benches/instructions` to count.
//!
//! `one_call <hit|miss> <way> <300B|8KB> <times>`: one caller on a runtime of one thread.

mod subject;

use cache_test_support::server::RedisServer;
use subject::{Call, Outcome, Size, Subject, Way};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let Some((call, times)) = asked(&args) else {
        println!(
            "usage: one_call <hit|miss> <way> <300B|8KB> <times>; `benches/instructions` is what to run"
        );
        return;
    };
    let server = RedisServer::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        Subject::new(&server.url()).await.calls(call, 1, times).await;
    });
}

fn asked(args: &[String]) -> Option<(Call, u64)> {
    let [outcome, way, size, times] = args else {
        return None;
    };
    let (outcome, way, size) = (Outcome::named(outcome)?, Way::named(way)?, Size::named(size)?);
    Some((Call { outcome, way, size }, times.parse().ok()?))
}
