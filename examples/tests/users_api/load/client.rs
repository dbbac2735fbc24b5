//! One of many clients: reads and writes at random, and checks each read against what has been acknowledged.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    ledger::{Ledger, Row, stale},
    tally::Tally,
};

/// Nobody waits for longer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    ledger: Arc<Ledger>,
    random: StdRng,
    seed: u64,
    created: u64,
    /// When the request under way began.
    phase: usize,
    tally: Tally,
}

impl Client {
    pub(super) fn new(seed: u64, url: &str, ledger: Arc<Ledger>) -> Client {
        let http = reqwest::Client::builder().timeout(PATIENCE).build();
        Client {
            http: http.expect("nothing is asked of it that could fail"),
            url: url.to_owned(),
            ledger,
            random: StdRng::seed_from_u64(seed),
            seed,
            created: 0,
            phase: 0,
            tally: Tally::new(0),
        }
    }

    pub(super) async fn run(
        mut self,
        phase: Arc<AtomicUsize>,
        over: Arc<AtomicBool>,
        phases: usize,
    ) -> Tally {
        self.tally = Tally::new(phases);
        while !over.load(Ordering::SeqCst) {
            self.phase = phase.load(Ordering::SeqCst);
            let at = self.random.random_range(0..self.ledger.len());
            let ledger = Arc::clone(&self.ledger);
            let row = ledger.row(at);
            match self.random.random_range(0..100) {
                0..70 => self.read(row).await,
                70..80 => self.read_some(&ledger).await,
                80..85 => self.read_page(ledger.tenant_of(at)).await,
                85..95 => self.change(row).await,
                95..98 => self.visit(row).await,
                _ => self.create_and_delete(row).await,
            }
        }
        self.tally
    }

    async fn read(&mut self, row: &Row) {
        let floor = row.acknowledged();
        if let Some(user) = self.ask(Method::GET, &row.path(), None, 200).await {
            self.check(&[row], &[floor], &json!([user]));
        }
    }

    /// A batch, of rows of one tenant.
    async fn read_some(&mut self, ledger: &Ledger) {
        let tenant = ledger.tenant_of(self.random.random_range(0..ledger.len()));
        let first = self.random.random_range(0..tenant.len() - 10);
        let rows: Vec<&Row> = tenant[first..first + 10].iter().collect();
        let ids: Vec<_> = rows.iter().map(|row| row.id.to_string()).collect();
        let path = format!("/tenants/{}/users?ids={}", rows[0].tenant, ids.join(","));
        self.read_list(&path, &rows).await;
    }

    /// The first page of a tenant, which holds all of its lasting rows.
    async fn read_page(&mut self, tenant: &[Row]) {
        let path = format!("/tenants/{}/users?limit={}", tenant[0].tenant, tenant.len());
        self.read_list(&path, &tenant.iter().collect::<Vec<_>>()).await;
    }

    async fn read_list(&mut self, path: &str, rows: &[&Row]) {
        let floors: Vec<_> = rows.iter().map(|row| row.acknowledged()).collect();
        if let Some(list) = self.ask(Method::GET, path, None, 200).await {
            self.check(rows, &floors, &list["users"]);
        }
    }

    async fn change(&mut self, row: &Row) {
        let name = format!("changed by {}", self.seed);
        let body = json!({ "email": row.email, "name": name });
        if let Some(user) = self.ask(Method::PUT, &row.path(), Some(body), 200).await {
            row.acknowledge(user["version"].as_i64().expect("a version"));
        }
    }

    async fn visit(&mut self, row: &Row) {
        self.ask(Method::POST, &format!("{}/seen", row.path()), None, 202).await;
    }

    /// A user comes and goes, and each time the next read knows; so does the page that it would be on.
    async fn create_and_delete(&mut self, near: &Row) {
        let users = format!("/tenants/{}/users", near.tenant);
        let email = format!("{}-{}@example.com", self.seed, self.created);
        self.created += 1;
        let body = json!({ "email": email, "name": "for a moment" });
        let Some(user) = self.ask(Method::POST, &users, Some(body), 201).await else { return };
        let id = user["id"].as_i64().expect("an id");
        let (path, page) = (format!("{users}/{id}"), format!("{users}?after={}&limit=1", id - 1));
        self.expect(&path, &page, id, true).await;
        self.ask(Method::DELETE, &path, None, 204).await;
        self.expect(&path, &page, id, false).await;
    }

    /// Both ways to find a user agree with what has been acknowledged.
    async fn expect(&mut self, path: &str, page: &str, id: i64, there: bool) {
        let Some((status, answer)) = self.exchange(Method::GET, path, None).await else { return };
        match status {
            200 | 404 if (status == 200) == there => {}
            200 | 404 => self.tally.found_stale(self.phase, format!("{path} is {status}")),
            _ => self.tally.fail(self.phase, format!("GET {path}: {status} {answer}")),
        }
        if let Some(list) = self.ask(Method::GET, page, None, 200).await
            && (list["users"][0]["id"] == id) != there
        {
            self.tally.found_stale(self.phase, format!("{page} is not as it was left: {list}"));
        }
    }

    fn check(&mut self, rows: &[&Row], floors: &[i64], users: &Value) {
        for what in stale(rows, floors, users) {
            self.tally.found_stale(self.phase, what);
        }
    }

    /// The body of an answer with this status. Anything else is a failure.
    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
        status: u16,
    ) -> Option<Value> {
        let what = format!("{method} {path}");
        let (answered, answer) = self.exchange(method, path, body).await?;
        if answered == status {
            return Some(answer);
        }
        self.tally.fail(self.phase, format!("{what}: {answered} {answer}"));
        None
    }

    async fn exchange(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Option<(u16, Value)> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let began = Instant::now();
        let exchanged = async {
            let response = request.send().await?;
            Ok::<_, reqwest::Error>((response.status().as_u16(), response.text().await?))
        };
        match exchanged.await {
            Ok((status, text)) => {
                self.tally.answered(self.phase, began.elapsed());
                Some((status, serde_json::from_str(&text).unwrap_or_default()))
            }
            Err(error) => {
                self.tally.fail(self.phase, format!("{method} {path}: {error:?}"));
                None
            }
        }
    }
}
