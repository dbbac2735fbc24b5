//! A master that others take the place of, and the sentinels that say so.

mod failover;
mod local;

use cache_runtime::{Cache, Error};
use cache_tests::{
    log::Log,
    patience::eventually,
    port::Port,
    sentinel::{Fleet, MASTER, Puppet},
    server::RedisServer,
    stores::{hasty_cache, patient_cache},
    strategies::{Rows, every_strategy_answers, every_strategy_works},
};

fn through(sentinels: &[u16]) -> String {
    let hosts: Vec<_> = sentinels.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    format!("redis+sentinel://{}/{MASTER}/0", hosts.join(","))
}

#[tokio::test]
async fn every_strategy_works_wherever_the_master_is() {
    let mut fleet = Fleet::start().await;
    let cache = patient_cache(&fleet.url()).await;
    every_strategy_works(&cache).await;
    let shown = format!("{cache:?}");
    assert!(shown.contains("master `shop`") && shown.contains("127.0.0.1:"), "{shown}");
    // Two of three sentinels may be away, and the one that is left answers.
    fleet.sentinel(0).pause();
    fleet.kill_sentinel(1);
    let cache = patient_cache(&fleet.url()).await;
    fleet.server(0).command(&["FLUSHALL"]);
    every_strategy_works(&cache).await;
    fleet.sentinel(0).resume();
}

