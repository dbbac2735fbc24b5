//! Encrypted connections to a real server: who is trusted, who is let in, and what happens where somebody is not.

mod cluster;
mod sentinel;

use std::time::Duration;

use cache_runtime::{Cache, Error, Tls};
use cache_tests::{
    authority::Authority,
    log::Log,
    patience::{eventually, in_time},
    port::Port,
    stores::{DEADLINE, built, patient_cache},
    strategies::{every_strategy_answers, every_strategy_works},
    tls::TlsServer,
};

async fn patient(url: &str, tls: Tls) -> Cache {
    built(Cache::builder().url(url).tls(tls).deadline(DEADLINE)).await
}

#[tokio::test]
async fn a_server_of_an_own_authority_serves_every_strategy() {
    let authority = Authority::new("ours");
    let identity = authority.local();
    let server = TlsServer::start(identity.pems(&authority), false);
    for (scheme, host) in
        [("rediss", "localhost"), ("rediss", "127.0.0.1"), ("valkeys", "localhost")]
    {
        let url = format!("{scheme}://{host}:{}/0", server.port());
        let cache = patient(&url, Tls::new().root_ca(&authority.pem)).await;
        every_strategy_works(&cache).await;
        server.server().command(&["FLUSHALL"]);
    }
    // Nothing has come by the plain port but orders.
    let clients = server.server().command(&["CLIENT", "LIST"]);
    let plain = format!("laddr=127.0.0.1:{} ", server.server().port());
    assert_eq!(clients.matches(&plain).count(), 1, "{clients}");
}

#[tokio::test]
async fn sentinels_are_asked_over_tls_too() {
    let (authority, stranger) = (Authority::new("ours"), Authority::new("theirs"));
    let identity = authority.local();
    let server = TlsServer::start(identity.pems(&authority), false);
    let (_sentinel, port) = server.start_sentinel("shop");
    let url = format!("rediss+sentinel://localhost:{port}/shop");
    every_strategy_works(&patient(&url, Tls::new().root_ca(&authority.pem)).await).await;
    let log = Log::listen();
    let tls = Tls::new().root_ca(&stranger.pem);
    let cache = Cache::builder().url(&url).tls(tls).build().await.expect("it is configured right");
    every_strategy_answers(&cache).await;
    assert!(log.says("WARN", &["no sentinel says", "UnknownIssuer"]), "{}", log.text());
}

#[tokio::test]
async fn an_authority_that_is_added_is_trusted_too() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let identity = new.local();
    let server = TlsServer::start(identity.pems(&new), false);
    let url = format!("rediss://localhost:{}", server.port());
    let tls = Tls::new().root_ca(old.pem.trim_end()).root_ca(new.pem.trim_end());
    every_strategy_works(&patient(&url, tls).await).await;
}

#[tokio::test]
async fn a_client_that_shows_its_certificate_is_let_in() {
    let authority = Authority::new("ours");
    let (identity, client) = (authority.local(), authority.named("shop"));
    let server = TlsServer::start(identity.pems(&authority), true);
    let url = format!("rediss://localhost:{}", server.port());
    let tls = Tls::new().root_ca(&authority.pem);
    let cache = patient(&url, tls.client_certificate(&client.certificate, &client.key)).await;
    every_strategy_works(&cache).await;
    // A connection that is cut is made again, as encrypted as before.
    server.server().command(&["CLIENT", "KILL", "TYPE", "normal"]);
    assert_eq!(cache.get::<u64>("none").await, Ok(None));
}

