//! Whether a large value is on its way over a connection, so that a time-out is known to be the value's and not the server's.
//!
//! A value of many megabytes can take longer than the deadline of the call that reads it, and of those behind it on the same
//! connection, although the server answers everybody. That is seen in the bytes: a reply says how long it is before it
//! comes.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is shorter comes in no time, whatever the network.
const LARGE: u64 = 64 << 10;

/// What has been written may wait in the buffers of the way. It is given a millisecond for so many bytes.
const LEAVES: u64 = 10 << 10;

/// Times in milliseconds of the process. Zero where nothing large is on its way.
#[derive(Debug, Default)]
pub(super) struct Transfer {
    /// When something of a large value was last received.
    received: AtomicU64,
    /// By when what was last sent of a large value has left, unless an answer comes before.
    sent: AtomicU64,
}

impl Transfer {
    /// Whether something of a large value has come or gone within this time.
    pub(super) fn is_under_way(&self, within: Duration) -> bool {
        let now = now();
        let within = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        [&self.received, &self.sent].into_iter().any(|at| {
            let at = at.load(Relaxed);
            at != 0 && now.saturating_sub(at) <= within
        })
    }
}

/// At least one.
fn now() -> u64 {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(BEGIN.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
}

/// Notes that nothing is under way.
fn clear(at: &AtomicU64) {
    if at.load(Relaxed) != 0 {
        at.store(0, Relaxed);
    }
}

/// A stream to a server whose transfers are watched.
pub(super) struct Watched<S> {
    stream: S,
    replies: Replies,
    transfer: Arc<Transfer>,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, transfer: Arc<Transfer>) -> Self {
        Watched { stream, replies: Replies::default(), transfer }
    }
}

/// Where in the replies of a server its bytes are. Only texts with a length in front of them matter.
#[derive(Debug, Default)]
struct Replies {
    /// How much of a text is still to come, with its line end.
    left: u64,
    /// The length of this text.
    text: u64,
    /// The beginning of a line that has not come to its end.
    line: Vec<u8>,
}

impl Replies {
    /// A line is a length, or a short text that does not matter.
    const LINE: usize = 24;

    /// Takes in what comes next.
    fn see(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let part = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= part as u64;
                bytes = &bytes[part..];
                continue;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let (line, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
            bytes = rest;
            let is_whole = end.is_some();
            if is_whole && self.line.is_empty() {
                self.begin(length(line));
                continue;
            }
            let room = Self::LINE - self.line.len();
            self.line.extend_from_slice(&line[..line.len().min(room)]);
            if is_whole {
                self.begin(length(&self.line));
                self.line.clear();
            }
        }
    }

    fn begin(&mut self, text: u64) {
        (self.text, self.left) = (text, text);
    }

    fn is_in_a_large_text(&self) -> bool {
        self.left > 0 && self.text >= LARGE
    }
}

/// The length that a line says, with that of the line end after the text. Zero where it says none.
fn length(line: &[u8]) -> u64 {
    let [b'$' | b'=', digits @ ..] = line else { return 0 };
    let mut length = 0_u64;
    for digit in digits {
        match digit {
            b'0'..=b'9' => {
                length = length.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
            }
            b'\r' => return length.saturating_add(2),
            // That of nothing is negative.
            _ => return 0,
        }
    }
    0
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let Watched { replies, transfer, .. } = &mut *self;
        replies.see(&buffer.filled()[before..]);
        // No clock is read where nothing is large.
        match replies.is_in_a_large_text() {
            true => transfer.received.store(now(), Relaxed),
            false => clear(&transfer.received),
        }
        clear(&transfer.sent);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        if bytes.len() as u64 >= LARGE {
            self.transfer.sent.store(now() + bytes.len() as u64 / LEAVES, Relaxed);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Whether a large text is under way after these replies.
    fn after(replies: &[u8]) -> bool {
        let (mut at_once, mut in_bytes) = (Replies::default(), Replies::default());
        at_once.see(replies);
        replies.iter().for_each(|byte| in_bytes.see(std::slice::from_ref(byte)));
        assert_eq!(
            at_once.is_in_a_large_text(),
            in_bytes.is_in_a_large_text(),
            "however they come"
        );
        at_once.is_in_a_large_text()
    }

    #[test]
    fn it_is_known_where_a_large_text_begins_and_ends() {
        let text = |length: usize| {
            let mut reply = format!("${length}\r\n").into_bytes();
            reply.resize(reply.len() + length, b'$');
            reply.extend_from_slice(b"\r\n");
            reply
        };
        let large = text(100_000);
        assert!(!after(b"$100000"));
        assert!(after(&large[..large.len() - 1]) && !after(&large));
        let small = text(1_000);
        assert!(!after(&small[..500]));
        // What looks like a length within a text, or is one of nothing.
        for between in
            [&b"+OK\r\n"[..], b":7\r\n", b"$-1\r\n", b"*2\r\n$1\r\nx\r\n", b"-ERR $1\r\n"]
        {
            let replies = [between, &small, b"*1\r\n", &large].concat();
            assert!(after(&replies[..replies.len() - 3]) && !after(&replies), "{between:?}");
        }
        let long_error = [&b"-"[..], &[b'x'; 1_000], b"\r\n"].concat();
        assert!(!after(&[&long_error, &large[..]].concat()));
        assert!(after(&[&long_error, &large[..50_000]].concat()));
    }

    #[tokio::test]
    async fn a_transfer_is_under_way_while_bytes_move() {
        let (near, mut far) = duplex(32 << 10);
        let transfer = Arc::<Transfer>::default();
        let mut near = Watched::new(near, Arc::clone(&transfer));
        let mut buffer = vec![0; 16 << 10];

        far.write_all(b"$100000\r\n").await.unwrap();
        far.write_all(&[0; 10_000]).await.unwrap();
        _ = near.read(&mut buffer).await.unwrap();
        assert!(transfer.is_under_way(SECOND * 3600));
        std::thread::sleep(Duration::from_millis(20));
        assert!(!transfer.is_under_way(Duration::from_millis(10)), "nothing has come since");
        for _ in 0..9 {
            far.write_all(&[0; 10_000]).await.unwrap();
            _ = near.read_exact(&mut buffer[..10_000]).await.unwrap();
        }
        far.write_all(b"\r\n").await.unwrap();
        _ = near.read(&mut buffer).await.unwrap();
        assert!(!transfer.is_under_way(SECOND * 3600), "all of it has come");

        // More than the pipe holds.
        let send = tokio::spawn(async move {
            near.write_all(&[0; 200_000]).await.unwrap();
            near
        });
        far.read_exact(&mut buffer).await.unwrap();
        assert!(transfer.is_under_way(SECOND), "it is being sent");
        far.read_exact(&mut vec![0; 200_000 - (16 << 10)]).await.unwrap();
        let mut near = send.await.unwrap();
        std::thread::sleep(Duration::from_millis(50));
        assert!(!transfer.is_under_way(Duration::ZERO), "it has left");
        near.write_all(&[0; 100]).await.unwrap();
        assert!(transfer.is_under_way(SECOND * 3600));
        far.write_all(b"+OK\r\n").await.unwrap();
        _ = near.read(&mut buffer).await.unwrap();
        assert!(!transfer.is_under_way(SECOND * 3600), "it is answered");
    }
}
