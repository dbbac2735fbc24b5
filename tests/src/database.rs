//! How a service reaches the rows of a [`Checker`]: directly, or over a line protocol on loopback.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Mutex,
    task::JoinHandle,
};

use crate::checker::{Checker, Reading, Tally};

/// A connection to the rows.
#[derive(Debug)]
pub enum Database {
    /// In this process.
    Here(Arc<Checker>, u32),
    /// In another one.
    There(Mutex<BufReader<TcpStream>>),
}

#[derive(Serialize, Deserialize)]
enum Request {
    Load(usize),
    Commit(usize),
    Floor(usize),
    /// Not answered, as are those that follow.
    Acknowledge {
        row: usize,
        version: u64,
        reached: bool,
    },
    Observe(Reading),
    Tally(u32, Tally),
}

impl Database {
    /// Connects to a [`Server`].
    pub async fn connect(address: SocketAddr) -> io::Result<Database> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Database::There(Mutex::new(BufReader::new(stream))))
    }

    /// See [`Checker::load`].
    pub async fn load(&self, row: usize) -> io::Result<u64> {
        match self {
            Database::Here(checker, who) => Ok(checker.load(*who, row).await),
            Database::There(server) => ask(server, Request::Load(row)).await,
        }
    }

    /// See [`Checker::commit`].
    pub async fn commit(&self, row: usize) -> io::Result<u64> {
        match self {
            Database::Here(checker, who) => Ok(checker.commit(*who, row).await),
            Database::There(server) => ask(server, Request::Commit(row)).await,
        }
    }

    /// See [`Checker::floor`].
    pub async fn floor(&self, row: usize) -> io::Result<u64> {
        match self {
            Database::Here(checker, who) => Ok(checker.floor(*who, row)),
            Database::There(server) => ask(server, Request::Floor(row)).await,
        }
    }

    /// See [`Checker::acknowledge`].
    pub async fn acknowledge(&self, row: usize, version: u64, reached: bool) -> io::Result<()> {
        match self {
            Database::Here(checker, who) => checker.acknowledge(*who, row, version, reached),
            Database::There(server) => {
                tell(server, Request::Acknowledge { row, version, reached }).await?
            }
        }
        Ok(())
    }

    /// See [`Checker::observe`].
    pub async fn observe(&self, reading: Reading) -> io::Result<()> {
        match self {
            Database::Here(checker, who) => checker.observe(*who, reading),
            Database::There(server) => tell(server, Request::Observe(reading)).await?,
        }
        Ok(())
    }

    /// See [`Checker::tally`].
    pub async fn tally(&self, process: u32, tally: Tally) -> io::Result<()> {
        match self {
            Database::Here(checker, _) => checker.tally(process, tally),
            Database::There(server) => tell(server, Request::Tally(process, tally)).await?,
        }
        Ok(())
    }
}

async fn tell(server: &Mutex<BufReader<TcpStream>>, request: Request) -> io::Result<()> {
    send(&mut *server.lock().await, &request).await
}

async fn ask(server: &Mutex<BufReader<TcpStream>>, request: Request) -> io::Result<u64> {
    let mut stream = server.lock().await;
    send(&mut stream, &request).await?;
    stream.read_u64().await
}

async fn send(stream: &mut BufReader<TcpStream>, request: &Request) -> io::Result<()> {
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    stream.write_all(line.as_bytes()).await
}

/// Serves a [`Checker`] to other processes, until dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves on a free port of this machine.
    pub async fn start(checker: &Arc<Checker>) -> io::Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let checker = Arc::clone(checker);
        let task = tokio::spawn(async move {
            let clients = AtomicU32::new(1);
            while let Ok((stream, _)) = listener.accept().await {
                let who = clients.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(Arc::clone(&checker), who, stream));
            }
        });
        Ok(Server { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves one client until it goes, which may be in the middle of a line.
async fn serve(checker: Arc<Checker>, who: u32, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        if !line.ends_with('\n') {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let answer = match serde_json::from_str(&line)? {
            Request::Load(row) => checker.load(who, row).await,
            Request::Commit(row) => checker.commit(who, row).await,
            Request::Floor(row) => checker.floor(who, row),
            Request::Acknowledge { row, version, reached } => {
                checker.acknowledge(who, row, version, reached);
                continue;
            }
            Request::Observe(reading) => {
                checker.observe(who, reading);
                continue;
            }
            Request::Tally(process, tally) => {
                checker.tally(process, tally);
                continue;
            }
        };
        stream.write_u64(answer).await?;
    }
}