#[tokio::test]
async fn where_somebody_is_not_trusted_functions_load_and_the_log_says_why() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let (here, elsewhere, stranger) = (ours.local(), ours.named("elsewhere"), theirs.named("shop"));
    let open = TlsServer::start(here.pems(&ours), false);
    let misnamed = TlsServer::start(elsewhere.pems(&ours), false);
    let strict = TlsServer::start(here.pems(&ours), true);
    let plain_port = open.server().port();

    let trusting = Tls::new().root_ca(&ours.pem);
    let showing = trusting.clone().client_certificate(&stranger.certificate, &stranger.key);
    let cases = [
        ("rediss", open.port(), Some(Tls::new()), "UnknownIssuer"),
        ("rediss", open.port(), Some(Tls::new().root_ca(&theirs.pem)), "UnknownIssuer"),
        ("rediss", misnamed.port(), Some(trusting.clone()), "not valid for name \"localhost\""),
        ("rediss", strict.port(), Some(trusting.clone()), "CertificateRequired"),
        ("rediss", strict.port(), Some(showing), "UnknownCA"),
        (
            "rediss",
            plain_port,
            Some(trusting.clone()),
            "does the server speak TLS? (`redis://` is without)",
        ),
        ("redis", open.port(), None, "expects TLS (`rediss://`)"),
    ];
    for (scheme, port, tls, why) in cases {
        let log = Log::listen();
        let url = format!("{scheme}://localhost:{port}");
        let builder = Cache::builder().url(&url).deadline(Duration::from_secs(2));
        let builder = tls.into_iter().fold(builder, cache_runtime::Builder::tls);
        let cache = in_time("a cache", builder.build()).await.expect("it is configured right");
        every_strategy_answers(&cache).await;
        // Writes that are told again may have an attempt under way all the time.
        eventually(why, async || {
            let told = cache.get::<u64>("none").await;
            matches!(told, Err(Error::Unavailable(what)) if what.contains(why))
        })
        .await;
        assert!(
            log.says("WARN", &["cannot connect", &port.to_string(), why]),
            "{why}: {}",
            log.text()
        );
        let warnings = log.text().lines().filter(|line| line.contains("\"cannot connect")).count();
        assert!(warnings <= 1, "it says so at each attempt: {}", log.text());
    }
}

#[tokio::test]
async fn a_server_that_comes_to_be_trusted_is_used() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let (right, wrong) = (ours.local(), theirs.local());
    let server = TlsServer::start(wrong.pems(&theirs), false);
    let log = Log::listen();
    let url = format!("rediss://localhost:{}", server.port());
    let tls = Tls::new().root_ca(&ours.pem);
    let cache = Cache::builder().url(&url).tls(tls).build().await.expect("it is configured right");
    every_strategy_answers(&cache).await;
    server.renew(right.pems(&ours));
    eventually("it is trusted", async || cache.get::<u64>("none").await.is_ok()).await;
    assert!(log.says("INFO", &["again"]), "{}", log.text());
}

#[tokio::test]
async fn what_cannot_work_is_an_error_that_says_so() {
    let authority = Authority::new("ours");
    let (one, other) = (authority.named("one"), authority.named("other"));
    let truncated = &one.key[..one.key.len() / 2];
    let smudged = authority.pem.replacen('A', "!", 3);
    let port = Port::take();
    let secure = format!("rediss://localhost:{port}");
    let plain = format!("redis://user:pa55word@localhost:{port}");
    let cases = [
        (&*secure, Tls::new().root_ca("no PEM"), "root certificate of `Tls` is no PEM"),
        (&secure, Tls::new().root_ca(""), "root certificate of `Tls` is no PEM"),
        (&secure, Tls::new().root_ca(&one.key), "root certificate of `Tls` is no PEM"),
        (&secure, Tls::new().root_ca(smudged), "broken PEM"),
        (&secure, Tls::new().client_certificate("no PEM", &one.key), "client certificate"),
        (&secure, Tls::new().client_certificate(&one.certificate, "no PEM"), "private key"),
        (&secure, Tls::new().client_certificate(&one.certificate, truncated), "broken PEM"),
        (&secure, Tls::new().client_certificate(&one.certificate, &other.key), "is not that of"),
        (&secure, Tls::new().client_certificate(&one.key, &one.certificate), "client certificate"),
        (&plain, Tls::new(), "write `rediss://`"),
        ("memory://", Tls::new(), "write `rediss://"),
    ];
    for (url, tls, why) in cases {
        let error = Cache::builder().url(url).tls(tls).build().await.expect_err(why);
        let Error::Config(what) = &error else { panic!("{why}: {error:?}") };
        assert!(what.contains(why), "{why}: {what}");
        assert!(!what.contains("pa55word") && !what.contains(&one.key[40..60]), "{what}");
    }
    for url in [format!("{secure}/#insecure"), format!("redis://localhost:{port}/0#insecure")] {
        let error = Cache::connect(&url).await.expect_err("there is no such switch");
        assert!(matches!(&error, Error::Config(what) if what.contains('#')), "{error:?}");
    }
}

#[tokio::test]
async fn a_public_authority_is_what_a_url_alone_trusts() {
    let nobody = Port::take();
    let cache = patient_cache(&format!("rediss://localhost:{nobody}")).await;
    assert!(matches!(cache.get::<u64>("none").await, Err(Error::Unavailable(_))));
}
