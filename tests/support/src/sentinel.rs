//! Servers that stand in for each other, and the sentinels that say which of them is the master.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{patience::eventually, port::Port, server::RedisServer, tls::Files};

/// What the master is called.
pub const MASTER: &str = "shop";

/// For how long a server has to be silent before a sentinel takes it for dead.
const DOWN_AFTER: Duration = Duration::from_millis(500);

/// A master, two replicas, and three real sentinels. Dropping it stops all of them.
#[derive(Debug)]
pub struct Fleet {
    /// Each with its encrypted port.
    servers: Vec<(RedisServer, Option<Port>)>,
    sentinels: Vec<(RedisServer, Option<Port>)>,
    encrypted: bool,
}

impl Fleet {
    /// Starts all of them, and waits until they know of each other.
    ///
    /// # Panics
    ///
    /// As [`RedisServer::start`].
    pub async fn start() -> Fleet {
        Fleet::start_with(&[]).await
    }

    /// As [`start`](Fleet::start), where all of them talk to each other and to clients by TLS. Each has a plain port
    /// besides, by which a test gives it orders.
    ///
    /// # Panics
    ///
    /// As [`RedisServer::start`].
    pub async fn start_encrypted(files: &Files) -> Fleet {
        let mut settings = files.settings();
        let always = ["--tls-auth-clients", "no", "--tls-replication", "yes"];
        settings.extend(always.map(str::to_owned));
        Fleet::start_with(&settings.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    async fn start_with(tls: &[&str]) -> Fleet {
        let quick =
            ["--save", "", "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"];
        let master = server(&quick, tls);
        let port = port_of(&master).to_string();
        let mut servers = vec![master];
        for _ in 0..2 {
            servers.push(server(&[&quick[..], &["--replicaof", "127.0.0.1", &port]].concat(), tls));
        }
        let config = format!(
            "sentinel monitor {MASTER} 127.0.0.1 {port} 2\n\
             sentinel down-after-milliseconds {MASTER} {}\n\
             sentinel failover-timeout {MASTER} 3000",
            DOWN_AFTER.as_millis()
        );
        let sentinels = (0..3).map(|_| sentinel(&config, tls)).collect();
        let fleet = Fleet { servers, sentinels, encrypted: !tls.is_empty() };
        eventually("both replicas follow the master", async || fleet.is_in_step(0)).await;
        for (sentinel, _) in &fleet.sentinels {
            eventually("the sentinels know of everybody", async || {
                let known = sentinel.command(&["SENTINEL", "MASTER", MASTER]);
                field(&known, "num-slaves") == Some("2")
                    && field(&known, "num-other-sentinels") == Some("2")
            })
            .await;
        }
        fleet
    }

    /// `redis+sentinel://…`, all three of them.
    pub fn url(&self) -> String {
        let hosts: Vec<_> =
            self.sentinels.iter().map(|s| format!("127.0.0.1:{}", port_of(s))).collect();
        let scheme = if self.encrypted { "rediss" } else { "redis" };
        format!("{scheme}+sentinel://{}/{MASTER}/0", hosts.join(","))
    }

    /// A server: the first one is the master at first.
    pub fn server(&self, which: usize) -> &RedisServer {
        &self.servers[which].0
    }

    /// Kills a server.
    pub fn kill(&mut self, which: usize) {
        self.servers[which].0.kill();
    }

    /// A sentinel.
    pub fn sentinel(&self, which: usize) -> &RedisServer {
        &self.sentinels[which].0
    }

    /// Kills a sentinel.
    pub fn kill_sentinel(&mut self, which: usize) {
        self.sentinels[which].0.kill();
    }

    /// Has the sentinels promote server `which`, which is the only one that may be.
    pub async fn fail_over_to(&self, which: usize) {
        eventually("the sentinels have promoted it", async || {
            // They refuse where they are at it, and for a while after.
            _ = self.sentinels[0].0.command(&["SENTINEL", "FAILOVER", MASTER]);
            self.is_master(which)
        })
        .await;
    }

    /// Whether two replicas have everything that server `which` has acknowledged.
    pub fn is_in_step(&self, which: usize) -> bool {
        let info = self.servers[which].0.command(&["INFO", "replication"]);
        let value = |name: &str| {
            info.lines()
                .find_map(|line| line.trim().strip_prefix(name))
                .unwrap_or_default()
                .to_owned()
        };
        let offset = value("master_repl_offset:");
        let behind = |replica: &str| {
            let replica = value(replica);
            replica.contains("state=online") && replica.contains(&format!("offset={offset},"))
        };
        behind("slave0:") && behind("slave1:")
    }

    /// Whether one of the replicas is a master, in its own eyes.
    pub fn has_another_master(&self) -> bool {
        self.is_master(1) || self.is_master(2)
    }

    /// Whether server `which` is a master, in its own eyes.
    pub fn is_master(&self, which: usize) -> bool {
        // One that has just been promoted closes its connections.
        self.servers[which].0.try_command(&["ROLE"]).is_ok_and(|role| role.contains("master"))
    }
}

/// A server, and the encrypted port at which clients find it, if there is any.
fn server(settings: &[&str], tls: &[&str]) -> (RedisServer, Option<Port>) {
    if tls.is_empty() {
        return (RedisServer::start_with(settings), None);
    }
    let port = Port::take();
    let own = port.to_string();
    (RedisServer::start_with(&[settings, tls, &["--tls-port", &own]].concat()), Some(port))
}

/// A sentinel, and its encrypted port, as [`server`] has it.
fn sentinel(config: &str, tls: &[&str]) -> (RedisServer, Option<Port>) {
    if tls.is_empty() {
        return (RedisServer::start_sentinel(config), None);
    }
    let port = Port::take();
    let mut lines = format!("tls-port {port}\n");
    for setting in tls.chunks(2) {
        lines.push_str(&format!("{}\n", setting.join(" ").trim_start_matches('-')));
    }
    (RedisServer::start_sentinel(&(lines + config)), Some(port))
}

/// The port at which clients find a server.
fn port_of((server, encrypted): &(RedisServer, Option<Port>)) -> u16 {
    encrypted.as_ref().map_or(server.port(), Port::number)
}

/// What follows a name in an answer of names and values.
fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = answer.lines().skip_while(|line| *line != name);
    // The name, the length of the value, the value.
    lines.nth(2)
}

/// A sentinel that says what it is told to. Dropping it closes its port.
#[derive(Debug)]
pub struct Puppet {
    port: u16,
    master: Arc<AtomicU16>,
    questions: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Puppet {
    /// One that says that the master is at `master`.
    ///
    /// # Panics
    ///
    /// Where loopback has no free port.
    pub async fn that_names(master: &RedisServer) -> Puppet {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let master = Arc::new(AtomicU16::new(master.port()));
        let questions = Arc::<AtomicU64>::default();
        let (node, asked) = (Arc::clone(&master), Arc::clone(&questions));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&node), Arc::clone(&asked)));
            }
        });
        Puppet { port, master, questions, task }
    }

    /// From now on, it says that the master is at `master`.
    pub fn name(&self, master: &RedisServer) {
        self.master.store(master.port(), Ordering::SeqCst);
    }

    /// How often it has been asked.
    pub fn questions(&self) -> u64 {
        self.questions.load(Ordering::SeqCst)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers each command that ends in the name of the master, and has nothing against any other.
async fn answer(mut stream: TcpStream, master: Arc<AtomicU16>, asked: Arc<AtomicU64>) {
    let mut request = vec![0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut request).await {
        let text = String::from_utf8_lossy(&request[..length]).into_owned();
        // What introduces a client comes as two commands at once.
        let mut reply = "+OK\r\n".repeat(text.matches("SETINFO").count());
        if text.contains("GET-MASTER-ADDR-BY-NAME") {
            asked.fetch_add(1, Ordering::SeqCst);
            let port = master.load(Ordering::SeqCst).to_string();
            reply.push_str(&format!("*2\r\n$9\r\n127.0.0.1\r\n${}\r\n{port}\r\n", port.len()));
        }
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}
