//! What a queue's store would lose, as it says itself.

use cache_runtime::{Cache, Durability};
use cache_tests::{server::RedisServer, stores::patient_cache};

use super::{queue, write};

async fn durability(cache: &Cache) -> Durability {
    queue(cache).durability().await.expect("the store is there")
}

#[tokio::test]
async fn a_server_is_asked_what_it_keeps() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    assert_eq!(durability(&cache).await, Durability::None);
    server.command(&["CONFIG", "SET", "save", "3600 1"]);
    assert_eq!(durability(&cache).await, Durability::Snapshots);
    server.command(&["CONFIG", "SET", "appendonly", "yes"]);
    assert_eq!(durability(&cache).await, Durability::Log);
    server.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    assert_eq!(durability(&cache).await, Durability::Log, "without a limit nothing is evicted");
    server.command(&["CONFIG", "SET", "maxmemory", "1gb"]);
    assert_eq!(durability(&cache).await, Durability::Evicted("allkeys-lru".into()));
    server.command(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    assert_eq!(durability(&cache).await, Durability::Log);
}

#[tokio::test]
async fn a_server_that_may_not_say_is_no_obstacle() {
    let server = RedisServer::start();
    server.command(&["ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "-config"]);
    let url = server.url().replace("redis://", "redis://app:secret@");
    let cache = patient_cache(&url).await;
    let Durability::Unknown(why) = durability(&cache).await else { panic!("it may not say") };
    assert!(why.contains("permissions"), "{why}");
    write(&queue(&cache), 1, 1).await;
}

#[tokio::test]
async fn a_queue_in_memory_says_so() {
    assert_eq!(durability(&Cache::in_memory()).await, Durability::Memory);
    let words = Durability::Memory.to_string();
    assert!(words.contains("end with it"), "{words}");
}
