//! A real PostgreSQL on a free port, started by a test and stopped when dropped.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use cache_tests::{patience::eventually, port::Port};
use sqlx::{AnyPool, AssertSqlSafe, any::AnyPoolOptions};
use tempfile::TempDir;

pub(crate) struct Postgres {
    process: Child,
    port: Port,
    _folder: TempDir,
}

impl Postgres {
    pub(crate) async fn start() -> Postgres {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let owner = owner();
        if let Some(id) = owner {
            chown(folder.path(), Some(id), Some(id)).expect("root may give a folder away");
        }
        let data = folder.path().join("data");
        let initialised = program("initdb", folder.path(), owner)
            .args(["--username=users", "--auth=trust", "--encoding=UTF8", "--locale=C"])
            .args(["--no-sync", "--pgdata"])
            .arg(&data)
            .output()
            .expect("initdb can be started");
        let complaint = String::from_utf8_lossy(&initialised.stderr);
        assert!(initialised.status.success(), "initdb failed: {complaint}");
        let port = Port::take();
        let process = program("postgres", folder.path(), owner)
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .args(["-c", &format!("unix_socket_directories={}", folder.path().display())])
            .spawn()
            .expect("postgres can be started");
        let server = Postgres { process, port, _folder: folder };
        let url = server.url("postgres");
        eventually("PostgreSQL answers", async || connect(&url).await.is_ok()).await;
        server
    }

    /// A new database, and its address.
    pub(crate) async fn database(&self, name: &str) -> String {
        let pool = connect(&self.url("postgres")).await.expect("it has answered before");
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(create).execute(&pool).await.expect("a database can be created");
        self.url(name)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://users@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // An immediate shutdown, which its own processes take part in; SIGKILL would leave them behind.
        _ = Command::new("kill").args(["-QUIT", &self.process.id().to_string()]).status();
        _ = self.process.wait();
    }
}

pub(crate) async fn connect(url: &str) -> sqlx::Result<AnyPool> {
    sqlx::any::install_default_drivers();
    let options = AnyPoolOptions::new().max_connections(1);
    options.acquire_timeout(Duration::from_secs(5)).connect(url).await
}

/// PostgreSQL refuses to run as root: then it runs as the user that its package has made, or as nobody. The group has
/// the same number, which nothing but the ownership of the folder depends on.
fn owner() -> Option<u32> {
    let id = |of: &[&str]| {
        let output = Command::new("id").arg("-u").args(of).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse::<u32>().ok()
    };
    match id(&[]) {
        Some(0) => id(&["postgres"]).or_else(|| id(&["nobody"])),
        _ => None,
    }
}

fn program(name: &str, folder: &Path, owner: Option<u32>) -> Command {
    let mut command = Command::new(found(name));
    command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::piped());
    if name == "postgres" {
        command.stderr(Stdio::null());
    }
    if let Some(id) = owner {
        command.uid(id).gid(id);
    }
    command
}

/// In the `PATH`, or where Debian keeps the server's programs.
pub(crate) fn found(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = debian.map(|version| version.path().join("bin")).collect();
    versions.sort();
    let folders = std::env::split_paths(&path).chain(versions.into_iter().rev());
    folders.map(|folder| folder.join(name)).find(|file| file.is_file()).unwrap_or_else(|| {
        panic!(
            "these tests need PostgreSQL (`{name}`): `apt-get install postgresql`, or `brew install \
             postgresql`, or `tests/run`, which installs it"
        )
    })
}
