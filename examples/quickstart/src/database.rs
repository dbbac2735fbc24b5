//! The SQLite database that the program runs on: a temporary file, removed at the end.

use std::{
    env,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::Connection;
use tokio::{sync::Semaphore, task::spawn_blocking};

/// How many statements run at once.
const CONNECTIONS: usize = 4;

/// A table of users, all at version 1. Cloning it is cheap, as it is for a pool.
#[derive(Clone)]
pub(crate) struct Database(Arc<Pool>);

struct Pool {
    /// Those that nobody uses. They are closed before the folder goes: some systems do not remove files that are open.
    idle: Mutex<Vec<Connection>>,
    /// Callers queue for these, however many they are.
    permits: Arc<Semaphore>,
    _folder: Folder,
}

impl Database {
    /// Creates users with the ids from 1 to `users`.
    pub(crate) fn create(users: u32) -> Result<Self, Box<dyn Error>> {
        let folder = Folder::create()?;
        let connect = || connect(&folder.0.join("users.db"));
        let connections = (0..CONNECTIONS).map(|_| connect()).collect::<Result<Vec<_>, _>>()?;
        connections[0].execute_batch(
            "CREATE TABLE users (
                id      INTEGER PRIMARY KEY,
                name    TEXT NOT NULL,
                email   TEXT NOT NULL,
                version INTEGER NOT NULL DEFAULT 1
            )",
        )?;
        connections[0].execute(
            "WITH RECURSIVE ids(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < ?)
             INSERT INTO users (id, name, email)
             SELECT id, 'User ' || id, 'user' || id || '@example.com' FROM ids",
            [users],
        )?;
        Ok(Database(Arc::new(Pool {
            idle: Mutex::new(connections),
            permits: Arc::new(Semaphore::new(CONNECTIONS)),
            _folder: folder,
        })))
    }

    /// Runs statements on a connection, on a thread that may block.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        statements: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> rusqlite::Result<T> {
        let permit = Arc::clone(&self.0.permits).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let pool = Arc::clone(&self.0);
        let done = spawn_blocking(move || {
            let connection = pool.idle().pop().expect("there are as many as permits");
            let outcome = statements(&connection);
            pool.idle().push(connection);
            drop(permit);
            outcome
        });
        done.await.expect("a statement does not panic")
    }
}

impl Pool {
    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(30))?;
    // Readers go on while a writer writes. The file does not outlive the program, so it need not survive a power cut.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;")?;
    Ok(connection)
}

/// A folder that goes with this value.
struct Folder(PathBuf);

impl Folder {
    fn create() -> io::Result<Folder> {
        loop {
            let name = format!("quickstart-{}-{:08x}", process::id(), fastrand::u32(..));
            let folder = env::temp_dir().join(name);
            match fs::create_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => return created.map(|()| Folder(folder)),
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // One that is left behind does no harm.
        _ = fs::remove_dir_all(&self.0);
    }
}
