//! A service whose database is the test: each query is a line that the test answers when it wants to.
//!
//! | said to the service | what it does | what it says |
//! |---|---|---|
//! | `read <function> <call>` | reads the row through `plain`, `locked` or `by-hand` | `query <call>` if it has to load; in the end `answer <call> <version>` |
//! | `write <way> <call>` | writes it by `attribute`, `through`, `closure`, `fence`, `invalidate` or `by-hand` | `query <call>`, and in the end `answer <call> <version>` |
//! | `row <call> <version>` | answers a query | |
//! | `misses` | counts the calls that found nothing in the store | `misses <count>` |

use std::{
    collections::HashMap,
    convert::Infallible,
    fmt::Display,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cache_runtime::{Cache, Policy, cached, invalidates, write_through};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    sync::{mpsc, oneshot},
};

use crate::by_hand::Shelf;

/// The two keys of the row, one for each function.
const KEYS: [&str; 2] = ["plain:7", "locked:7"];
const ROW: u32 = 7;
const MINUTE: Policy = Policy::ttl(60);
const BY_HAND: &str = "by-hand:7";

/// Serves until there is no more input.
pub async fn serve(
    cache: Cache,
    shelf: Shelf,
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Send + Unpin + 'static,
) -> io::Result<()> {
    let (says, said) = mpsc::unbounded_channel();
    tokio::spawn(write_lines(said, output));
    let service = Arc::new(Service { cache, shelf, says, queries: Mutex::default() });
    let mut lines = BufReader::new(input).lines();
    while let Some(line) = lines.next_line().await? {
        service.obey(&line);
    }
    Ok(())
}

async fn write_lines(
    mut said: mpsc::UnboundedReceiver<String>,
    mut output: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    while let Some(line) = said.recv().await {
        output.write_all(format!("{line}\n").as_bytes()).await?;
        output.flush().await?;
    }
    Ok(())
}

struct Service {
    cache: Cache,
    shelf: Shelf,
    says: mpsc::UnboundedSender<String>,
    /// Those that wait for their row.
    queries: Mutex<HashMap<String, oneshot::Sender<u64>>>,
}

impl Service {
    fn obey(self: &Arc<Self>, line: &str) {
        let service = Arc::clone(self);
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["read", function, call] => {
                let (function, call) = (function.to_owned(), call.to_owned());
                tokio::spawn(async move {
                    let version = service.read(&function, &call).await;
                    service.say(format_args!("answer {call} {version}"));
                });
            }
            ["write", way, call] => {
                let (way, call) = (way.to_owned(), call.to_owned());
                tokio::spawn(async move {
                    let version = service.write(&way, &call).await;
                    service.say(format_args!("answer {call} {version}"));
                });
            }
            ["row", call, version] => {
                let version = version.parse().expect("a version is a number");
                let query = self.queries().remove(call).expect("the query was asked");
                // A caller that has gone away needs no row.
                _ = query.send(version);
            }
            ["misses"] => self.say(format_args!("misses {}", self.cache.stats().total().misses)),
            _ => panic!("`{line}` is no command"),
        }
    }

    fn say(&self, line: impl Display) {
        // At the end of a test nobody may be there to hear it.
        _ = self.says.send(line.to_string());
    }

    fn queries(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<u64>>> {
        self.queries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database.
    async fn query(&self, call: &str) -> u64 {
        let (sender, row) = oneshot::channel();
        self.queries().insert(call.to_owned(), sender);
        self.say(format_args!("query {call}"));
        row.await.expect("a query that was asked is kept until it is answered")
    }

    async fn read(&self, function: &str, call: &str) -> u64 {
        match function {
            "plain" => self.plain(ROW, call).await,
            "locked" => self.locked(ROW, call).await,
            "by-hand" => {
                let load = async { Ok::<_, Infallible>(self.query(call).await) };
                let Ok(version) = self.shelf.get_or_load(BY_HAND, load).await;
                version
            }
            _ => panic!("`{function}` is no function"),
        }
    }

    #[cached(key = "plain:<row>", ttl = 60, skip(call), cache = self.cache)]
    async fn plain(&self, row: u32, call: &str) -> u64 {
        self.query(call).await
    }

    #[cached(key = "locked:<row>", ttl = 60, lock, skip(call), cache = self.cache)]
    async fn locked(&self, row: u32, call: &str) -> u64 {
        self.query(call).await
    }

    async fn write(&self, way: &str, call: &str) -> u64 {
        match way {
            "attribute" => self.update(ROW, call).await,
            "through" => self.replace(ROW, call).await,
            "closure" => {
                let locked = self.cache.fence([KEYS[1]]).await;
                let write = || async { Ok::<_, Infallible>(self.query(call).await) };
                let Ok(version) = self.cache.write_through(KEYS[0], &MINUTE, write).await;
                locked.try_settle().await.expect("the store can be told");
                version
            }
            "fence" => {
                let fence = self.cache.fence(KEYS).await;
                let version = self.query(call).await;
                fence.try_settle().await.expect("the store can be told");
                version
            }
            "invalidate" => {
                let version = self.query(call).await;
                for key in KEYS {
                    self.cache.try_invalidate(key).await.expect("the store can be told");
                }
                version
            }
            "by-hand" => {
                let commit = async { Ok::<_, Infallible>(self.query(call).await) };
                let Ok(version) = self.shelf.write(BY_HAND, commit).await;
                version
            }
            _ => panic!("`{way}` is no way to write"),
        }
    }

    #[invalidates("plain:<row>", "locked:<row>", cache = self.cache)]
    async fn update(&self, row: u32, call: &str) -> u64 {
        self.query(call).await
    }

    #[write_through(key = "plain:<row>", ttl = 60, invalidates("locked:<row>"), cache = self.cache)]
    async fn replace(&self, row: u32, call: &str) -> u64 {
        self.query(call).await
    }
}
