//! The wire to a server, with a counter on it: how often its clients wait for an answer.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::{AbortHandle, JoinHandle},
};

use crate::server::RedisServer;

/// More than a client sends at once.
const BUFFER: usize = 1 << 20;

/// A way to a server that counts what passes. Dropping it cuts every connection.
#[derive(Debug)]
pub struct Wire {
    port: u16,
    traffic: Arc<Mutex<Traffic>>,
    task: JoinHandle<()>,
}

/// What has passed, over all connections together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How often requests were sent while no answer was outstanding: however many go out together, whoever
    /// sends them waits once.
    pub round_trips: u64,
    /// How many requests were sent.
    pub requests: u64,
}

#[derive(Debug, Default)]
struct Traffic {
    counts: Counts,
    outstanding: u64,
    connections: Vec<AbortHandle>,
}

impl Wire {
    /// A wire to `server`.
    ///
    /// # Panics
    ///
    /// Where loopback has no free port.
    pub async fn to(server: &RedisServer) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let traffic = Arc::<Mutex<Traffic>>::default();
        let task = tokio::spawn(accept(listener, server.port(), Arc::clone(&traffic)));
        Wire { port, traffic, task }
    }

    /// `redis://127.0.0.1:port`, by way of the wire.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// What has passed so far.
    pub fn counts(&self) -> Counts {
        lock(&self.traffic).counts
    }

    /// What passes while `call` is under way.
    pub async fn during<F: Future>(&self, call: F) -> (F::Output, Counts) {
        let before = self.counts();
        let output = call.await;
        let after = self.counts();
        let counts = Counts {
            round_trips: after.round_trips - before.round_trips,
            requests: after.requests - before.requests,
        };
        (output, counts)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
        lock(&self.traffic).connections.drain(..).for_each(|connection| connection.abort());
    }
}

impl Traffic {
    fn sent(&mut self, requests: u64) {
        if self.outstanding == 0 && requests > 0 {
            self.counts.round_trips += 1;
        }
        self.counts.requests += requests;
        self.outstanding += requests;
    }

    fn answered(&mut self, replies: u64) {
        self.outstanding = self.outstanding.saturating_sub(replies);
    }
}

async fn accept(listener: TcpListener, port: u16, traffic: Arc<Mutex<Traffic>>) {
    while let Ok((client, _)) = listener.accept().await {
        let connection = tokio::spawn(carry(client, port, Arc::clone(&traffic)));
        lock(&traffic).connections.push(connection.abort_handle());
    }
}

/// Carries one connection until either end closes it. What a side has sent is counted before the other sees it.
async fn carry(client: TcpStream, port: u16, traffic: Arc<Mutex<Traffic>>) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", port)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        end = forward(from_client, to_server, |requests| lock(&traffic).sent(requests)) => end,
        end = forward(from_server, to_client, |replies| lock(&traffic).answered(replies)) => end,
    }
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    count: impl Fn(u64),
) -> io::Result<()> {
    let mut values = Values::default();
    let mut bytes = Vec::with_capacity(BUFFER);
    loop {
        bytes.clear();
        let mut whole = 0;
        // What ends in the middle of a value has more to come, and is passed on together with it.
        while bytes.is_empty() || values.is_open() {
            let begin = bytes.len();
            if from.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
            whole += values.read(&bytes[begin..]);
        }
        count(whole);
        to.write_all(&bytes).await?;
    }
}

/// Finds the ends of the values of the protocol RESP, requests and replies alike. What the server says unasked
/// is no value.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// Whether the value under way was not asked for.
    unasked: bool,
    /// Elements that are to come before the value is whole.
    lacking: usize,
    /// Bytes of a string that are to come.
    skipped: usize,
    line: Vec<u8>,
}

impl Values {
    fn is_open(&self) -> bool {
        self.lacking > 0 || self.skipped > 0 || !self.line.is_empty()
    }

    /// Reads on, and says how many values have become whole.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) -> u64 {
        let mut whole = 0;
        while let Some((&first, rest)) = bytes.split_first() {
            if self.skipped > 0 {
                let skip = self.skipped.min(bytes.len());
                self.skipped -= skip;
                bytes = &bytes[skip..];
            } else {
                bytes = rest;
                self.line.push(first);
                if first != b'\n' {
                    continue;
                }
                self.element();
            }
            whole += u64::from(!self.is_open() && !self.unasked);
        }
        whole
    }

    /// Takes the line that begins an element.
    fn element(&mut self) {
        let line = std::mem::take(&mut self.line);
        let length = std::str::from_utf8(&line[1..]).ok().and_then(|n| n.trim().parse().ok());
        let length: usize = length.unwrap_or(0);
        let null = line.get(1) == Some(&b'-');
        if self.lacking == 0 {
            self.unasked = line[0] == b'>';
        }
        self.lacking = self.lacking.saturating_sub(1);
        match line[0] {
            b'*' | b'~' | b'>' => self.lacking += length,
            b'%' => self.lacking += 2 * length,
            b'$' | b'=' | b'!' if !null => self.skipped = length + 2,
            _ => {}
        }
    }
}

/// Each change is whole before anything can panic.
fn lock(traffic: &Mutex<Traffic>) -> MutexGuard<'_, Traffic> {
    traffic.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::Values;

    #[test]
    fn values_are_counted_wherever_they_are_cut() {
        let text = b"*2\r\n$3\r\nGET\r\n$5\r\na\r\n*1\r\n+OK\r\n$-1\r\n*-1\r\n*0\r\n:12\r\n*2\r\n*1\r\n:1\r\n$0\r\n\r\n\
            >2\r\n+a\r\n+b\r\n";
        for step in 1..=text.len() {
            let mut values = Values::default();
            let whole: u64 = text.chunks(step).map(|part| values.read(part)).sum();
            assert_eq!(whole, 7, "cut every {step} bytes");
            assert!(!values.is_open());
        }
        let mut values = Values::default();
        assert_eq!(values.read(&text[..20]), 0);
        assert!(values.is_open());
    }
}
