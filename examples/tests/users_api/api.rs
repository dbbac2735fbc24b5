//! What clients are promised, on each database and each store.

use cache_tests::{patience::eventually, server::RedisServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    postgres::{Postgres, found},
    service::Service,
    walkthrough::{self, commands},
};

const ACME: &str = "/tenants/acme/users";

fn draft(name: &str) -> Value {
    json!({ "email": format!("{name}@example.com"), "name": name })
}

fn user(id: i64, tenant: &str, name: &str, version: i64) -> Value {
    let email = format!("{name}@example.com");
    json!({ "id": id, "tenant": tenant, "email": email, "name": name, "version": version })
}

fn ids(page: &Value) -> Vec<i64> {
    let users = page["users"].as_array().expect("a list");
    users.iter().filter_map(|user| user["id"].as_i64()).collect()
}

/// Each write through one process, and each read through either of two: they are the same one where there is no
/// store that they could share.
async fn lives(writer: &Service, reader: &Service) {
    // That there is no user 1 is remembered, and forgotten with the insert.
    for service in [writer, reader] {
        assert_eq!(service.get(&format!("{ACME}/1")).await.0, 404);
        assert_eq!(ids(&service.get(ACME).await.1), [0; 0]);
    }
    assert_eq!(writer.post(ACME, draft("ann")).await, (201, user(1, "acme", "ann", 1)));
    assert_eq!(writer.post(ACME, draft("bob")).await, (201, user(2, "acme", "bob", 1)));
    for service in [writer, reader] {
        let first = service.get(&format!("{ACME}/1")).await;
        assert_eq!(first, (200, user(1, "acme", "ann", 1)));
        assert_eq!(ids(&service.get(ACME).await.1), [1, 2]);
        let page = service.get(&format!("{ACME}?limit=1")).await.1;
        assert_eq!((ids(&page), &page["next"]), (vec![1], &json!(1)));
        let some = service.get(&format!("{ACME}?ids=2,7,1")).await.1;
        assert_eq!(ids(&some), [2, 1]);
    }

    let mut change = draft("anna");
    change["version"] = json!(1);
    let changed = writer.put(&format!("{ACME}/1"), change.clone()).await;
    assert_eq!(changed, (200, user(1, "acme", "anna", 2)));
    assert_eq!(writer.put(&format!("{ACME}/1"), change).await.0, 409);
    assert_eq!(writer.put(&format!("{ACME}/1"), draft("bob")).await.0, 409);
    assert_eq!(writer.put(&format!("{ACME}/9"), draft("nobody")).await.0, 404);
    for service in [writer, reader] {
        assert_eq!(service.get(&format!("{ACME}/1")).await.1["name"], "anna");
        assert_eq!(service.get(ACME).await.1["users"][0]["name"], "anna");
        assert_eq!(service.get(&format!("{ACME}?ids=1")).await.1["users"][0]["name"], "anna");
    }

    moves(writer, reader).await;

    assert_eq!(writer.delete(&format!("{ACME}/2")).await.0, 204);
    assert_eq!(writer.delete(&format!("{ACME}/2")).await.0, 404);
    for service in [writer, reader] {
        assert_eq!(service.get(&format!("{ACME}/2")).await.0, 404);
        assert_eq!(ids(&service.get(ACME).await.1), [0; 0]);
    }
}

/// User 1 goes from one tenant to another, whose pages and whose missing user 1 are cached.
async fn moves(writer: &Service, reader: &Service) {
    let globex = "/tenants/globex/users";
    for service in [writer, reader] {
        assert_eq!(service.get(&format!("{globex}/1")).await.0, 404);
        assert_eq!(ids(&service.get(globex).await.1), [0; 0]);
    }
    let to = |tenant: &str| json!({ "tenant": tenant });
    let moved = writer.post(&format!("{ACME}/1/move"), to("globex")).await;
    assert_eq!(moved, (200, user(1, "globex", "anna", 3)));
    assert_eq!(writer.post(&format!("{ACME}/1/move"), to("globex")).await.0, 404);
    assert_eq!(writer.post(&format!("{globex}/1/move"), to("globex")).await.0, 422);
    for service in [writer, reader] {
        assert_eq!(service.get(&format!("{ACME}/1")).await.0, 404);
        assert_eq!(service.get(&format!("{globex}/1")).await.0, 200);
        assert_eq!(ids(&service.get(ACME).await.1), [2]);
        assert_eq!(ids(&service.get(globex).await.1), [1]);
    }
}

