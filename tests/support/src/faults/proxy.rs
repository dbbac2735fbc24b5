//! A way to a server on which things go wrong: answers that come late, connections that are reset, and refusals in the
//! server's place.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{
        mpsc::{self, UnboundedReceiver, UnboundedSender},
        watch,
    },
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until},
};

use crate::wire::Values;

/// How a proxy treats what is asked over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Well,
    /// Each answer comes so much later.
    Slow(Duration),
    /// One connection is reset when it is greeted, the next one in place of its first answer.
    Resetting,
    Refusing(Refusal),
}

/// What a server answers that does not do what it is asked, in Redis' own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// To what may write.
    ReadOnly,
    /// While it reads its dump: to everything but a greeting.
    Loading,
    /// A node of a cluster, of a key that is another's.
    Moved,
    /// A node of a cluster that lacks some of its nodes, of every key.
    ClusterDown,
}

impl Refusal {
    /// The first word of the answer.
    pub(super) fn code(self) -> &'static str {
        match self {
            Refusal::ReadOnly => "READONLY",
            Refusal::Loading => "LOADING",
            Refusal::Moved => "MOVED",
            Refusal::ClusterDown => "CLUSTERDOWN",
        }
    }

    fn answer(self) -> &'static [u8] {
        match self {
            Refusal::ReadOnly => b"-READONLY You can't write against a read only replica.\r\n",
            Refusal::Loading => b"-LOADING Redis is loading the dataset in memory\r\n",
            // Nobody listens there.
            Refusal::Moved => b"-MOVED 3999 127.0.0.1:1\r\n",
            Refusal::ClusterDown => b"-CLUSTERDOWN The cluster is down\r\n",
        }
    }

    /// As a real server does, each of them lets through what it does not concern.
    fn refuses(self, command: &[u8]) -> bool {
        let greets = ["HELLO", "AUTH", "CLIENT", "SELECT"];
        let keyless = ["PING", "SCRIPT", "INFO", "CONFIG"];
        let reads = ["GET", "MGET", "EXISTS"];
        let is = |names: &[&str]| names.iter().any(|n| command.eq_ignore_ascii_case(n.as_bytes()));
        match self {
            _ if is(&greets) => false,
            Refusal::Loading => true,
            Refusal::Moved | Refusal::ClusterDown => !is(&keyless),
            Refusal::ReadOnly => !is(&keyless) && !is(&reads),
        }
    }
}

/// A proxy before a server. Dropping it cuts every connection.
#[derive(Debug)]
pub(super) struct Proxy {
    port: u16,
    manner: watch::Sender<Manner>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A well-mannered proxy before loopback's `port`, where a server need not be yet.
    pub(super) async fn before(port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let own = listener.local_addr().expect("a bound socket has an address").port();
        let (manner, _) = watch::channel(Manner::Well);
        let task = tokio::spawn(accept(listener, port, manner.subscribe()));
        Proxy { port: own, manner, task }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// How it treats whatever is asked from now on.
    pub(super) fn set(&self, manner: Manner) {
        self.manner.send_replace(manner);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, port: u16, manner: watch::Receiver<Manner>) {
    // They end with the task.
    let mut connections = JoinSet::new();
    let mut patient = false;
    while let Ok((client, _)) = listener.accept().await {
        patient = !patient;
        connections.spawn(carry(client, port, manner.clone(), patient));
        while connections.try_join_next().is_some() {}
    }
}

/// Carries one connection until either end closes it. A `patient` one is not reset while it is greeted.
async fn carry(
    mut client: TcpStream,
    port: u16,
    manner: watch::Receiver<Manner>,
    patient: bool,
) -> io::Result<()> {
    // Whatever is closed here is closed by a reset.
    client.set_zero_linger()?;
    client.set_nodelay(true)?;
    let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let (queue, answers) = mpsc::unbounded_channel();
    tokio::select! {
        end = ask(from_client, to_server, manner, patient, queue) => end,
        end = answer(from_server, to_client, answers) => end,
    }
}

/// What the next answer to the client is, in the order of its requests.
#[derive(Debug)]
enum Answer {
    /// What the server says next, not before this moment.
    Servers(Instant),
    Ours(&'static [u8]),
}

async fn ask(
    client: ReadHalf<'_>,
    mut server: WriteHalf<'_>,
    manner: watch::Receiver<Manner>,
    patient: bool,
    queue: UnboundedSender<Answer>,
) -> io::Result<()> {
    let mut requests = Parts::of(client);
    while let Some(request) = requests.next().await? {
        let manner = *manner.borrow();
        let answer = match manner {
            Manner::Refusing(refusal) if refusal.refuses(command(&request)) => {
                Answer::Ours(refusal.answer())
            }
            Manner::Slow(late) => Answer::Servers(Instant::now() + late),
            Manner::Well | Manner::Refusing(_) | Manner::Resetting => {
                Answer::Servers(Instant::now())
            }
        };
        if let Answer::Servers(_) = answer {
            server.write_all(&request).await?;
        }
        // The server does what it was asked, and nobody hears of it.
        if manner == Manner::Resetting && !(patient && is_greeting(command(&request))) {
            return Ok(());
        }
        // The other half goes together with this one.
        _ = queue.send(answer);
    }
    Ok(())
}

async fn answer(
    server: ReadHalf<'_>,
    mut client: WriteHalf<'_>,
    mut answers: UnboundedReceiver<Answer>,
) -> io::Result<()> {
    let mut replies = Parts::of(server);
    while let Some(answer) = answers.recv().await {
        match answer {
            Answer::Ours(text) => client.write_all(text).await?,
            Answer::Servers(due) => {
                let Some(reply) = replies.next().await? else { return Ok(()) };
                // A timer is late, and most answers are due at once.
                if due > Instant::now() {
                    sleep_until(due).await;
                }
                client.write_all(&reply).await?;
            }
        }
    }
    Ok(())
}

/// The name of the command that a request asks for: the first of its strings.
fn command(request: &[u8]) -> &[u8] {
    request.split(|&byte| byte == b'\n').nth(2).unwrap_or_default().trim_ascii()
}

/// What is said over a connection before it is used.
fn is_greeting(command: &[u8]) -> bool {
    let greeting: [&[u8]; 6] = [b"HELLO", b"AUTH", b"CLIENT", b"SELECT", b"SCRIPT", b"PING"];
    greeting.iter().any(|name| command.eq_ignore_ascii_case(name))
}

/// A stream of values of the protocol RESP, one by one.
struct Parts<'a> {
    from: ReadHalf<'a>,
    values: Values,
    read: Vec<u8>,
    /// How much of what was read has been looked at.
    seen: usize,
}

impl<'a> Parts<'a> {
    fn of(from: ReadHalf<'a>) -> Parts<'a> {
        Parts { from, values: Values::default(), read: Vec::new(), seen: 0 }
    }

    /// The next value, as it was sent; none where the stream has ended.
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            while let Some(byte) = self.read.get(self.seen..=self.seen) {
                self.seen += 1;
                if self.values.read(byte) > 0 {
                    let rest = self.read.split_off(self.seen);
                    self.seen = 0;
                    return Ok(Some(std::mem::replace(&mut self.read, rest)));
                }
            }
            if self.from.read_buf(&mut self.read).await? == 0 {
                return Ok(None);
            }
        }
    }
}
