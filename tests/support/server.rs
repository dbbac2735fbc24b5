//! A real `redis-server` on a free port, started by a test and stopped when dropped.

use std::{
    collections::BTreeMap,
    fs,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How long a server may take to answer its first `PING`.
const START: Duration = Duration::from_secs(20);

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(5);

/// A running server. Dropping it kills the process and removes its folder.
#[derive(Debug)]
pub struct RedisServer {
    process: Child,
    port: u16,
    folder: PathBuf,
}

/// What a server keeps when it dies: nothing, or whatever it has acknowledged.
const FORGETFUL: &[&str] = &["--save", "", "--appendonly", "no"];
const DURABLE: &[&str] = &["--save", "", "--appendonly", "yes", "--appendfsync", "always"];

impl RedisServer {
    /// Starts a server without persistence on a free loopback port.
    ///
    /// # Panics
    ///
    /// Where `redis-server` is not installed, or does not start.
    pub fn start() -> RedisServer {
        RedisServer::start_with(FORGETFUL)
    }

    /// Starts a server that logs each write before it answers (`appendonly yes`, `appendfsync always`).
    ///
    /// # Panics
    ///
    /// As [`start`](RedisServer::start).
    pub fn start_durable() -> RedisServer {
        RedisServer::start_with(DURABLE)
    }

    /// Starts a server with these settings.
    ///
    /// # Panics
    ///
    /// As [`start`](RedisServer::start).
    pub fn start_with(settings: &[&str]) -> RedisServer {
        // A port that was free a moment ago can be taken: try others.
        (0..20)
            .find_map(|_| RedisServer::try_start(settings))
            .expect("redis-server found no free port in twenty tries")
    }

    /// Starts a server on a free loopback port with settings of the caller's; none where it ends at once, as it does
    /// when a port is taken.
    ///
    /// # Panics
    ///
    /// As [`start`](RedisServer::start).
    pub fn try_start(settings: &[&str]) -> Option<RedisServer> {
        let (port, folder) = (free_port(), new_folder());
        match try_start(port, &folder, settings) {
            Some(process) => Some(RedisServer { process, port, folder }),
            None => {
                remove(&folder);
                None
            }
        }
    }

    /// Starts a sentinel on a free loopback port, with these lines in its configuration; none where the port is taken.
    ///
    /// # Panics
    ///
    /// As [`start`](RedisServer::start).
    pub fn try_start_sentinel(lines: &str) -> Option<RedisServer> {
        let (port, folder) = (free_port(), new_folder());
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        let file = folder.join("sentinel.conf");
        let text = format!("port {port}\nbind 127.0.0.1\ndir {}\n{lines}\n", folder.display());
        fs::write(&file, text).expect("the temporary folder is writable");
        let mut command = Command::new("redis-server");
        command.arg(file).arg("--sentinel");
        match launch(command, port) {
            Some(process) => Some(RedisServer { process, port, folder }),
            None => {
                remove(&folder);
                None
            }
        }
    }

    /// Starts a server on `port`, which has to be free.
    ///
    /// # Panics
    ///
    /// As [`start`](RedisServer::start), and where the port is taken.
    pub fn start_on(port: u16) -> RedisServer {
        let folder = new_folder();
        let process = try_start(port, &folder, FORGETFUL)
            .unwrap_or_else(|| panic!("redis-server did not start on port {port}"));
        RedisServer { process, port, folder }
    }

    /// `redis://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The same with a deadline that no busy machine misses, for programs whose counts are looked at.
    pub fn patient_url(&self) -> String {
        format!("{}?deadline=10s", self.url())
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Kills the server with SIGKILL. Its port stays its own for [`restart_empty`](Self::restart_empty).
    pub fn kill(&mut self) {
        // It may have been killed before; either way it is gone afterwards.
        _ = self.process.kill();
        _ = self.process.wait();
    }

    /// Stops the process without ending it (SIGSTOP): connections stay open, and nothing answers.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets a paused server go on (SIGCONT).
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Kills the server and starts another one, with nothing in it, on the same port.
    pub fn restart_empty(&mut self) {
        self.kill();
        remove(&self.folder);
        self.start_again(FORGETFUL);
    }

    /// Kills a durable server, and starts another one on the same port with what it had logged.
    pub fn restart_durable(&mut self) {
        self.kill();
        self.start_again(DURABLE);
    }

    /// Starts a server that was killed again, on the same port, with what is in its folder.
    ///
    /// # Panics
    ///
    /// As [`start`](RedisServer::start).
    pub fn start_again(&mut self, settings: &[&str]) {
        let until = Instant::now() + START;
        loop {
            if let Some(process) = try_start(self.port, &self.folder, settings) {
                self.process = process;
                return;
            }
            assert!(Instant::now() < until, "redis-server did not come back on port {}", self.port);
            thread::sleep(LOOK);
        }
    }

    /// Sends one command over a connection of its own and returns the raw reply (RESP2).
    ///
    /// # Panics
    ///
    /// Where the server does not answer within a few seconds.
    pub fn command(&self, args: &[&str]) -> String {
        command(self.port, args).unwrap_or_else(|e| panic!("{args:?}: {e}"))
    }

    /// As [`command`](RedisServer::command), for a server that may close connections, as one does that is promoted.
    ///
    /// # Errors
    ///
    /// Where it has done so, or does not answer within a few seconds.
    pub fn try_command(&self, args: &[&str]) -> std::io::Result<String> {
        command(self.port, args)
    }

    /// How often each command has been called, by clients and by scripts.
    ///
    /// # Panics
    ///
    /// As [`command`](RedisServer::command).
    pub fn calls(&self) -> BTreeMap<String, u64> {
        let stats = self.command(&["INFO", "commandstats"]);
        let calls = stats.lines().filter_map(|line| {
            let (command, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            Some((command.to_owned(), rest.split(',').next()?.parse().ok()?))
        });
        calls.collect()
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.pid().to_string()])
            .status()
            .expect("`kill` is a command of every Unix");
        assert!(status.success(), "kill -{name} {} failed", self.pid());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        remove(&self.folder);
    }
}

/// A folder that is left behind does no harm.
fn remove(folder: &Path) {
    _ = fs::remove_dir_all(folder);
}

/// A port that nobody listens on right now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

fn new_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name =
        format!("cache-tests-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    std::env::temp_dir().join(name)
}

/// Starts a server; none where it ends before it answers, as it does when the port is taken.
fn try_start(port: u16, folder: &Path, settings: &[&str]) -> Option<Child> {
    fs::create_dir_all(folder).expect("the temporary folder is writable");
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
    command.args(settings).arg("--dir").arg(folder);
    launch(command, port)
}

/// Runs a command that starts a server on `port`; none where it ends before it answers.
fn launch(mut command: Command, port: u16) -> Option<Child> {
    let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut process = match process {
        Ok(process) => process,
        Err(e) if e.kind() == ErrorKind::NotFound => panic!(
            "these tests need `redis-server`: `apt-get install redis-server` or `brew install redis`, \
             or `tests/run`, which installs it"
        ),
        Err(e) => panic!("redis-server does not start: {e}"),
    };
    let until = Instant::now() + START;
    while !answers(port, process.id()) {
        if process.try_wait().is_ok_and(|status| status.is_some()) {
            return None;
        }
        if Instant::now() > until {
            _ = process.kill();
            panic!("redis-server on port {port} did not answer in time");
        }
        thread::sleep(LOOK);
    }
    Some(process)
}

/// Whether the server on `port` answers and is the process that we started.
fn answers(port: u16, pid: u32) -> bool {
    command(port, &["INFO", "server"])
        .is_ok_and(|info| info.lines().any(|line| line.trim() == format!("process_id:{pid}")))
}

fn command(port: u16, args: &[&str]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut request = format!("*{}\r\n", args.len());
    for arg in args {
        request.push_str(&format!("${}\r\n{arg}\r\n", arg.len()));
    }
    // The server closes the connection after `QUIT`, so the reply ends where the stream does; a sentinel does not know
    // it, and says so.
    const UNKNOWN: &str = "-ERR unknown command 'QUIT', with args beginning with: \r\n";
    request.push_str("*1\r\n$4\r\nQUIT\r\n");
    stream.write_all(request.as_bytes())?;
    let (mut reply, mut chunk) = (Vec::new(), [0; 4096]);
    while !reply.ends_with(UNKNOWN.as_bytes()) {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => reply.extend_from_slice(&chunk[..length]),
            // By the end of a child, as a worker that is killed.
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let reply = String::from_utf8_lossy(&reply).into_owned();
    let end = reply.strip_suffix(UNKNOWN).or_else(|| reply.strip_suffix("+OK\r\n"));
    Ok(end.unwrap_or(&reply).to_owned())
}
