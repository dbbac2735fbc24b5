//! Passwords that change under load, and who is asked for them.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use cache_runtime::{Builder, Cache, Credentials, Error};
use cache_tests::{
    herd::Herd,
    log::Log,
    patience::{eventually, in_time},
    server::RedisServer,
    strategies::{Rows, every_strategy_answers, every_strategy_works},
};

use super::{patient, set_user};

/// What a program is told when it asks for credentials, and how often it has asked.
#[derive(Clone, Default)]
struct Vault {
    secret: Arc<Mutex<(String, String)>>,
    asked: Arc<AtomicU64>,
}

impl Vault {
    fn put(&self, user: &str, password: &str) {
        *self.secret.lock().unwrap() = (user.to_owned(), password.to_owned());
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    fn opens(&self, builder: Builder) -> Builder {
        let vault = self.clone();
        builder.credentials(move || {
            vault.asked.fetch_add(1, Ordering::Relaxed);
            let (user, password) = vault.secret.lock().unwrap().clone();
            async move { Ok::<_, Error>(Credentials::new(user, password)) }
        })
    }
}

/// Callers that read and write rows of their own until they are told to stop; how many calls there were, and how
/// many of them gave another value than the last one that was written.
fn callers(rows: &Rows, stop: &Arc<AtomicBool>) -> Herd<(u64, u64)> {
    let next = AtomicU64::new(0);
    Herd::of(8, || {
        let (rows, stop, id) =
            (rows.clone(), Arc::clone(stop), next.fetch_add(1, Ordering::Relaxed));
        async move {
            let (mut calls, mut wrong) = (0, 0);
            while !stop.load(Ordering::Relaxed) {
                rows.write(id, calls).await;
                for _ in 0..10 {
                    wrong += u64::from(rows.read(id).await != calls);
                }
                calls += 1;
                tokio::task::yield_now().await;
            }
            (calls * 11, wrong)
        }
    })
}

#[tokio::test]
async fn a_password_is_rotated_under_load() {
    let (server, vault) = (RedisServer::start(), Vault::default());
    set_user(&server, "shop", "on >first ~shop:* +@all");
    vault.put("shop", "first");
    let cache = vault.opens(patient(&server)).build().await.expect("it is configured right");
    every_strategy_works(&cache).await;
    let (rows, stop) = (Rows::new(&cache), Arc::default());
    let herd = callers(&rows, &stop);
    let connections = vault.asked();
    for round in 1..=5 {
        let password = format!("password-{round}");
        // The old one stays valid until the new one is everywhere, as one rotates where nothing may stand still;
        // every other time it does not, and the program learns of it late.
        match round % 2 {
            0 => set_user(&server, "shop", &format!(">{password}")),
            _ => set_user(&server, "shop", &format!("resetpass >{password}")),
        }
        server.command(&["CLIENT", "KILL", "USER", "shop"]);
        if round % 2 == 1 {
            let asked = vault.asked();
            eventually("it has tried the old one", async || vault.asked() > asked).await;
        }
        vault.put("shop", &password);
        set_user(&server, "shop", &format!("resetpass >{password}"));
        server.command(&["CLIENT", "KILL", "USER", "shop"]);
        rows.hits_resume().await;
    }
    stop.store(true, Ordering::Relaxed);
    let answers = herd.answers().await;
    let (calls, wrong) = answers.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!("{calls} calls, {wrong} wrong, {} connections", vault.asked() - connections);
    assert_eq!((answers.len(), wrong), (8, 0));
    assert!(calls > 0 && vault.asked() >= connections + 5);
}

#[tokio::test]
async fn a_user_that_loses_its_rights_to_another_is_replaced() {
    let (server, vault) = (RedisServer::start(), Vault::default());
    set_user(&server, "old", "on >first ~shop:* +@all");
    set_user(&server, "new", "on >second ~shop:* +@all");
    vault.put("old", "first");
    let cache = vault.opens(patient(&server)).build().await.expect("it is configured right");
    every_strategy_works(&cache).await;
    vault.put("new", "second");
    set_user(&server, "old", "-@all");
    Rows::new(&cache).hits_resume().await;
    let users = server.command(&["CLIENT", "LIST"]);
    assert!(users.contains("user=new"), "{users}");
}

#[tokio::test]
async fn a_server_that_begins_to_ask_for_a_password_is_given_it() {
    let (server, vault) = (RedisServer::start(), Vault::default());
    set_user(&server, "shop", "on >right ~shop:* +@all");
    // Who calls itself by no name is nobody there.
    set_user(&server, "default", "on resetpass >hidden");
    let log = Log::listen();
    let silent = patient_at(&server, Duration::from_secs(1)).build().await.expect("it is no error");
    every_strategy_answers(&silent).await;
    assert!(log.says("WARN", &["cannot connect", "NOAUTH"]), "{}", log.text());

    vault.put("shop", "wrong");
    let cache = vault.opens(patient_at(&server, Duration::from_secs(1))).build().await;
    let cache = cache.expect("a wrong password is no error of the configuration");
    every_strategy_answers(&cache).await;
    let (asked, rows) = (vault.asked(), Rows::new(&cache));
    for _ in 0..2_000 {
        rows.read(1).await;
    }
    let asked = vault.asked() - asked;
    assert!(asked < 500, "asked {asked} times, which is about once for each call");
    vault.put("shop", "right");
    rows.hits_resume().await;
}

fn patient_at(server: &RedisServer, deadline: Duration) -> Builder {
    Cache::builder().url(&server.url()).namespace("shop").deadline(deadline)
}

#[tokio::test]
async fn who_is_asked_may_fail_panic_or_hang() {
    let server = RedisServer::start();
    for (how, why) in [(0, "the vault is sealed"), (1, "it panicked"), (2, "no answer within 5s")] {
        let log = Log::listen();
        let builder =
            patient_at(&server, Duration::from_millis(100)).credentials(move || async move {
                match how {
                    0 => Err::<Credentials, _>("the vault is sealed"),
                    1 => panic!("a bug"),
                    _ => std::future::pending().await,
                }
            });
        let cache = in_time("a cache", builder.build()).await.expect("it is configured right");
        every_strategy_answers(&cache).await;
        let words = ["cannot connect", "credentials cannot be had", why];
        eventually("the log says why", async || log.says("WARN", &words)).await;
    }
}

#[tokio::test]
async fn credentials_and_a_url_with_a_password_contradict_each_other() {
    let ask = async || Ok::<_, Error>(Credentials::password("secret"));
    for (url, says) in [
        ("redis://user@localhost:1", "leave one of them out"),
        ("redis://:pa55word@localhost:1", "leave one of them out"),
        ("memory://", "write `redis://"),
    ] {
        let error = Cache::builder().url(url).credentials(ask).build().await.expect_err(url);
        let Error::Config(what) = error else { panic!("{error:?}") };
        assert!(what.contains(says) && !what.contains("pa55word"), "{what}");
    }
}

#[tokio::test]
async fn the_password_of_the_default_user_can_be_asked_for_too() {
    let server = RedisServer::start();
    server.command(&["CONFIG", "SET", "requirepass", "secret"]);
    let ask = async || Ok::<_, Error>(Credentials::password("secret"));
    every_strategy_works(&patient(&server).credentials(ask).build().await.expect("it is right"))
        .await;
}
