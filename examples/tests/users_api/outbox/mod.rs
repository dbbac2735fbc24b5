//! What others change past the service, with a database shell or as a process that is killed, is seen by all readers.

mod keys;
mod lag;
mod shell;

use std::collections::BTreeSet;

use cache_tests::{patience::eventually, server::RedisServer};
use serde_json::{Value, json};

use self::shell::Database;
use crate::service::Service;

const ACME: &str = "/tenants/acme/users";

/// More than a follower takes at once.
const USERS: usize = 600;

fn start(database: &Database, redis: &RedisServer) -> Service {
    Service::start(&[("DATABASE_URL", &database.url()), ("CACHE_URL", &redis.patient_url())])
}

/// The names of the users 1 to [`USERS`], by way of the cache.
async fn names(service: &Service) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let ids: Vec<_> = (1..=USERS).map(|id| id.to_string()).collect();
    for ids in ids.chunks(100) {
        let (_, page) = service.get(&format!("{ACME}?ids={}", ids.join(","))).await;
        let users = page["users"].as_array().unwrap_or_else(|| panic!("{page}"));
        assert_eq!(users.len(), ids.len());
        names.extend(users.iter().filter_map(|user| Some(user["name"].as_str()?.to_owned())));
    }
    names
}

fn all(name: &str) -> BTreeSet<String> {
    BTreeSet::from([name.to_owned()])
}

/// How many changes the followers of a service have invalidated.
async fn invalidated(service: &Service) -> u64 {
    outbox(service).await["invalidated"].as_u64().expect("a number")
}

async fn outbox(service: &Service) -> Value {
    service.get("/cache/json").await.1["outboxes"][0].clone()
}

/// Reads until the answer has these fields.
async fn sees(service: &Service, path: &str, expected: &Value) {
    eventually(&format!("{path} is {expected}"), async || {
        let (status, mut answer) = service.get(path).await;
        answer["status"] = json!(status);
        expected.as_object().expect("fields").iter().all(|(field, value)| answer[field] == *value)
    })
    .await;
}

#[tokio::test]
async fn what_somebody_changes_in_the_databases_shell_is_seen() {
    for database in Database::each().await {
        let redis = RedisServer::start();
        let service = start(&database, &redis);
        let changes = [
            "INSERT INTO users (tenant, email, name) VALUES ('acme', 'ann@example.com', 'Ann')",
            "UPDATE users SET name = 'Anna' WHERE id = 1",
            "UPDATE users SET tenant = 'globex' WHERE id = 1",
            "UPDATE users SET tenant = 'acme' WHERE id = 1",
            "BEGIN; UPDATE users SET name = 'never'; ROLLBACK",
            "DELETE FROM users",
            "INSERT INTO users (tenant, email, name) VALUES ('acme', 'ann@example.com', 'Eve')",
        ];
        let ways = [
            // Rows that are in the way are deleted without a trigger.
            "INSERT OR REPLACE INTO users (tenant, email, name) VALUES ('acme', 'ann@example.com', 'Fay')",
            "INSERT INTO users (tenant, email, name) VALUES ('acme', 'bob@example.com', 'Bob')",
            "UPDATE OR REPLACE users SET email = 'ann@example.com' WHERE name = 'Bob'",
        ];
        let others = [
            "TRUNCATE users",
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
            "INSERT INTO users (tenant, email, name) VALUES ('acme', 'ann@example.com', 'Gil')",
        ];
        let special: &[&str] = if database.is_sqlite() { &ways } else { &others };
        for change in changes.iter().chain(special) {
            // Whatever is the case now is cached: a user, that there is none, and the page.
            database.emptied().await;
            for path in PATHS {
                service.get(path).await;
            }
            database.run(&format!("{change};"));
            // The next read after the lag. Later ones would be right in any case: some hits are audited.
            database.emptied().await;
            for path in PATHS {
                assert_eq!(
                    shown(&service, path).await,
                    stored(&database, path),
                    "{path}: {change}"
                );
            }
        }
    }
}

const PATHS: [&str; 6] = [
    "/tenants/acme/users/1",
    "/tenants/globex/users/1",
    "/tenants/acme/users/2",
    "/tenants/acme/users/3",
    "/tenants/acme/users/4",
    "/tenants/acme/users",
];

/// The names that the service shows at a path of one user or of all.
async fn shown(service: &Service, path: &str) -> Vec<String> {
    let (status, answer) = service.get(path).await;
    assert!(status == 200 || status == 404, "{path}: {answer}");
    let users = answer["users"].as_array().cloned().unwrap_or_else(|| vec![answer]);
    users.iter().filter_map(|user| Some(user["name"].as_str()?.to_owned())).collect()
}

/// The names that the database has for it.
fn stored(database: &Database, path: &str) -> Vec<String> {
    let mut parts = path.split('/').skip(2);
    let (tenant, id) = (parts.next().expect("a tenant"), parts.nth(1).unwrap_or("id"));
    let of = format!("FROM users WHERE tenant = '{tenant}' AND id = {id}");
    database.run(&format!("SELECT name {of} ORDER BY id;"))
}

