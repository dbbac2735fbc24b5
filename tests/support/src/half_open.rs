//! A way to a server whose connections can be made half-open: what the clients say arrives, and nothing that the server says comes
//! back, not even the end.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

const BUFFER: usize = 64 << 10;

/// The way. Dropping it cuts every connection.
#[derive(Debug)]
pub struct Way {
    port: u16,
    /// How many connections there have been, and how many of the first of them are half-open.
    connections: Arc<AtomicU64>,
    half_open: Arc<AtomicU64>,
    task: JoinHandle<()>,
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
        let (connections, half_open) = <(Arc<AtomicU64>, Arc<AtomicU64>)>::default();
        let task =
            tokio::spawn(accept(listener, port, Arc::clone(&connections), Arc::clone(&half_open)));
        Way { port: own, connections, half_open, task }
    }

    /// `redis://127.0.0.1:port`, by this way.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From now on nothing comes back over the connections that there are. Later ones are well.
    pub fn swallow(&self) {
        self.half_open.store(self.connections.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        // The connections go with it.
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    port: u16,
    connections: Arc<AtomicU64>,
    half_open: Arc<AtomicU64>,
) {
    let mut carried = JoinSet::new();
    loop {
        tokio::select! {
            client = listener.accept() => {
                let Ok((client, _)) = client else { return };
                let number = connections.fetch_add(1, Ordering::SeqCst);
                let half_open = Arc::clone(&half_open);
                carried.spawn(async move {
                    let is_half_open = || number < half_open.load(Ordering::SeqCst);
                    // A connection that ends in an error has ended.
                    _ = carry(client, port, is_half_open).await;
                });
            }
            Some(_) = carried.join_next() => {}
        }
    }
}

/// Carries a connection until the client closes it, or the server does while the client can hear that.
async fn carry(client: TcpStream, port: u16, is_half_open: impl Fn() -> bool) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", port)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let forth = async {
        let mut bytes = Vec::with_capacity(BUFFER);
        while read(&mut from_client, &mut bytes).await? {
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
