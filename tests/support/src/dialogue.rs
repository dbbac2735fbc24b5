//! Talk with a party of a test, line by line: a process, or a task of this one.
//!
//! A test that says what happens next, and hears that it has happened, needs no sleeps to be in order.

use std::{
    collections::VecDeque,
    fmt, io,
    process::{Command, Stdio},
    time::Duration,
};

use tokio::{
    io::{
        AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, DuplexStream, Lines,
        ReadHalf, WriteHalf, duplex, split,
    },
    process::Child,
    time::{Instant, timeout_at},
};

/// A line that takes longer than this will not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// One end of a talk. A process at the other end dies with it.
pub struct Dialogue {
    to: Box<dyn AsyncWrite + Send + Unpin>,
    from: Lines<BufReader<Box<dyn AsyncRead + Send + Unpin>>>,
    /// Heard, but not asked for yet.
    heard: VecDeque<String>,
    process: Option<Child>,
}

impl Dialogue {
    /// Starts a process that talks on its standard input and output.
    pub fn with_process(program: &str, args: &[&str]) -> io::Result<Dialogue> {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = tokio::process::Command::from(command).kill_on_drop(true).spawn()?;
        let (Some(to), Some(from)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("a process was started without its pipes"));
        };
        Ok(Dialogue::new(Box::new(to), Box::new(from), Some(process)))
    }

    /// Starts a task that talks on the streams it is given.
    pub fn with_task<F: Future<Output: Send> + Send + 'static>(
        task: impl FnOnce(ReadHalf<DuplexStream>, WriteHalf<DuplexStream>) -> F,
    ) -> Dialogue {
        let (ours, theirs) = duplex(4096);
        let (input, output) = split(theirs);
        tokio::spawn(task(input, output));
        let (from, to) = split(ours);
        Dialogue::new(Box::new(to), Box::new(from), None)
    }

    fn new(
        to: Box<dyn AsyncWrite + Send + Unpin>,
        from: Box<dyn AsyncRead + Send + Unpin>,
        process: Option<Child>,
    ) -> Dialogue {
        Dialogue { to, from: BufReader::new(from).lines(), heard: VecDeque::new(), process }
    }

    /// Says a line.
    pub async fn say(&mut self, line: &str) {
        let said = self.to.write_all(format!("{line}\n").as_bytes()).await;
        said.and(self.to.flush().await)
            .unwrap_or_else(|e| panic!("nobody is there to hear `{line}`: {e}"));
    }

    /// Waits for a line. What comes before it is kept for later.
    pub async fn hear(&mut self, line: &str) {
        self.hear_one(line, |said| (said == line).then_some(())).await;
    }

    /// Waits for a line that begins with `prefix`, and gives the rest of it.
    pub async fn hear_after(&mut self, prefix: &str) -> String {
        self.hear_one(prefix, |said| said.strip_prefix(prefix).map(str::to_owned)).await
    }

    /// Waits for the first line of which `read` makes something.
    pub async fn hear_one<T>(&mut self, what: &str, read: impl Fn(&str) -> Option<T>) -> T {
        if let Some((at, found)) =
            self.heard.iter().enumerate().find_map(|(at, said)| Some((at, read(said)?)))
        {
            self.heard.remove(at);
            return found;
        }
        // Other lines do not buy it more time.
        let until = Instant::now() + PATIENCE;
        loop {
            let line = match timeout_at(until, self.from.next_line()).await {
                Ok(Ok(Some(line))) => line,
                Ok(Ok(None)) => panic!("the other side left before it said `{what}`"),
                Ok(Err(error)) => panic!("waiting for `{what}`: {error}"),
                Err(_) => panic!("`{what}` was not said in time, only {:?}", self.heard),
            };
            match read(&line) {
                Some(found) => return found,
                None => self.heard.push_back(line),
            }
        }
    }

    /// Whether a line has been heard, without waiting for more.
    pub fn has_heard(&self, line: &str) -> bool {
        self.heard.iter().any(|heard| heard == line)
    }

    /// The id of the process at the other end, if that is one and runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref()?.id()
    }

    /// Kills the process at the other end (SIGKILL), and waits until it is dead. An error if it was dead
    /// already.
    pub async fn kill(mut self) -> io::Result<()> {
        let Some(process) = &mut self.process else { return Ok(()) };
        if let Some(status) = process.try_wait()? {
            return Err(io::Error::other(format!("the process had ended by itself: {status}")));
        }
        process.kill().await
    }
}

impl fmt::Debug for Dialogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialogue").field("heard", &self.heard).finish_non_exhaustive()
    }
}
