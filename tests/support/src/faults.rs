//! What can be the matter with a cache's server, one value for each fault, to be injected and healed.

mod proxy;

use std::{fmt, time::Duration};

pub use self::proxy::Refusal;
use self::proxy::{Manner, Proxy};
use crate::server::RedisServer;

/// What a slow server adds to each answer.
const SLOW: Duration = Duration::from_millis(200);

/// An account of which the faults can change the password, and its right one.
const ACCOUNT: (&str, &str) = ("app", "right");

/// Something that is the matter with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has not been started when the cache is built.
    NotStarted,
    /// SIGKILL: nobody listens on its port.
    Killed,
    /// SIGSTOP: it accepts connections and says nothing.
    Hung,
    /// Each answer comes 200 ms late.
    Slow,
    /// SIGKILL, and another one with nothing in it is there at once.
    RestartedEmpty,
    /// Connections are reset: each when it is greeted, or after what was first asked over it has been done, in turn.
    Resets,
    /// It has no memory left for anything new, and evicts nothing.
    Full,
    /// It has become a replica of a master that cannot be reached: it answers reads with what it has.
    ReadOnly,
    /// The account's password is another one, and its connections are closed.
    WrongPassword,
    /// It answers with a refusal.
    Refuses(Refusal),
}

/// How a read of a row that is stored, and has not been written meanwhile, is answered during a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// By its source: the server has no say.
    Loaded,
    /// By the cache: the server can still be read.
    Hit,
    /// By either.
    Either,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 13] = [
        Fault::NotStarted,
        Fault::Killed,
        Fault::Hung,
        Fault::Slow,
        Fault::RestartedEmpty,
        Fault::Resets,
        Fault::Full,
        Fault::ReadOnly,
        Fault::WrongPassword,
        Fault::Refuses(Refusal::ReadOnly),
        Fault::Refuses(Refusal::Loading),
        Fault::Refuses(Refusal::Moved),
        Fault::Refuses(Refusal::ClusterDown),
    ];

    /// Makes it the matter with the server of `rig`.
    ///
    /// # Panics
    ///
    /// Where the server is not well already.
    pub fn inject(self, rig: &mut Rig) {
        match self {
            Fault::NotStarted | Fault::Killed => rig.server.kill(),
            Fault::Hung => rig.server.pause(),
            Fault::Slow => rig.proxy.set(Manner::Slow(SLOW)),
            Fault::RestartedEmpty => rig.restart(),
            Fault::Resets => rig.proxy.set(Manner::Resetting),
            Fault::Full => rig.tell(&["CONFIG", "SET", "maxmemory", "1"]),
            // Nobody listens on port 1.
            Fault::ReadOnly => rig.tell(&["REPLICAOF", "127.0.0.1", "1"]),
            Fault::WrongPassword => {
                rig.tell(&["ACL", "SETUSER", ACCOUNT.0, "resetpass", ">other"]);
                rig.tell(&["CLIENT", "KILL", "USER", ACCOUNT.0]);
            }
            Fault::Refuses(refusal) => rig.proxy.set(Manner::Refusing(refusal)),
        }
    }

    /// Ends it: the server is well again when this returns.
    ///
    /// # Panics
    ///
    /// Where the fault was not [injected](Fault::inject).
    pub fn heal(self, rig: &mut Rig) {
        match self {
            Fault::NotStarted | Fault::Killed => rig.restart(),
            Fault::Hung => rig.server.resume(),
            Fault::RestartedEmpty => {}
            Fault::Full => rig.tell(&["CONFIG", "SET", "maxmemory", "0"]),
            Fault::ReadOnly => rig.tell(&["REPLICAOF", "NO", "ONE"]),
            Fault::WrongPassword => rig.open_account(),
            Fault::Slow | Fault::Resets | Fault::Refuses(_) => rig.proxy.set(Manner::Well),
        }
    }

    /// What becomes of reads meanwhile.
    pub fn answered(self) -> Answered {
        match self {
            Fault::Full | Fault::ReadOnly | Fault::Refuses(Refusal::ReadOnly) => Answered::Hit,
            // A machine that stalls may take the answer for one that came in time.
            Fault::Slow | Fault::RestartedEmpty => Answered::Either,
            _ => Answered::Loaded,
        }
    }

    /// Whether what was stored before it is still there after it.
    pub fn keeps_entries(self) -> bool {
        !matches!(self, Fault::NotStarted | Fault::Killed | Fault::RestartedEmpty)
    }

    /// Whether it is only ended by deadlines: otherwise each operation succeeds or fails by itself.
    pub fn is_silent(self) -> bool {
        matches!(self, Fault::Hung | Fault::Slow)
    }

    /// Whether it is the proxy that does it. A dead server is dead only to those who ask it directly.
    fn is_on_the_way(self) -> bool {
        matches!(self, Fault::Slow | Fault::Resets | Fault::Refuses(_))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::NotStarted => "not started",
            Fault::Killed => "killed",
            Fault::Hung => "hung",
            Fault::Slow => "slow (200 ms)",
            Fault::RestartedEmpty => "restarted empty",
            Fault::Resets => "connection resets",
            Fault::Full => "full, noeviction",
            Fault::ReadOnly => "read-only replica",
            Fault::WrongPassword => "wrong password",
            Fault::Refuses(refusal) => return write!(f, "answers {}", refusal.code()),
        })
    }
}

/// A server that faults can be injected into, and the way to it.
#[derive(Debug)]
pub struct Rig {
    server: RedisServer,
    proxy: Proxy,
    /// Whether clients go by way of the proxy.
    by_proxy: bool,
}

impl Rig {
    /// A rig for these faults. Its server is running, unless the first of them is that it is not.
    ///
    /// # Panics
    ///
    /// As [`RedisServer::start`].
    pub async fn for_faults(faults: Vec<Fault>) -> Rig {
        let by_proxy = faults.iter().any(|fault| fault.is_on_the_way());
        let server = RedisServer::start();
        let proxy = Proxy::before(server.port()).await;
        let mut rig = Rig { server, proxy, by_proxy };
        match faults.first() {
            // No client has seen it alive.
            Some(Fault::NotStarted) => rig.server.kill(),
            _ => rig.open_account(),
        }
        rig
    }

    /// Where the cache is to connect to.
    pub fn url(&self) -> String {
        let (user, password) = ACCOUNT;
        let port = if self.by_proxy { self.proxy.port() } else { self.server.port() };
        format!("redis://{user}:{password}@127.0.0.1:{port}")
    }

    /// Starts the server again, with nothing in it but the account.
    fn restart(&mut self) {
        self.server.restart_empty();
        self.open_account();
    }

    /// Lets the account in with its right password.
    fn open_account(&self) {
        let (user, password) = ACCOUNT;
        let password = format!(">{password}");
        self.tell(&["ACL", "SETUSER", user, "on", "resetpass", &password, "~*", "&*", "+@all"]);
    }

    /// Sends a command that succeeds, as another user.
    fn tell(&self, command: &[&str]) {
        let reply = self.server.command(command);
        assert!(!reply.starts_with('-'), "{command:?}: {reply}");
    }
}
