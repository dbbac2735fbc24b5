//! A real `redis-server` on a free port, started by a test and stopped when dropped.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::port::Port;

/// How long a server may take to answer for the first time.
const START: Duration = Duration::from_secs(30);

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(5);

/// A running server. Dropping it kills the process and removes its folder.
#[derive(Debug)]
pub struct RedisServer {
    process: Child,
    port: Port,
    folder: PathBuf,
}

/// What a server had on its disk.
#[derive(Debug)]
pub struct Files(Vec<(PathBuf, Vec<u8>)>);

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
        RedisServer::start_at(Port::take(), settings)
    }

    /// Starts a server without persistence on `port`.
    ///
    /// # Panics
    ///
    /// As [`start`](RedisServer::start).
    pub fn start_on(port: Port) -> RedisServer {
        RedisServer::start_at(port, FORGETFUL)
    }

    fn start_at(port: Port, settings: &[&str]) -> RedisServer {
        let folder = new_folder();
        let process = launch(server(&port, &folder, settings), &port, &folder);
        RedisServer { process, port, folder }
    }

    /// Starts a sentinel with these lines in its configuration.
    ///
    /// # Panics
    ///
    /// As [`start`](RedisServer::start).
    pub fn start_sentinel(lines: &str) -> RedisServer {
        let (port, folder) = (Port::take(), new_folder());
        let file = folder.join("sentinel.conf");
        let text = format!("port {port}\nbind 127.0.0.1\ndir {}\n{lines}\n", folder.display());
        fs::write(&file, text).expect("the temporary folder is writable");
        let mut command = Command::new("redis-server");
        command.arg(file).arg("--sentinel");
        let process = launch(command, &port, &folder);
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
        self.port.number()
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
        make(&self.folder);
        self.start_again(FORGETFUL);
    }

    /// Kills the server, and starts another one on the same port with what it held when it was last told to `SAVE`.
    pub fn restart_as_saved(&mut self) {
        self.kill();
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
        self.process = launch(server(&self.port, &self.folder, settings), &self.port, &self.folder);
    }

    /// A copy of what the server has on its disk now.
    ///
    /// # Panics
    ///
    /// Where a file cannot be read.
    pub fn copy_files(&self) -> Files {
        let mut files = Vec::new();
        read_files(&self.folder, &mut files);
        files.retain(|(path, _)| path.file_name().is_some_and(|name| name != "log"));
        Files(files)
    }

    /// Puts a copy back in the place of what a server that was killed has on its disk.
    ///
    /// # Panics
    ///
    /// Where a file cannot be written.
    pub fn put_files_back(&self, Files(files): &Files) {
        remove(&self.folder);
        make(&self.folder);
        for (path, bytes) in files {
            path.parent().into_iter().for_each(make);
            fs::write(path, bytes).expect("the temporary folder is writable");
        }
    }

    /// Sends one command over a connection of its own and returns the raw reply (RESP2).
    ///
    /// # Panics
    ///
    /// Where the server does not answer within a few seconds.
    pub fn command(&self, args: &[&str]) -> String {
        command(self.port(), args).unwrap_or_else(|e| panic!("{args:?}: {e}"))
    }

    /// As [`command`](RedisServer::command), for a server that may close connections, as one does that is promoted.
    ///
    /// # Errors
    ///
    /// Where it has done so, or does not answer within a few seconds.
    pub fn try_command(&self, args: &[&str]) -> std::io::Result<String> {
        command(self.port(), args)
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

fn make(folder: &Path) {
    fs::create_dir_all(folder).expect("the temporary folder is writable");
}

fn read_files(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("the temporary folder is readable") {
        let path = entry.expect("the temporary folder is readable").path();
        match path.is_dir() {
            true => read_files(&path, files),
            false => files.push((path.clone(), fs::read(path).expect("a file is readable"))),
        }
    }
}

fn new_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name =
        format!("cache-tests-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    make(&folder);
    folder
}

/// The command that starts a server.
fn server(port: &Port, folder: &Path, settings: &[&str]) -> Command {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
    command.args(settings).arg("--dir").arg(folder);
    command
}

/// Runs a command that starts a server on `port`, and waits until it answers.
fn launch(mut command: Command, port: &Port, folder: &Path) -> Child {
    let log = folder.join("log");
    let file = File::create(&log).expect("the temporary folder is writable");
    let mut process = match command.stdout(file).stderr(Stdio::null()).spawn() {
        Ok(process) => process,
        Err(e) if e.kind() == ErrorKind::NotFound => panic!(
            "these tests need `redis-server`: `apt-get install redis-server` or `brew install redis`, \
             or `tests/run`, which installs it"
        ),
        Err(e) => panic!("redis-server does not start: {e}"),
    };
    let until = Instant::now() + START;
    while !answers(port.number(), process.id()) {
        let ended = process.try_wait().is_ok_and(|status| status.is_some());
        if ended || Instant::now() > until {
            _ = process.kill();
            let log = fs::read_to_string(log).unwrap_or_default();
            panic!("redis-server does not answer on port {port}. It says:\n{log}");
        }
        thread::sleep(LOOK);
    }
    process
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
