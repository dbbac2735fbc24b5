//! A data source that counts its queries and answers them when it is told to, in this process or over loopback.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::patience::in_time;

/// A source whose answer to each query is the query's number, counted from 1.
///
/// So a value says which load it comes from, and one value everywhere means one load.
#[derive(Debug)]
pub struct Source {
    state: watch::Sender<State>,
    /// The highest number of a query that may be answered.
    allowed: watch::Sender<u64>,
    highest: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// Who asked, in order.
    clients: Vec<u32>,
    running: u64,
}

impl Source {
    /// A source that answers at once.
    pub fn open() -> Arc<Source> {
        Source::new(u64::MAX)
    }

    /// A source that answers nothing yet.
    pub fn held() -> Arc<Source> {
        Source::new(0)
    }

    fn new(allowed: u64) -> Arc<Source> {
        let (state, _) = watch::channel(State::default());
        let (allowed, _) = watch::channel(allowed);
        Arc::new(Source { state, allowed, highest: AtomicU64::new(0) })
    }

    /// Asks for the row.
    pub async fn query(&self) -> u64 {
        self.query_by(0).await
    }

    async fn query_by(&self, client: u32) -> u64 {
        let query = Query::begin(self, client);
        let mut allowed = self.allowed.subscribe();
        // The sender is ours, so the channel stays open.
        _ = allowed.wait_for(|&allowed| query.number <= allowed).await;
        query.number
    }

    /// Answers so many more queries, in the order in which they were asked or will be.
    pub fn answer(&self, more: u64) {
        self.allowed.send_modify(|allowed| *allowed += more);
    }

    /// Answers every query from now on.
    pub fn answer_all(&self) {
        self.allowed.send_replace(u64::MAX);
    }

    /// How many queries there have been.
    pub fn queries(&self) -> u64 {
        self.state.borrow().clients.len() as u64
    }

    /// Who asked, in order: what each client of [`Served`] calls itself, and 0 for those of this process.
    pub fn clients(&self) -> Vec<u32> {
        self.state.borrow().clients.clone()
    }

    /// How many queries wait for their answers.
    pub fn running(&self) -> u64 {
        self.state.borrow().running
    }

    /// The most that have waited at once.
    pub fn most_running(&self) -> u64 {
        self.highest.load(Ordering::SeqCst)
    }

    /// Waits until there have been so many queries.
    pub async fn asked(&self, queries: u64) {
        let what = format!("query {queries}");
        self.wait_for(&what, |state| state.clients.len() as u64 >= queries).await;
    }

    /// Waits until so many queries wait at once.
    pub async fn runs(&self, queries: u64) {
        self.wait_for(&format!("{queries} queries at once"), |s| s.running == queries).await;
    }

    async fn wait_for(&self, what: &str, condition: impl FnMut(&State) -> bool) {
        let mut state = self.state.subscribe();
        _ = in_time(what, state.wait_for(condition)).await;
    }
}

/// A query that is under way. Dropping it ends it, answered or not.
struct Query<'a> {
    source: &'a Source,
    number: u64,
}

impl Query<'_> {
    fn begin(source: &Source, client: u32) -> Query<'_> {
        let mut number = 0;
        source.state.send_modify(|state| {
            state.clients.push(client);
            state.running += 1;
            number = state.clients.len() as u64;
            source.highest.fetch_max(state.running, Ordering::SeqCst);
        });
        Query { source, number }
    }
}

impl Drop for Query<'_> {
    fn drop(&mut self) {
        self.source.state.send_modify(|state| state.running -= 1);
    }
}

/// A source that other processes can ask, until it is dropped.
#[derive(Debug)]
pub struct Served {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Served {
    /// Serves `source` on a free loopback port: one connection for each query.
    pub async fn start(source: &Arc<Source>) -> io::Result<Served> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let source = Arc::clone(source);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(Arc::clone(&source), stream));
            }
        });
        Ok(Served { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers one query, unless its client goes away first.
async fn serve(source: Arc<Source>, mut stream: TcpStream) -> io::Result<()> {
    let client = stream.read_u32().await?;
    let (mut from, mut to) = stream.split();
    tokio::select! {
        answer = source.query_by(client) => to.write_u64(answer).await,
        _ = from.read_u8() => Ok(()),
    }
}

/// Asks a source that is [`Served`] at `address`, as `client`.
pub async fn ask(address: SocketAddr, client: u32) -> io::Result<u64> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_u32(client).await?;
    stream.read_u64().await
}
