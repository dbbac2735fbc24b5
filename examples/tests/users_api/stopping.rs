//! A service that is told to stop takes nothing new, finishes what it has begun, and leaves nothing in its queue.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
};

use cache_tests::patience::eventually;
use reqwest::Method;
use serde_json::json;

use crate::{postgres::connect, service::Service};

const USERS: usize = 300;

/// The queue is in the process's memory: what is not flushed by its end is gone.
#[tokio::test]
async fn what_was_accepted_is_in_the_database_by_the_end() {
    for signal in ["TERM", "INT"] {
        let mut service = Service::start(&[]);
        let mut users = Vec::new();
        for number in 0..USERS {
            let body = json!({ "email": format!("{number}@example.com"), "name": "somebody" });
            let (_, user) = service.post("/tenants/acme/users", body).await;
            users.push(user["id"].as_i64().expect("an id"));
        }
        let mut accepted = BTreeMap::new();
        for user in users {
            let path = format!("/tenants/acme/users/{user}/seen");
            let (status, seen) = service.send(Method::POST, &path, None).await;
            assert_eq!(status, 202);
            accepted.insert(user, seen["at_ms"].as_i64().expect("a time"));
        }
        service.signal(signal);
        assert_eq!(service.wait().code(), Some(0), "on SIG{signal}");
        let db = connect(&service.sqlite()).await.expect("the file is there");
        let rows: Vec<(i64, i64)> = sqlx::query_as("SELECT user_id, at_ms FROM last_seen")
            .fetch_all(&db)
            .await
            .expect("the table is there");
        assert_eq!(rows.len(), USERS);
        assert_eq!(BTreeMap::from_iter(rows), accepted);
    }
}

#[tokio::test]
async fn a_request_under_way_is_answered_and_no_other_is_taken() {
    let mut service = Service::start(&[]);
    let body = r#"{"email":"ann@example.com","name":"Ann"}"#;
    let (head, tail) = body.split_at(10);
    let mut connection = TcpStream::connect(service.address()).expect("it listens");
    let lines = [
        "POST /tenants/acme/users HTTP/1.1",
        "host: localhost",
        "content-type: application/json",
        &format!("content-length: {}", body.len()),
        "",
        head,
    ];
    connection.write_all(lines.join("\r\n").as_bytes()).expect("it reads");
    // An answer to a later request: by now the first one has been read as far as it goes.
    assert_eq!(service.get("/health").await.0, 200);
    service.signal("TERM");
    eventually("nothing new is taken", async || TcpStream::connect(service.address()).is_err())
        .await;
    connection.write_all(tail.as_bytes()).expect("it still reads");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("it answers, and closes the connection");
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    assert_eq!(service.wait().code(), Some(0));
}
