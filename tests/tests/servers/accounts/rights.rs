//! What a user of the server needs to be allowed, and what happens where it is less.

use cache_runtime::{Cache, Credentials, Durability, Error, Policy};
use cache_tests::{
    server::RedisServer,
    stores::DEADLINE,
    strategies::{Rows, every_strategy_answers, every_strategy_works},
};

use super::{patient, set_user};

/// The line of the guide, for a cache in the namespace `shop`.
const RIGHTS: &str = "on >secret ~shop:* +get +mget +set +del +eval +evalsha +script|load +time +getrange +setrange \
     +strlen +pttl +pexpire +info";

/// What write-behind needs besides.
const BEHIND: &str = "+xadd +xlen +xrange +xrevrange +xread +xreadgroup +xautoclaim +xack +xdel \
     +xgroup|create +xgroup|delconsumer +xinfo|stream +xinfo|consumers +hget +hset +hdel";

async fn as_shop(server: &RedisServer) -> Cache {
    let cache =
        patient(server).credentials(async || Ok::<_, Error>(Credentials::new("shop", "secret")));
    cache.build().await.expect("it is configured right")
}

fn server_with(rights: &[&str]) -> RedisServer {
    let server = RedisServer::start();
    set_user(&server, "shop", &rights.join(" "));
    server
}

/// What the server has refused to let anybody do.
fn refused(server: &RedisServer) -> Vec<String> {
    let log = server.command(&["ACL", "LOG"]);
    let lines: Vec<&str> = log.lines().collect();
    let objects = lines.windows(3).filter(|lines| lines[0] == "object");
    objects.map(|lines| lines[2].to_owned()).collect()
}

#[tokio::test]
async fn the_documented_rights_are_enough_for_every_strategy() {
    let server = server_with(&[RIGHTS, BEHIND]);
    let cache = as_shop(&server).await;
    every_strategy_works(&cache).await;
    assert_eq!(cache.try_flush_namespace().await, Ok(()));
    // Which is asked for a warning.
    assert_eq!(refused(&server), ["config|get"]);
    // Nothing else is reached for when the server has forgotten the scripts.
    server.command(&["SCRIPT", "FLUSH"]);
    server.command(&["FLUSHALL"]);
    every_strategy_works(&cache).await;
    assert!(refused(&server).iter().all(|what| what == "config|get"), "{:?}", refused(&server));
    let foreign = server.command(&["KEYS", "*"]);
    let keys = foreign.lines().filter(|line| !line.starts_with(['*', '$']) && !line.is_empty());
    for key in keys {
        assert!(key.starts_with("shop:"), "{key}");
    }
}

#[tokio::test]
async fn the_documents_say_the_same() {
    let guide = include_str!("../../../../cache-runtime/src/guide/redis.md")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for rights in [RIGHTS, BEHIND] {
        assert!(
            guide.contains(&rights.replace(">secret", ">PASSWORD")),
            "not in the guide: {rights}"
        );
    }
}

#[tokio::test]
async fn each_of_the_rights_is_needed() {
    // For a server that has forgotten the scripts, for pending values, and for what is renewed.
    let spare = ["+eval", "+script|load", "+strlen", "+pttl"];
    for right in RIGHTS.split_whitespace().filter(|word| word.starts_with('+')) {
        if spare.contains(&right) {
            continue;
        }
        let server = server_with(&[RIGHTS, &right.replace('+', "-")]);
        let cache = as_shop(&server).await;
        let rows = Rows::new(&cache);
        for round in 0..3 {
            rows.exercise(round).await;
        }
        let refused = refused(&server);
        assert!(!refused.is_empty(), "nobody missed {right}");
        assert!(refused.iter().all(|what| what == &right[1..]), "{refused:?}");
    }
}

#[tokio::test]
async fn without_script_load_the_scripts_are_sent_when_they_are_called() {
    let server = server_with(&[RIGHTS, BEHIND, "-script|load"]);
    every_strategy_works(&as_shop(&server).await).await;
}

