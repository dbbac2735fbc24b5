//! The stores held equal to [`protocol::apply`]: the same random steps must give the same replies, states and
//! expiries.
//!
//! Nonces are few, so that they match as often as not. What the stores leave to their callers is not asked of
//! them: a value's stamp is the one in its header. What is planted as unreadable bears a nonce that nobody else does: that
//! it be whole is checked when it is read, not when it is compared.

#[cfg(feature = "redis")]
mod redis;

use std::time::Duration;

use fastrand::Rng;

use super::memory::MemoryStore;
use crate::{
    entry::{Entry, Header},
    protocol::{self, Expected, Life, Nonce, Reply, State, Step},
};

const SEQUENCES: u64 = 12_000;
const ACTIONS: usize = 12;
const NONCES: u8 = 4;

/// One key, as the protocol has it.
struct Reference {
    state: State<Entry>,
    /// What is left of its life; none where it does not expire.
    left: Option<Duration>,
}

impl Reference {
    fn vacant() -> Self {
        Reference { state: State::Vacant, left: None }
    }

    fn take(&mut self, step: Step<Entry>) -> Reply<Entry> {
        let transition = protocol::apply(self.state.clone(), step);
        self.state = transition.state;
        match transition.life {
            Life::For(life) => self.left = Some(life),
            Life::AtLeast(life) => self.left = self.left.map(|left| left.max(life)),
            Life::Ahead(life) => {
                let left = |left| if left <= life { life * 2 } else { left };
                self.left = self.left.map(left);
            }
            Life::Endless => self.left = None,
            Life::Unchanged => {}
        }
        if self.state == State::Vacant {
            self.left = None;
        }
        transition.reply
    }

    fn pass(&mut self, time: Duration) {
        self.left = self.left.map(|left| left.saturating_sub(time));
        if self.left == Some(Duration::ZERO) {
            *self = Reference::vacant();
        }
    }

    /// What it holds, as it is known to nobody when.
    fn timeless(&self) -> State<Entry> {
        timeless(self.state.clone())
    }

    /// The nonce that the key holds.
    fn nonce(&self) -> Option<Nonce> {
        match &self.state {
            State::Value(nonce, _) | State::Leased(nonce) => Some(*nonce),
            State::Fenced(fence) => Some(fence.epoch),
            State::Pending(pending) => Some(pending.stamp),
            State::Vacant | State::Unreadable | State::Void(_) => None,
        }
    }

    /// A step that may well find what it expects.
    fn step(&self, rng: &mut Rng) -> Step<Entry> {
        let life = Duration::from_secs(1000 * rng.u64(1..=3));
        match rng.u8(..12) {
            0 => Step::Read,
            1 => Step::Acquire { token: self.likely_nonce(rng), life },
            2 => {
                let (expected, value) = (self.expected(rng), entry(rng));
                Step::Fill { expected, stamp: value.stamp(), value, life }
            }
            3 => Step::Renew { expected: self.expected(rng), life },
            4 if rng.bool() => Step::Discard,
            4 => Step::Release { expected: self.expected(rng) },
            5 => Step::Fence { epoch: nonce(rng), life },
            6 => {
                let value =
                    rng.bool().then(|| entry(rng)).map(|value| (value.stamp(), value, life));
                Step::Settle { epoch: self.likely_nonce(rng), value }
            }
            7 => {
                let (stale, token) = (self.expected(rng), self.likely_nonce(rng));
                Step::Take { stale, token, life }
            }
            8 => {
                let value = Entry::tag(nonce(rng));
                Step::Stamp { stamp: value.stamp(), value, life }
            }
            9 => {
                let value = entry(rng);
                Step::Pend { stamp: value.stamp(), value }
            }
            10 => {
                let (stamp, kept) = (self.likely_nonce(rng), rng.bool());
                let fence = Duration::from_secs(1000 * rng.u64(1..=3));
                Step::Land { stamp, life: kept.then_some(life), fence }
            }
            _ => Step::Delete,
        }
    }

    fn expected(&self, rng: &mut Rng) -> Expected {
        let nonce = self.likely_nonce(rng);
        match (&self.state, rng.u8(..6)) {
            (State::Value(..), 3..) | (_, 0) => Expected::Value(nonce),
            (State::Leased(_), 3..) | (_, 1) => Expected::Lease(nonce),
            _ => Expected::Fence(nonce),
        }
    }

    fn likely_nonce(&self, rng: &mut Rng) -> Nonce {
        let any = nonce(rng);
        self.nonce().filter(|_| rng.bool()).unwrap_or(any)
    }
}

/// The state without what the clock says of it: when a tag was made, and how old it is.
fn timeless(state: State<Entry>) -> State<Entry> {
    match state {
        State::Value(stamp, entry) => State::Value(stamp, entry.made_at(0).found_at(0)),
        state => state,
    }
}

fn timeless_reply(reply: Reply<Entry>) -> Reply<Entry> {
    match reply {
        Reply::Found(state) => Reply::Found(timeless(state)),
        reply => reply,
    }
}

fn nonce(rng: &mut Rng) -> Nonce {
    Nonce([rng.u8(..NONCES); 16])
}

fn entry(rng: &mut Rng) -> Entry {
    let header = Header {
        negative: rng.bool(),
        codec: rng.u8(..),
        compression: rng.u8(..),
        cost: rng.u32(..),
        graceful: rng.bool(),
        soft_expiry: rng.u64(..),
        ttl: rng.u64(..),
        fingerprint: rng.u64(..),
    };
    let tags: Vec<_> = (0..rng.u8(..3)).map(|_| nonce(rng)).collect();
    let payload = bytes(rng);
    Entry::new(nonce(rng), header, &tags, |entry| {
        entry.extend_from_slice(&payload);
        Ok::<_, std::convert::Infallible>(())
    })
    .unwrap_or_else(|never| match never {})
}

fn bytes(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = vec![0; rng.usize(..40)];
    rng.fill(&mut bytes);
    bytes
}

/// What was done in a sequence, for whoever has to find out why it went wrong.
#[derive(Default)]
struct History(Vec<String>);

impl History {
    fn note(&mut self, action: impl std::fmt::Debug) {
        self.0.push(format!("{action:?}"));
    }

    fn expect_equal<T: PartialEq + std::fmt::Debug>(&self, what: &str, found: T, expected: T) {
        assert!(
            found == expected,
            "the store's {what} is {found:?}, the protocol's {expected:?}, after\n  {}",
            self.0.join("\n  ")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_embedded_store_follows_the_protocol() {
    let store = MemoryStore::of_values(100_000);
    for seed in 0..SEQUENCES {
        let (rng, key) = (&mut Rng::with_seed(seed), format!("key:{seed}"));
        let mut reference = Reference::vacant();
        let mut history = History::default();
        for _ in 0..ACTIONS {
            if rng.u8(..6) == 0 {
                let time = Duration::from_secs(500 * rng.u64(1..=4));
                history.note(time);
                tokio::time::advance(time).await;
                reference.pass(time);
            } else {
                let step = reference.step(rng);
                history.note(&step);
                let reply = store.run(&key, step.clone());
                let expected = timeless_reply(reference.take(step));
                history.expect_equal("reply", timeless_reply(reply), expected);
            }
            let state = store.run(&key, Step::Read);
            history.expect_equal(
                "state",
                timeless_reply(state),
                Reply::Found(reference.timeless()),
            );
            let hit = matches!(reference.state, State::Value(..) | State::Pending(_))
                .then_some(reference.timeless());
            let value = timeless(store.read(&key));
            history.expect_equal("value", value, hit.unwrap_or(State::Vacant));
        }
    }
}