/// A writer that commits, and never reaches the store: it is started while the store hangs, and killed when `committed`
/// is what a query returns.
async fn write_and_die(
    (database, redis): (&Database, &RedisServer),
    write: impl FnOnce(reqwest::Client, &str) -> reqwest::RequestBuilder,
    committed: &str,
) {
    redis.pause();
    let mut writer = start(database, redis);
    let request = write(reqwest::Client::new(), &format!("{}{ACME}/1", writer.url()));
    let answer = tokio::spawn(request.send());
    eventually("it commits", async || database.number(committed) == 1).await;
    writer.signal("KILL");
    writer.wait();
    // It may have been answered; that is nothing that others could know.
    _ = answer.await;
    redis.resume();
}

#[tokio::test]
async fn what_a_killed_writer_has_committed_is_seen() {
    for database in Database::each().await {
        let redis = RedisServer::start();
        let reader = start(&database, &redis);
        let ann = format!("{ACME}/1");
        reader.post(ACME, json!({ "email": "ann@example.com", "name": "Ann" })).await;
        database.emptied().await;
        for _ in 0..2 {
            assert_eq!(reader.get(&ann).await.1["name"], "Ann");
        }
        let change = json!({ "email": "ann@example.com", "name": "Anna" });
        let put = |client: reqwest::Client, url: &str| client.put(url).json(&change);
        let committed = "SELECT count(*) FROM users WHERE name = 'Anna'";
        write_and_die((&database, &redis), put, committed).await;
        let late = start(&database, &redis);
        for service in [&reader, &late] {
            sees(service, &ann, &json!({ "name": "Anna", "version": 2 })).await;
        }
        database.emptied().await;
        for service in [&reader, &late] {
            assert_eq!(service.get(&ann).await.1["name"], "Anna");
        }
    }
}

/// When a user was last seen is in no table with a trigger: who deletes a user records that in the transaction.
#[tokio::test]
async fn so_is_what_it_has_recorded_itself() {
    for database in Database::each().await {
        let redis = RedisServer::start();
        let reader = start(&database, &redis);
        let (ann, seen) = (format!("{ACME}/1"), format!("{ACME}/1/seen"));
        reader.post(ACME, json!({ "email": "ann@example.com", "name": "Ann" })).await;
        reader.post(&seen, Value::Null).await;
        let flushed = || database.number("SELECT count(*) FROM last_seen");
        eventually("the visit is in the database", async || flushed() == 1).await;
        assert_eq!(reader.get(&seen).await.0, 200);
        let delete = |client: reqwest::Client, url: &str| client.delete(url);
        write_and_die((&database, &redis), delete, "SELECT 1 - count(*) FROM users").await;
        sees(&reader, &ann, &json!({ "status": 404 })).await;
        // Another one with the id of the one that was deleted.
        let given = if database.is_sqlite() { "" } else { "OVERRIDING SYSTEM VALUE" };
        database.run(&format!(
            "INSERT INTO users (id, tenant, email, name) {given} VALUES (1, 'acme', 'eve@example.com', 'Eve');"
        ));
        sees(&reader, &ann, &json!({ "name": "Eve" })).await;
        sees(&reader, &seen, &json!({ "status": 404 })).await;
    }
}

#[tokio::test]
async fn a_follower_that_is_killed_while_it_works_loses_nothing() {
    for database in Database::each().await {
        let redis = RedisServer::start();
        let mut service = start(&database, &redis);
        database.add_users(USERS);
        database.emptied().await;
        assert_eq!(names(&service).await, all("old"));
        // It takes what it cannot invalidate.
        redis.pause();
        database.run("UPDATE users SET name = 'new';");
        eventually("it has taken some", async || database.taken() > 0).await;
        service.signal("KILL");
        service.wait();
        redis.resume();
        let next = start(&database, &redis);
        database.emptied().await;
        assert_eq!(names(&next).await, all("new"));
    }
}

#[tokio::test]
async fn two_followers_share_the_work() {
    for database in Database::each().await {
        let redis = RedisServer::start();
        let services = [start(&database, &redis), start(&database, &redis)];
        database.add_users(USERS);
        let mut rounds = 0;
        eventually("both have worked", async || {
            rounds += 1;
            database.run(&format!("UPDATE users SET name = '{rounds}';"));
            invalidated(&services[0]).await > 0 && invalidated(&services[1]).await > 0
        })
        .await;
        database.emptied().await;
        let sum = async || invalidated(&services[0]).await + invalidated(&services[1]).await;
        let recorded = database.recorded();
        // They are counted a moment after they have left the table.
        eventually("all are counted", async || sum().await >= recorded).await;
        assert_eq!(sum().await, recorded, "each change was invalidated once, by one of them");
        for service in &services {
            assert_eq!(names(service).await, all(&rounds.to_string()));
        }
    }
}
