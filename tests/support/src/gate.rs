//! A way to a server that holds back what the server says, so that a test sees what its clients do without an answer.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// A gate before a server. What clients say passes at once; answers wait until it is open. Dropping it cuts every
/// connection.
#[derive(Debug)]
pub struct Gate {
    port: u16,
    open: watch::Sender<bool>,
    /// The connection of which nothing passes any more.
    held: watch::Sender<Option<usize>>,
    task: JoinHandle<()>,
}

impl Gate {
    /// An open gate before the server on loopback's `port`.
    ///
    /// # Panics
    ///
    /// Where loopback has no free port.
    pub async fn before(port: u16) -> Gate {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let own = listener.local_addr().expect("a bound socket has an address").port();
        let (open, _) = watch::channel(true);
        let (held, _) = watch::channel(None);
        let task = tokio::spawn(accept(listener, port, open.clone(), held.clone()));
        Gate { port: own, open, held, task }
    }

    /// `redis://127.0.0.1:port`, by way of the gate.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Holds back all answers from now on.
    pub fn close(&self) {
        self.open.send_replace(false);
    }

    /// Holds back the answers of this connection from now on, whatever becomes of the others: the first one is 0.
    pub fn hold(&self, connection: usize) {
        self.held.send_replace(Some(connection));
    }

    /// Lets answers pass, those that were held back first.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    port: u16,
    open: watch::Sender<bool>,
    held: watch::Sender<Option<usize>>,
) {
    // They end with the task.
    let mut connections = JoinSet::new();
    let mut number = 0;
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(carry(client, port, open.subscribe(), (number, held.subscribe())));
        number += 1;
    }
}

/// Carries one connection until either end closes it.
async fn carry(
    mut client: TcpStream,
    port: u16,
    mut open: watch::Receiver<bool>,
    (number, mut held): (usize, watch::Receiver<Option<usize>>),
) -> io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let answers = async {
        let mut bytes = vec![0; 1 << 16];
        loop {
            let read = from_server.read(&mut bytes).await?;
            // Nobody is left to open it: the test is over.
            if read == 0 || open.wait_for(|&open| open).await.is_err() {
                return Ok(());
            }
            if held.wait_for(|&held| held != Some(number)).await.is_err() {
                return Ok(());
            }
            to_client.write_all(&bytes[..read]).await?;
        }
    };
    tokio::select! {
        end = tokio::io::copy(&mut from_client, &mut to_server) => end.map(drop),
        end = answers => end,
    }
}