/// What was seen is known at once, wherever it is by then.
async fn visits(writer: &Service, reader: &Service) {
    writer.post("/tenants/visits/users", draft("eve")).await;
    let page = writer.get("/tenants/visits/users").await.1;
    let eve = format!("/tenants/visits/users/{}", ids(&page)[0]);
    assert_eq!(reader.get(&format!("{eve}/seen")).await.0, 404);
    for _ in 0..3 {
        let (status, seen) = writer.send(Method::POST, &format!("{eve}/seen"), None).await;
        assert_eq!(status, 202);
        assert_eq!(reader.get(&format!("{eve}/seen")).await, (200, seen));
    }
    let figures = reader.get("/tenants/visits/statistics").await.1;
    assert_eq!(figures["users"], 1);
}

#[tokio::test]
async fn on_sqlite_and_the_embedded_store() {
    let service = Service::start(&[]);
    lives(&service, &service).await;
    visits(&service, &service).await;
}

/// Two processes, which share both servers.
#[tokio::test]
async fn on_postgres_and_redis() {
    let (postgres, redis) = (Postgres::start().await, RedisServer::start_durable());
    let database = postgres.database("users").await;
    let settings = [("DATABASE_URL", &*database), ("CACHE_URL", &redis.patient_url())];
    let services = [Service::start(&settings), Service::start(&settings)];
    lives(&services[0], &services[1]).await;
    visits(&services[0], &services[1]).await;

    let (database, redis) = (postgres.database("walkthrough").await, RedisServer::start());
    let settings = [("DATABASE_URL", &*database), ("CACHE_URL", &redis.patient_url())];
    let shell = format!("{} -X -q {database} -c", found("psql").display());
    walkthrough::check(&Service::start(&settings), &shell, &commands()).await;
}

#[tokio::test]
async fn what_makes_no_sense_is_explained() {
    let service = Service::start(&[]);
    let body = |email: &str, name: &str| Some(json!({ "email": email, "name": name }));
    let cases = [
        (Method::GET, "/tenants/ACME/users", None, 400, "a tenant is 1 to 32 of a-z"),
        (Method::GET, "/tenants/acme/users/one", None, 400, "`one`"),
        (Method::GET, "/tenants/acme/users?ids=1,x", None, 400, "ids=1,2,3"),
        (Method::GET, "/tenants/acme/users?page=1", None, 400, "unknown field `page`"),
        (Method::POST, ACME, body("ann", "Ann"), 422, "ann@example.com"),
        (Method::POST, ACME, body("a@b.c", " "), 422, "1 to 100 characters"),
        (Method::POST, ACME, Some(json!({ "email": "a@b.c" })), 422, "missing field `name`"),
        (Method::GET, "/users", None, 404, "nothing at this path"),
        (Method::PATCH, ACME, None, 405, "does not go with this method"),
    ];
    for (method, path, body, status, part) in cases {
        let (answered, explained) = service.send(method, path, body).await;
        assert_eq!(answered, status, "{path}: {explained}");
        assert!(explained.to_string().contains(part), "no `{part}` in {explained}");
    }
}

#[tokio::test]
async fn a_cache_that_is_away_is_told_and_does_no_harm() {
    let mut redis = RedisServer::start();
    let service = Service::start(&[("CACHE_URL", &redis.url())]);
    let ready = async |cache: &str| {
        let expected = json!({ "ready": true, "database": "ok", "cache": cache });
        eventually(cache, async || service.get("/ready").await == (200, expected.clone())).await;
    };
    ready("ok").await;
    assert_eq!(service.post(ACME, draft("ann")).await.0, 201);
    redis.kill();
    ready("degraded").await;
    let ann = format!("{ACME}/1");
    assert_eq!(service.get(&ann).await.0, 200);
    assert_eq!(service.put(&ann, draft("anna")).await.0, 200);
    let (status, seen) = service.send(Method::POST, &format!("{ann}/seen"), None).await;
    assert_eq!(status, 202);
    assert_eq!(service.get(&format!("{ann}/seen")).await, (200, seen));
    redis.restart_empty();
    ready("ok").await;
    assert_eq!(service.get(&ann).await.1["name"], "anna");
}
