//! The incarnation of a server: what names its history of writes, how a connection learns it, and how what is sent depends on
//! it.
//!
//! A server draws another replication id at each start and each promotion, so the id names one history. (Its run id does not: a
//! server that was demoted and promoted again keeps that. A key of ours would come back with the snapshot.)

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering},
    },
};

use redis::{Cmd, Pipeline, RedisResult, Value, cmd};
use tokio::time::Instant;

use super::local::{Copies, track};
use crate::protocol::Incarnation;

/// What a connection begins with.
pub(super) struct Greeting {
    commands: Pipeline,
    /// Whether the last command asks for the server's history.
    asks: bool,
    /// Whether it was said that a server does not tell it.
    warned: Arc<AtomicBool>,
    /// The copies that are read over the connection, if it is for that.
    copies: Option<ForCopies>,
}

/// What a connection for copies needs.
pub(super) struct ForCopies {
    pub(super) copies: Arc<Copies>,
    /// Whether another server may take the place of this one without its knowing.
    pub(super) has_stand_ins: bool,
}

impl Greeting {
    /// For a connection that needs nothing.
    pub(super) fn none() -> Greeting {
        Greeting::new(Pipeline::new(), false)
    }

    /// These commands, and the question for the server's history where incarnations are compared.
    pub(super) fn new(mut commands: Pipeline, compares: bool) -> Greeting {
        if compares {
            commands.add_command(question());
        }
        Greeting { commands, asks: compares, warned: Arc::default(), copies: None }
    }

    /// For a connection over which keys are read whose copies are kept: no script is called there.
    pub(super) fn tracking(&self, copies: &Arc<Copies>, has_stand_ins: bool) -> Greeting {
        let mut commands = Pipeline::new();
        commands.add_command(track());
        if self.asks {
            commands.add_command(question());
        }
        let (asks, warned) = (self.asks, Arc::clone(&self.warned));
        let copies = Some(ForCopies { copies: Arc::clone(copies), has_stand_ins });
        Greeting { commands, asks, warned, copies }
    }

    /// The copies that are read over the connection, if it is for that.
    pub(super) fn copies(&self) -> Option<&ForCopies> {
        self.copies.as_ref()
    }

    pub(super) fn commands(&self) -> &Pipeline {
        &self.commands
    }

    /// The incarnation in the answers. An error where the server cannot say it now.
    pub(super) fn incarnation(&self, answers: &[Value]) -> RedisResult<Incarnation> {
        let Some(answer) = answers.last().filter(|_| self.asks) else {
            return Ok(Incarnation::NONE);
        };
        let reason = match answer {
            Value::ServerError(error) if matches!(error.code(), "NOPERM" | "ERR") => {
                error.details().unwrap_or("it refuses `INFO replication`")
            }
            Value::ServerError(error) => return Err(error.clone().into()),
            answer => match told(answer) {
                Some(incarnation) => return Ok(incarnation),
                None => "its `INFO replication` has no `master_replid`",
            },
        };
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                reason,
                "the cache's server does not tell its history, so values that come back with an old snapshot, or after a \
                 failover, will be served: give the account `+info`, or set `incarnations(false)`"
            );
        }
        Ok(Incarnation::NONE)
    }
}

/// The command that asks a server for its history.
pub(super) fn question() -> Cmd {
    let mut info = cmd("INFO");
    info.arg("replication");
    info
}

/// Whether the answer says that the server is a master.
pub(super) fn is_master(answer: &Value) -> bool {
    text(answer).is_some_and(|text| {
        text.split(|&byte| byte == b'\n').any(|line| line.trim_ascii() == b"role:master")
    })
}

fn text(answer: &Value) -> Option<&[u8]> {
    match answer {
        Value::BulkString(text) => Some(text),
        // So in RESP3.
        Value::VerbatimString { text, .. } => Some(text.as_bytes()),
        _ => None,
    }
}

/// The incarnation in the answer.
pub(super) fn told(answer: &Value) -> Option<Incarnation> {
    let text = text(answer)?;
    let id =
        text.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(b"master_replid:"));
    let id = id?.trim_ascii();
    // Who makes something up says this.
    if id.iter().all(|&digit| digit == b'0') {
        return None;
    }
    let digest = blake2b_simd::Params::new().hash_length(4).hash(id);
    Some(Incarnation::new(u32::from_be_bytes(digest.as_bytes().try_into().ok()?)))
}

/// A command, or how it is written for a server of some incarnation.
pub(super) enum Outgoing<'a> {
    Same(&'a Cmd),
    Under(&'a (dyn Fn(Incarnation) -> Cmd + Sync)),
}

impl Outgoing<'_> {
    pub(super) fn written(&self, incarnation: Incarnation) -> Cow<'_, Cmd> {
        match self {
            Outgoing::Same(command) => Cow::Borrowed(command),
            Outgoing::Under(write) => Cow::Owned(write(incarnation)),
        }
    }
}

