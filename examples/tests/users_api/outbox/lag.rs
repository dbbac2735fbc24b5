//! How long after a change by somebody else its key is invalidated, under 500 changes a second.
//!
//! `OUTBOX_SECONDS=20 cargo test -p cache-examples --test users_api lag -- --nocapture` prints it.

use std::time::Duration;

use cache_tests::{patience::eventually, server::RedisServer};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use super::{ACME, USERS, invalidated, outbox, shell::Database, start};
use crate::postgres::connect;

/// Connections that change rows, each so many times a second.
const WRITERS: usize = 5;
const RATE: usize = 100;

fn seconds() -> usize {
    let set = std::env::var("OUTBOX_SECONDS").ok();
    set.map_or(2, |text| text.parse().expect("OUTBOX_SECONDS is a number of seconds"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lag_of_changes_by_others() {
    for database in Database::each().await {
        let redis = RedisServer::start();
        let service = start(&database, &redis);
        database.add_users(USERS);
        database.emptied().await;
        // From here on by a service that has counted nothing yet.
        drop(service);
        let (service, before) = (start(&database, &redis), database.recorded());
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let url = database.url();
            writers.spawn(async move { change(&url, writer).await });
        }
        while let Some(changed) = writers.join_next().await {
            changed.expect("a writer does not panic");
        }
        database.emptied().await;
        let recorded = database.recorded() - before;
        eventually("all are counted", async || invalidated(&service).await == recorded).await;
        let (_, user) = service.get(&format!("{ACME}/1")).await;
        assert_eq!(user["name"], (seconds() * RATE - 1).to_string());
        let row = outbox(&service).await;
        let ms = |quantile: &str| row["lag"][quantile].as_f64().expect("a number") / 1000.0;
        println!(
            "{}: {} changes a second for {} s, {recorded} keys and tags: lag {:.1} ms at p50, {:.1} at p95, {:.1} at p99, {:.1} at most",
            if database.is_sqlite() { "SQLite" } else { "PostgreSQL" },
            WRITERS * RATE,
            seconds(),
            ms("p50_us"),
            ms("p95_us"),
            ms("p99_us"),
            ms("max_us"),
        );
    }
}

/// One row after the other, each in a transaction of its own.
async fn change(url: &str, writer: usize) {
    let db = connect(url).await.expect("the database is there");
    if url.starts_with("sqlite:") {
        sqlx::query("PRAGMA busy_timeout = 10000").execute(&db).await.expect("it can wait");
    }
    let mut every = interval(Duration::from_secs(1) / RATE as u32);
    every.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for round in 0..seconds() * RATE {
        every.tick().await;
        // The last change of each row is that of the last round, whoever makes it.
        let id = if round + 1 == seconds() * RATE {
            1 + writer
        } else {
            1 + (round * WRITERS + writer) % USERS
        };
        let update = sqlx::query("UPDATE users SET name = $1 WHERE id = $2");
        let update = update.bind(round.to_string()).bind(id as i64);
        update.execute(&db).await.expect("the database takes it");
    }
}
