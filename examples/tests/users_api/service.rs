//! The program under test: started, asked, and told to stop.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    process::{Child, Command, ExitStatus, Stdio},
};

use reqwest::{Client, Method};
use serde_json::Value;
use tempfile::TempDir;

/// A running users-api. Dropping it kills the process and removes its folder.
pub(crate) struct Service {
    process: Child,
    /// `http://127.0.0.1:port`
    url: String,
    client: Client,
    folder: TempDir,
}

impl Service {
    /// Starts it with these settings in its environment; with a SQLite file of its own and the embedded store, where
    /// they do not say otherwise. What whoever runs the tests has set must not matter.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Service {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let database = format!("sqlite://{}/users.db?mode=rwc", folder.path().display());
        let log = File::create(folder.path().join("log")).expect("a file can be created");
        let mut process = Command::new(env!("CARGO_BIN_EXE_users-api"))
            .env_remove("CACHE_URL")
            .envs([("LISTEN", "127.0.0.1:0"), ("DATABASE_URL", &database)])
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program can be started");
        let mut line = String::new();
        let mut said = BufReader::new(process.stdout.take().expect("it was asked for"));
        said.read_line(&mut line).expect("the program prints text");
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            let log = std::fs::read_to_string(folder.path().join("log"));
            panic!("it does not listen, but says {line:?} and {log:?}");
        };
        Service { process, url: url.to_owned(), client: Client::new(), folder }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// `127.0.0.1:port`
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// The address of the SQLite database that it has where no other was named.
    pub(crate) fn sqlite(&self) -> String {
        format!("sqlite://{}/users.db", self.folder.path().display())
    }

    /// The status, and the body: JSON, or null where there is none.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("the service answers");
        let status = response.status().as_u16();
        let text = response.text().await.expect("the answer is whole");
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Method::GET, path, None).await
    }

    /// What is no JSON.
    pub(crate) async fn text(&self, path: &str) -> String {
        let response = self.client.get(format!("{}{path}", self.url)).send().await;
        response.expect("the service answers").text().await.expect("the answer is whole")
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> (u16, Value) {
        self.send(Method::DELETE, path, None).await
    }

    /// Asks it to stop, as an orchestrator does (`TERM`) or somebody at a keyboard (`INT`).
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(sent.expect("`kill` is a command of every Unix").success());
    }

    /// Waits for its end. Its folder lives as long as this does.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.process.wait().expect("a child can be waited for")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended before; either way it is gone afterwards.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