#[tokio::test]
async fn a_server_that_is_no_master_is_not_taken() {
    let (master, replica) = (RedisServer::start(), RedisServer::start());
    replica.command(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
    let sentinel = Puppet::that_names(&replica).await;
    let log = Log::listen();
    let cache = hasty_cache(&through(&[sentinel.port()])).await;
    every_strategy_answers(&cache).await;
    assert!(log.says("WARN", &["cannot connect", "is a replica"]), "{}", log.text());
    let asked = sentinel.questions();
    sentinel.name(&master);
    Rows::new(&cache).hits_resume().await;
    assert!(sentinel.questions() > asked, "it has been asked again");
}

#[tokio::test]
async fn a_master_that_is_demoted_is_left_at_the_first_write() {
    let (old, new) = (RedisServer::start(), RedisServer::start());
    let sentinel = Puppet::that_names(&old).await;
    let cache = patient_cache(&through(&[sentinel.port()])).await;
    let rows = Rows::new(&cache);
    rows.hits_resume().await;
    let errors = cache.stats().total().store_errors;
    old.command(&["REPLICAOF", "127.0.0.1", &new.port().to_string()]);
    sentinel.name(&new);
    // Sent again to the new one, as the old one has refused it.
    for id in 0..20 {
        assert_eq!(cache.try_put(format!("row:{id}"), &7, 60).await, Ok(()));
        rows.write(id, 1).await;
        assert_eq!((rows.read(id).await, rows.read(id).await), (1, 1));
    }
    assert_eq!(cache.stats().total().store_errors, errors, "{}", cache.stats());
    assert!(new.calls().contains_key("evalsha"), "{:?}", new.calls());
}

#[tokio::test]
async fn a_master_that_hangs_is_left_when_another_one_is_named() {
    let (old, new) = (RedisServer::start(), RedisServer::start());
    let sentinel = Puppet::that_names(&old).await;
    let cache = hasty_cache(&through(&[sentinel.port()])).await;
    let rows = Rows::new(&cache);
    rows.hits_resume().await;
    old.pause();
    sentinel.name(&new);
    rows.hits_resume().await;
    old.resume();
    rows.hits_resume().await;
    assert!(new.calls().contains_key("get"), "{:?}", new.calls());
}

/// It goes on as a master, for nobody has told it yet, and takes what was sent to it while it hung. That is lost.
#[tokio::test]
async fn what_a_master_takes_that_has_been_replaced_is_told_to_the_next_one() {
    let old = RedisServer::start();
    let port = old.port().to_string();
    let new = RedisServer::start_with(&["--save", "", "--replicaof", "127.0.0.1", &port]);
    let sentinel = Puppet::that_names(&old).await;
    let cache = hasty_cache(&through(&[sentinel.port()])).await;
    let rows = Rows::new(&cache);
    rows.write(1, 1).await;
    assert_eq!((rows.read(1).await, rows.read(1).await), (1, 1));
    let there = async || new.command(&["EXISTS", "row:1"]).trim() == ":1";
    eventually("the replica has the row", there).await;
    old.pause();
    rows.write(1, 2).await;
    assert_eq!(rows.read(1).await, 2, "it is owed");
    new.command(&["REPLICAOF", "NO", "ONE"]);
    sentinel.name(&new);
    old.resume();
    let paid = async || cache.stats().store.pending_invalidations == 0;
    eventually("everything has been told", paid).await;
    eventually("every call is a hit of the new master", async || {
        assert_eq!(rows.read(1).await, 2);
        new.calls().get("get").is_some_and(|&gets| gets > 10)
    })
    .await;
}

#[tokio::test]
async fn the_sentinel_that_answered_is_asked_first_the_next_time() {
    let server = RedisServer::start();
    let (first, second) = (Puppet::that_names(&server).await, Puppet::that_names(&server).await);
    let nobody = Port::take();
    let cache = patient_cache(&through(&[nobody.number(), first.port(), second.port()])).await;
    for _ in 0..5 {
        server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        let connected = async || cache.get::<u64>("none").await.is_ok();
        eventually("it is connected again", connected).await;
    }
    assert!(first.questions() > 0);
    assert_eq!(second.questions(), 0, "the first one answers");
    // Its connection to the one that goes is lost, and the next one is asked.
    drop(first);
    server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    eventually("it is connected again", async || cache.get::<u64>("none").await.is_ok()).await;
}

#[tokio::test]
async fn sentinels_and_servers_have_passwords_of_their_own() {
    let server = RedisServer::start();
    let set = ["ACL", "SETUSER", "shop", "on", ">p@ss/word", "~*", "+@all"];
    assert_eq!(server.command(&set).trim(), "+OK");
    let plain = format!("sentinel monitor {MASTER} 127.0.0.1 {} 1", server.port());
    let sentinel = RedisServer::start_sentinel(&plain);
    let asker = ["ACL", "SETUSER", "asker", "on", ">s#cr&t", "+@all", "allchannels"];
    assert_eq!(sentinel.command(&asker).trim(), "+OK");
    assert_eq!(sentinel.command(&["ACL", "SETUSER", "default", "off", "nopass"]).trim(), "+OK");
    let url = |asker: &str| {
        let port = sentinel.port();
        format!("redis+sentinel://shop:p%40ss%2Fword@127.0.0.1:{port}/{MASTER}{asker}")
    };
    let right = "?sentinel_user=asker&sentinel_password=s%23cr%26t";
    every_strategy_works(&patient_cache(&url(right)).await).await;
    for wrong in
        ["", "?sentinel_user=asker&sentinel_password=guess", "?sentinel_password=s%23cr%26t"]
    {
        let log = Log::listen();
        every_strategy_answers(&hasty_cache(&url(wrong)).await).await;
        assert!(log.says("WARN", &["cannot connect", "no sentinel says"]), "{}", log.text());
    }
}

#[tokio::test]
async fn a_master_that_nobody_knows_is_a_cache_that_is_away() {
    let server = RedisServer::start();
    let lines = format!("sentinel monitor {MASTER} 127.0.0.1 {} 1", server.port());
    let sentinel = RedisServer::start_sentinel(&lines);
    let log = Log::listen();
    let url = format!("redis+sentinel://127.0.0.1:{}/another", sentinel.port());
    every_strategy_answers(&hasty_cache(&url).await).await;
    assert!(log.says("WARN", &["no master of this name"]), "{}", log.text());
    // A server that is no sentinel does not know one either.
    let (log, nobody) = (Log::listen(), Port::take());
    let url = through(&[server.port(), nobody.number()]);
    every_strategy_answers(&hasty_cache(&url).await).await;
    assert!(log.says("WARN", &["no sentinel says", "unknown command"]), "{}", log.text());
}

#[tokio::test]
async fn a_url_that_names_no_master_is_an_error() {
    for url in [
        "redis+sentinel://",
        "redis+sentinel://host:26379",
        "redis+sentinel://host:26379/",
        "redis+sentinel:///shop",
        "redis+sentinel://host,/shop",
        "redis+sentinel://user:pa55word@host:port/shop",
        "redis+sentinel://user:pa55word@host/shop/database",
        "redis+sentinel://user:pa55word@host/shop/0/1",
        "redis+sentinel://user:pa55word@/shop",
        "redis+sentinel://user:12/pa55word@host/shop",
        "redis+sentinel://user:pa55word#@host/shop",
        "redis+sentinel://host/shop?sentinel_passwort=pa55word",
        "redis+sentinel://host/shop?sentinel_password=12&pa55word",
        "redis+sentinel://host/shop?sentinel_user=shop",
        "http+sentinel://user:pa55word@host/shop",
    ] {
        let error = Cache::connect(url).await.expect_err(url);
        let Error::Config(what) = &error else { panic!("{url}: {error:?}") };
        assert!(what.contains("redis+sentinel://host:26379,host2:26379/name"), "{url}: {what}");
        assert!(!what.contains("pa55word"), "{url}: {what}");
    }
    for url in [
        "redis+sentinel://localhost/shop",
        "valkey+sentinel://:pa55word@localhost:1,[::1]:2,[::1]/shop/3",
        "rediss+sentinel://user:pa55word@localhost/shop?sentinel_password=pa55word",
    ] {
        let cache = Cache::builder().url(url).build().await;
        let shown = format!("{:?}", cache.expect(url));
        assert!(
            !shown.contains("pa55word") && shown.contains("26379") | shown.contains(":2"),
            "{shown}"
        );
    }
}
