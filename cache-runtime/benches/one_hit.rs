//! Makes a number of hits in one of the ways, and nothing else, for `benches/instructions` to count.
//!
//! `one_hit <way> <300B|8KB> <times>`: one caller on a runtime of one thread.

mod subject;

use cache_test_support::server::RedisServer;
use subject::{Size, Subject, Way};

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (way, size, times) = (args.next(), args.next(), args.next());
    let way = way.as_deref().and_then(Way::named);
    let size = size.as_deref().and_then(Size::named);
    let times = times.and_then(|times| times.parse().ok());
    let (Some(way), Some(size), Some(times)) = (way, size, times) else {
        println!("usage: one_hit <way> <300B|8KB> <times>; `benches/instructions` is what to run");
        return;
    };
    let server = RedisServer::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        Subject::new(&server.url()).await.hits(way, size, 1, times).await;
    });
}