#[tokio::test]
async fn without_eval_scripts_are_loaded_with_each_connection() {
    let server = server_with(&[RIGHTS, BEHIND, "-eval"]);
    let cache = as_shop(&server).await;
    every_strategy_works(&cache).await;
    // A server that forgets them otherwise than by ending cannot be helped before the next connection.
    server.command(&["SCRIPT", "FLUSH"]);
    let rows = Rows::new(&cache);
    rows.exercise(1).await;
    assert!(cache.stats().total().store_errors > 0);
    server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    server.command(&["FLUSHALL"]);
    every_strategy_works(&as_shop(&server).await).await;
}

#[tokio::test]
async fn without_config_get_it_is_not_known_what_a_crash_would_lose() {
    let server = server_with(&[RIGHTS, BEHIND]);
    let queue = as_shop(&server).await.write_behind::<u64>("views", &Policy::ttl(60));
    assert!(matches!(queue.durability().await, Ok(Durability::Unknown(_))));
    set_user(&server, "shop", "+config|get");
    assert_eq!(queue.durability().await, Ok(Durability::None));
}

#[tokio::test]
async fn a_user_that_may_not_use_streams_may_use_everything_else() {
    let server = server_with(&[RIGHTS]);
    let cache = as_shop(&server).await;
    let rows = Rows::new(&cache);
    rows.exercise(1).await;
    assert_eq!(cache.stats().total().store_errors, 0, "{}", cache.stats());
    let refused = rows.accept(&(1, 1)).await;
    assert!(matches!(&refused, Err(Error::Refused(what)) if says_no(what)), "{refused:?}");
}

/// In the words of Redis, or of Valkey.
fn says_no(what: &str) -> bool {
    what.contains("can't run") || what.contains("no permissions to run")
}

/// A look that is refused must not be taken for one that has found nothing: a fence would be lost.
#[tokio::test]
async fn a_user_that_may_not_look_destroys_no_fence() {
    let server = server_with(&[RIGHTS]);
    let cache = as_shop(&server).await;
    let first = cache.fence(["row:1"]).await;
    assert!(first.stands());
    let stands = server.command(&["GET", "shop:row:1"]);
    set_user(&server, "shop", "-getrange");
    assert!(!cache.fence(["row:1"]).await.stands(), "it cannot know");
    assert!(matches!(cache.try_invalidate("row:1").await, Err(Error::Refused(_))));
    assert_eq!(server.command(&["GET", "shop:row:1"]), stands);
}

#[tokio::test]
async fn a_user_that_may_do_nothing_is_a_cache_that_is_away() {
    let server = server_with(&["on >secret"]);
    every_strategy_answers(&as_shop(&server).await).await;
    let server = server_with(&["on >secret ~other:* +@all"]);
    let cache = as_shop(&server).await;
    every_strategy_answers(&cache).await;
    let told = cache.get::<u64>("row:1").await;
    assert!(matches!(&told, Err(Error::Refused(what)) if what.contains("NoPerm")), "{told:?}");
}

#[tokio::test]
async fn a_user_and_a_password_can_have_any_characters() {
    let server = RedisServer::start();
    for (user, password) in
        [("shop", "p@ss/w:o?rd#1%"), ("a:b@c", "ü ñ \"'\\{}"), ("50%", "%41"), ("x", "+&=")]
    {
        let command =
            ["ACL", "SETUSER", user, "reset", "on", &format!(">{password}"), "~*", "+@all"];
        assert_eq!(server.command(&command).trim(), "+OK");
        let encode =
            |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
        let url =
            format!("redis://{}:{}@127.0.0.1:{}", encode(user), encode(password), server.port());
        let cache = Cache::builder().url(&url).deadline(DEADLINE).build().await;
        let cache = cache.expect("it is well-formed");
        assert_eq!(cache.try_put("key", &1, 60).await, Ok(()), "{user} {password}");
        assert!(!format!("{cache:?}").contains(user));
    }
}
