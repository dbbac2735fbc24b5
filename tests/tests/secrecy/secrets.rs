//! Passwords and keys are in no log, no error and no `Debug`, whatever happens.

use std::{fmt::Debug, time::Duration};

use cache_runtime::{Builder, Cache, Credentials, Error, Policy, Tls};
use cache_tests::{
    authority::Authority,
    log::Log,
    patience::in_time,
    port::Port,
    sentinel::{MASTER, Puppet},
    server::RedisServer,
    strategies::{Rows, every_strategy_answers, every_strategy_works},
    tls::TlsServer,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// In every place where a password can be.
const SECRET: &str = "pa55word";

/// All that has been said, by anybody.
struct Shown {
    log: Log,
    text: String,
}

impl Shown {
    fn listen() -> Shown {
        Shown { log: Log::listen(), text: String::new() }
    }

    fn debug(&mut self, what: &dyn Debug) {
        self.text.push_str(&format!("{what:?} {what:#?}\n"));
    }

    fn error(&mut self, error: &Error) {
        self.debug(error);
        self.text.push_str(&format!("{error}\n"));
    }

    /// Builds a cache and does everything with it that there is; with one that works, or with one that does not.
    async fn tries(&mut self, builder: Builder, works: bool) {
        let builder = builder.deadline(Duration::from_secs(if works { 10 } else { 1 }));
        self.debug(&builder);
        let cache = match in_time("a cache", builder.build()).await {
            Ok(cache) => cache,
            Err(error) => return self.error(&error),
        };
        self.debug(&cache);
        match works {
            true => every_strategy_works(&cache).await,
            false => {
                every_strategy_answers(&cache).await;
                self.error(&cache.get::<u64>("key").await.expect_err("it is away"));
            }
        }
        let queue = cache.write_behind::<u64>("queue", &Policy::ttl(60));
        if let Err(error) = queue.durability().await {
            self.error(&error);
        }
        self.debug(&queue);
        self.debug(&cache.fence(["key"]).await);
        self.debug(&Rows::new(&cache));
        self.debug(&cache.stats());
        self.text.push_str(&cache.stats().to_string());
    }

    /// Nothing of it holds one of these.
    fn holds_none_of(&self, secrets: &[&str]) {
        let (text, log) = (&self.text, self.log.text());
        assert!(log.contains("cannot connect"), "the log has lost its ears: {log}");
        for secret in secrets {
            let line = text.lines().chain(log.lines()).find(|line| line.contains(secret));
            assert_eq!(line, None, "holds `{secret}`");
        }
    }
}

fn at(url: &str) -> Builder {
    Cache::builder().url(url)
}

#[tokio::test]
async fn passwords_of_urls() {
    let server = RedisServer::start();
    let rules = ["ACL", "SETUSER", "shop", "on", ">pa55word", ">pa55word/2", "~*", "+@all"];
    assert_eq!(server.command(&rules).trim(), "+OK");
    let (port, nobody) = (server.port(), Port::take());
    let sentinel = Puppet::that_names(&server).await;
    let asked = sentinel.port();
    let mut shown = Shown::listen();
    for (url, works) in [
        (format!("redis://shop:{SECRET}@127.0.0.1:{port}"), true),
        (format!("redis://shop:{SECRET}@127.0.0.1:{port}?protocol={SECRET}"), true),
        (format!("redis://shop:{SECRET}%2F2@127.0.0.1:{port}/1"), true),
        (format!("redis://shop:{SECRET}3@127.0.0.1:{port}"), false),
        (format!("redis://:{SECRET}@127.0.0.1:{port}/0?user={SECRET}"), false),
        (format!("redis://shop:{SECRET}3@127.0.0.1:{port}?protocol=resp3"), false),
        (format!("redis://shop:{SECRET}@127.0.0.1:{port}/99"), false),
        (format!("redis://shop:{SECRET}@127.0.0.1:{nobody}"), false),
        (format!("rediss://shop:{SECRET}@127.0.0.1:{port}"), false),
        (format!("redis+sentinel://shop:{SECRET}@127.0.0.1:{asked}/{MASTER}"), true),
        (format!("redis+sentinel://shop:{SECRET}3@127.0.0.1:{asked}/{MASTER}"), false),
        (
            format!(
                "redis+sentinel://127.0.0.1:{port}/{MASTER}?sentinel_user=shop&sentinel_password={SECRET}"
            ),
            false,
        ),
    ] {
        server.command(&["FLUSHALL"]);
        shown.tries(at(&url), works).await;
    }
    for url in [
        format!("redis://shop:{SECRET}@127.0.0.1:port"),
        format!("redis://shop:{SECRET}#@127.0.0.1"),
        format!("redis://shop:{SECRET}/2@127.0.0.1"),
        format!("redis://shop:{SECRET}@127.0.0.1/{SECRET}"),
        format!("redis+sentinel://shop:{SECRET}@127.0.0.1/"),
        format!("redis+sentinel://shop:12/{SECRET}@127.0.0.1/{MASTER}"),
        format!("redis+sentinel://127.0.0.1/{MASTER}?{SECRET}={SECRET}"),
        format!("unknown://shop:{SECRET}@127.0.0.1"),
        SECRET.to_owned(),
    ] {
        shown.debug(&at(&url));
        shown.error(&Cache::connect(&url).await.expect_err(&url));
    }
    shown.holds_none_of(&[SECRET]);
}

#[tokio::test]
async fn passwords_that_are_asked_for() {
    let server = RedisServer::start();
    let rules = ["ACL", "SETUSER", "shop", "on", ">pa55word", "~*", "+@all"];
    assert_eq!(server.command(&rules).trim(), "+OK");
    server.command(&["ACL", "SETUSER", "default", "resetpass", ">hidden"]);
    let mut shown = Shown::listen();
    for (password, works) in [(SECRET, true), ("pa55word3", false)] {
        let credentials = Credentials::new("shop", password);
        shown.debug(&credentials);
        shown.debug(&Credentials::password(password));
        let builder = at(&server.url()).credentials(move || {
            let credentials = credentials.clone();
            async move { Ok::<_, Error>(credentials) }
        });
        shown.tries(builder, works).await;
    }
    shown.holds_none_of(&[SECRET, "hidden"]);
}

#[tokio::test]
async fn private_keys() {
    let authority = Authority::new("ours");
    let (identity, client, other) =
        (authority.local(), authority.named("shop"), authority.named("other"));
    let server = TlsServer::start(identity.pems(&authority), true);
    let url = format!("rediss://:{SECRET}@localhost:{}", server.port());
    let right = format!("rediss://localhost:{}", server.port());
    let unused = Port::take();
    let nobody = format!("rediss://localhost:{unused}");
    let (ours, half) = (Tls::new().root_ca(&authority.pem), &client.key[..client.key.len() / 2]);
    let shows = |key: &str| ours.clone().client_certificate(&client.certificate, key);
    let mut shown = Shown::listen();
    for (url, tls, works) in [
        (&right, shows(&client.key), true),
        (&url, shows(&client.key), false),
        (&nobody, shows(&client.key), false),
        (&right, shows(&other.key), false),
        (&right, shows(half), false),
        (&right, shows(&client.key.replacen("\n", "\n!", 2)), false),
        (&right, Tls::new().root_ca(&client.key), false),
        (&right, ours.clone().client_certificate(&client.key, &client.key), false),
        (&right, ours.clone(), false),
    ] {
        shown.debug(&tls);
        shown.tries(at(url).tls(tls), works).await;
    }
    let body = |key: &str| key.lines().nth(1).expect("a key has a body")[..32].to_owned();
    shown.holds_none_of(&[SECRET, &body(&client.key), &body(&other.key), "PRIVATE KEY-----\n"]);
}

/// Servers repeat commands that they do not know, with all that was in them.
#[tokio::test]
async fn what_a_server_repeats() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let parrot = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = vec![0; 1 << 16];
                while let Ok(length @ 1..) = stream.read(&mut request).await {
                    let said = String::from_utf8_lossy(&request[..length]).into_owned();
                    let words = said.replace("\r\n", " ");
                    let answer =
                        format!("-ERR unknown command, with args beginning with: {words}\r\n");
                    let answers = answer.repeat(said.matches('*').count().max(1));
                    if stream.write_all(answers.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    let mut shown = Shown::listen();
    for scheme in ["redis", "redis+sentinel"] {
        for login in [format!("shop:{SECRET}@"), format!(":{SECRET}@")] {
            for query in ["", "?protocol=resp3"] {
                let (name, query) = match scheme {
                    "redis" => ("0", query.to_owned()),
                    _ => (MASTER, format!("?sentinel_user=shop&sentinel_password={SECRET}")),
                };
                let url = format!("{scheme}://{login}127.0.0.1:{port}/{name}{query}");
                shown.tries(at(&url), false).await;
            }
        }
    }
    shown.holds_none_of(&[SECRET]);
    parrot.abort();
}