/// What a server has answered, and its incarnation as the connection knew it.
pub(super) struct Received {
    pub(super) value: Value,
    pub(super) incarnation: Incarnation,
}

impl Received {
    /// The elements of an answer that has so many.
    pub(super) fn each(self, number: usize) -> Option<impl Iterator<Item = Received>> {
        let Received { value: Value::Array(values), incarnation } = self else { return None };
        let received = move |value| Received { value, incarnation };
        (values.len() == number).then(|| values.into_iter().map(received))
    }
}

/// The incarnation of a server, as all its connections have it: one that has another is of no use any more. So this process
/// does not read over one connection what it has written past over another.
#[derive(Default)]
pub(super) struct Current {
    /// The same as `learned`, for those who only compare.
    digest: AtomicU32,
    learned: Mutex<Option<Instant>>,
}

impl Current {
    /// Whether this is the server's incarnation.
    pub(super) fn is(&self, incarnation: Incarnation) -> bool {
        self.digest.load(Ordering::Acquire) == incarnation.digest()
    }

    pub(super) fn incarnation(&self) -> Incarnation {
        match self.digest.load(Ordering::Acquire) {
            0 => Incarnation::NONE,
            digest => Incarnation::new(digest),
        }
    }

    /// Takes note of what a connection has learned whose making began at `began`. False where another one has learned
    /// otherwise since.
    pub(super) fn learn(&self, incarnation: Incarnation, began: Instant) -> bool {
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is(incarnation) && learned.is_some_and(|learned| began < learned) {
            return false;
        }
        self.digest.store(incarnation.digest(), Ordering::Release);
        *learned = Some(Instant::now());
        true
    }
}

/// How lately a connection was used. Nobody asks for the history over one that has not been used for long; who uses it again
/// asks first.
#[derive(Default)]
pub(super) struct Usage(AtomicU8);

const IN_USE: u8 = 0;
const PARKED: u8 = u8::MAX;

/// After so many questions without a use, nobody asks any more.
const QUESTIONS: u8 = 60;

impl Usage {
    /// Whether it has been used since the last question, so that a use need not be noted.
    pub(super) fn is_noted(&self) -> bool {
        self.0.load(Ordering::Relaxed) == IN_USE
    }

    /// Whether the history has to be asked for before the next use.
    pub(super) fn is_parked(&self) -> bool {
        self.0.load(Ordering::Relaxed) == PARKED
    }

    /// It is used.
    pub(super) fn note(&self) {
        self.0.store(IN_USE, Ordering::Relaxed);
    }

    /// Whether it is time to ask. This is called once a second.
    pub(super) fn asks(&self) -> bool {
        let unused = self.0.load(Ordering::Relaxed);
        match unused {
            PARKED => return false,
            QUESTIONS => self.0.store(PARKED, Ordering::Relaxed),
            _ => self.0.store(unused + 1, Ordering::Relaxed),
        }
        unused < QUESTIONS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(id: &str) -> Value {
        let text =
            format!("# Replication\r\nrole:master\r\nmaster_replid:{id}\r\nmaster_replid2:0\r\n");
        Value::BulkString(text.into_bytes())
    }

    #[test]
    fn each_history_has_a_digest_of_its_own() {
        let [a, b] = ["8f6d", "8f6e"].map(|id| told(&info(id)));
        assert!(a.is_some() && b.is_some());
        assert_ne!(a, b);
        assert_eq!(told(&info("8f6d")), a);
    }

    #[test]
    fn who_tells_nothing_has_none() {
        for answer in [info("0000"), info(""), Value::BulkString(b"role:master".into()), Value::Nil]
        {
            assert_eq!(told(&answer), None);
        }
        let error = |text: &str| {
            let answer = redis::parse_redis_value(format!("-{text}\r\n").as_bytes());
            answer.expect("it is well-formed")
        };
        let greeting = Greeting::new(Pipeline::new(), true);
        let denied = error("NOPERM this user has no permissions to run the 'info' command");
        assert_eq!(greeting.incarnation(&[denied]), Ok(Incarnation::NONE));
        assert!(greeting.incarnation(&[error("BUSY a script runs")]).is_err());
    }

    #[test]
    fn what_is_learned_later_is_so() {
        let current = Current::default();
        let [a, b] = [1, 2].map(Incarnation::new);
        let early = Instant::now();
        assert!(current.learn(a, early) && current.is(a));
        assert!(!current.learn(b, early), "it was asked for before");
        assert!(current.learn(b, Instant::now()) && current.is(b) && !current.is(a));
        assert!(!current.learn(a, early) && current.is(b));
        assert!(current.learn(b, early), "it says the same");
    }

    #[test]
    fn nobody_asks_for_what_nobody_uses() {
        let usage = Usage::default();
        let asked = (0..1000).filter(|_| usage.asks()).count();
        assert_eq!(asked, usize::from(QUESTIONS));
        assert!(usage.is_parked());
        usage.note();
        assert!(usage.asks() && !usage.is_parked() && !usage.is_noted());
    }
}
