//! A way to a server whose connections can be made half-open: what the clients say arrives, and nothing that the server says comes
//! back, not even the end.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

const BUFFER: usize = 64 << 10;

/// What a client says that wants its keys tracked: `CLIENT TRACKING ON`, in its greeting, which arrives in one piece.
const TRACKING: &[u8] = b"\r\nTRACKING\r\n";

/// The way. Dropping it cuts every connection.
#[derive(Debug)]
pub struct Way {
    port: u16,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Counts {
    /// How many connections there have been.
    connections: AtomicU64,
    /// How many of the first of them are half-open.
    half_open: AtomicU64,
    /// How many of the first of them are, if the server tracks keys for them.
    deaf: AtomicU64,
}

impl Way {
    /// A way to the server that listens on `port`.
    ///
    /// # Panics
    ///
    /// Where loopback has no free port.
    pub async fn to(port: u16) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let own = listener.local_addr().expect("a bound socket has an address").port();
        let counts = Arc::<Counts>::default();
        let task = tokio::spawn(accept(listener, port, Arc::clone(&counts)));
        Way { port: own, counts, task }
    }

    /// `redis://127.0.0.1:port`, by this way.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From now on nothing comes back over the connections that there are. Later ones are well.
    pub fn swallow(&self) {
        self.counts.up_to_now(&self.counts.half_open);
    }

    /// The same, but only of those for which the server tracks keys: what it says of changes is lost.
    pub fn swallow_pushes(&self) {
        self.counts.up_to_now(&self.counts.deaf);
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        // The connections go with it.
        self.task.abort();
    }
}

impl Counts {
    fn up_to_now(&self, count: &AtomicU64) {
        count.store(self.connections.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

async fn accept(listener: TcpListener, port: u16, counts: Arc<Counts>) {
    let mut carried = JoinSet::new();
    loop {
        tokio::select! {
            client = listener.accept() => {
                let Ok((client, _)) = client else { return };
                let number = counts.connections.fetch_add(1, Ordering::SeqCst);
                let counts = Arc::clone(&counts);
                // A connection that ends in an error has ended.
                carried.spawn(async move { _ = carry(client, port, number, &counts).await });
            }
            Some(_) = carried.join_next() => {}
        }
    }
}

/// Carries a connection until the client closes it, or the server does while the client can hear that.
async fn carry(client: TcpStream, port: u16, number: u64, counts: &Counts) -> io::Result<()> {
    let is_tracked = AtomicBool::new(false);
    let is_half_open = || {
        number < counts.half_open.load(Ordering::SeqCst)
            || is_tracked.load(Ordering::SeqCst) && number < counts.deaf.load(Ordering::SeqCst)
    };
    let server = TcpStream::connect(("127.0.0.1", port)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let forth = async {
        let mut bytes = Vec::with_capacity(BUFFER);
        while read(&mut from_client, &mut bytes).await? {
            if bytes.windows(TRACKING.len()).any(|part| part == TRACKING) {
                is_tracked.store(true, Ordering::SeqCst);
            }
            let said = to_server.write_all(&bytes).await;
            // The client of a half-open connection does not hear that the server has gone.
            if !is_half_open() {
                said?;
            }
        }
        Ok::<_, io::Error>(())
    };
    let back = async {
        let mut bytes = Vec::with_capacity(BUFFER);
        while read(&mut from_server, &mut bytes).await.unwrap_or(false) {
            if !is_half_open() {
                to_client.write_all(&bytes).await?;
            }
        }
        if is_half_open() {
            std::future::pending::<()>().await;
        }
        Ok(())
    };
    tokio::select! {
        end = forth => end,
        end = back => end,
    }
}

/// Reads what there is. Says whether there may be more.
async fn read(from: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> io::Result<bool> {
    bytes.clear();
    Ok(from.read_buf(bytes).await? > 0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{io::AsyncReadExt, time::timeout};

    use super::*;
    use crate::server::RedisServer;

    async fn ask(connection: &mut TcpStream, command: &[u8]) {
        connection.write_all(command).await.expect("the way takes what is said");
    }

    #[tokio::test]
    async fn pushes_are_swallowed_and_no_other_connections() {
        let server = RedisServer::start();
        let way = Way::to(server.port()).await;
        let connect =
            async || TcpStream::connect(("127.0.0.1", way.port)).await.expect("it listens");
        let (mut tracked, mut other) = (connect().await, connect().await);
        let mut answer = [0; 7];
        ask(&mut tracked, b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n").await;
        ask(&mut tracked, b"*3\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n").await;
        let mut said = Vec::new();
        while !said.ends_with(b"+OK\r\n") {
            tracked.read_buf(&mut said).await.expect("it is well");
        }
        ask(&mut other, b"PING\r\n").await;
        other.read_exact(&mut answer).await.expect("it is well");
        way.swallow_pushes();
        ask(&mut tracked, b"PING\r\n").await;
        ask(&mut other, b"PING\r\n").await;
        other.read_exact(&mut answer).await.expect("it is well");
        assert_eq!(&answer, b"+PONG\r\n");
        let heard = timeout(Duration::from_millis(20), tracked.read(&mut answer)).await;
        assert!(heard.is_err(), "nothing comes back");
    }

    #[tokio::test]
    async fn what_the_server_says_is_swallowed_on_connections_that_there_were() {
        let server = RedisServer::start();
        let way = Way::to(server.port()).await;
        let connect =
            async || TcpStream::connect(("127.0.0.1", way.port)).await.expect("it listens");
        let mut answer = [0; 7];
        let mut before = connect().await;
        ask(&mut before, b"PING\r\n").await;
        before.read_exact(&mut answer).await.expect("it is well");
        assert_eq!(&answer, b"+PONG\r\n");

        way.swallow();
        ask(&mut before, b"SET key value\r\n").await;
        let mut after = connect().await;
        crate::patience::eventually("it has arrived", async || {
            server.command(&["EXISTS", "key"]) == ":1\r\n"
        })
        .await;
        ask(&mut after, b"PING\r\n").await;
        after.read_exact(&mut answer).await.expect("it is well");
        assert_eq!(&answer, b"+PONG\r\n");
        // Nor is it heard that the server closes it.
        server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        assert_eq!(after.read(&mut answer).await.expect("it is closed"), 0);
        let heard = timeout(Duration::from_millis(20), before.read(&mut answer)).await;
        assert!(heard.is_err(), "nothing comes back");
    }
}
