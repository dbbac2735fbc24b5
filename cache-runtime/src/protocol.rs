//! The protocol: the states of one key and the atomic steps between them. No I/O, no clock, no randomness.
//!
//! A store executes one [`Step`] at a time on one key. The embedded store calls [`apply`] as it is; the
//! Redis store has a command or script for each step, held equal to [`apply`] by a differential test;
//! the model checker (the package `cache-model`) explores every interleaving of the steps that callers take.
//!
//! Why a value loaded before a write can never be stored after it: a [`Step::Fill`] stores only where the
//! reader's own token still stands, every [`Step::Fence`] and [`Step::Delete`] takes tokens away, and a
//! token is new for every acquisition. A lease of this kind for look-aside caches is described in Nishtala
//! et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1; the fence adds what a writer needs to
//! survive its own death between the commit and the delete.

mod incarnation;

use std::time::Duration;

pub use self::incarnation::Incarnation;

/// A lease's token, a value's stamp or a fence's epoch: the [incarnation](Incarnation) of the server that it was sent to, and
/// random bits, which are never drawn twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Nonce(pub [u8; 16]);

impl Nonce {
    /// The same as the token of a lease: whether a batch of several keys holds it is told by the last bit.
    pub fn of_lease(mut self, batch: bool) -> Nonce {
        self.0[15] = self.0[15] & !1 | u8::from(batch);
        self
    }

    /// Whether this is the token of a lease that a batch of several keys holds.
    pub fn is_of_batch(self) -> bool {
        self.0[15] & 1 == 1
    }
}

/// What a key holds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum State<V> {
    /// Nothing.
    Vacant,
    /// A value under the stamp of the fill or settlement that put it there.
    Value(Nonce, V),
    /// The right to fill, owned by whoever knows the token.
    Leased(Nonce),
    /// One or more writers are at work, or died at it: nothing may be stored.
    Fenced(Fenced),
    /// A value that is newer than the database's, until a flush has brought it there.
    Pending(Pending<V>),
    /// Something that this library did not write, or can no longer read.
    Unreadable,
    /// A value or a lease from another incarnation of the server. No key holds this: it is what
    /// [`under`](State::under) makes of it.
    Void(Expected),
}

/// A fence: writers that are at work on one key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fenced {
    /// Which fence; writers that overlap share it.
    pub epoch: Nonce,
    /// How many writers have not settled yet.
    pub writers: u32,
    /// Whether writers overlapped, so that nobody can say whose value is the last.
    pub contended: bool,
}

/// A value that was accepted to be written behind: it stays, whatever else happens to the key, until it is in
/// the database.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Pending<V> {
    /// Which write it is. Nobody renews a pending value by it: what was loaded before the flush would take the
    /// place of the value that it lands as, which has the same stamp.
    pub stamp: Nonce,
    /// What was written.
    pub value: V,
    /// Whether others have written or invalidated the key meanwhile, so that nobody can say which value the
    /// database ends with.
    pub contended: bool,
}

/// Which state a step expects to find, and will leave alone where it finds another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Expected {
    /// The lease of this token.
    Lease(Nonce),
    /// The value of this stamp.
    Value(Nonce),
    /// The fence of this epoch.
    Fence(Nonce),
}

/// One atomic operation on one key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Step<V> {
    /// Looks, and changes nothing.
    Read,
    /// Vacant becomes leased; anything else, but for the very lease, is returned as it is.
    Acquire {
        /// The token of the new lease.
        token: Nonce,
        /// How long the lease stands if nobody renews it.
        life: Duration,
    },
    /// Vacant, or what means nothing any more, becomes leased; anything else, but for the very lease, is returned as
    /// it is.
    Take {
        /// The value that may not be served any more, or the lease of another incarnation, whose place the lease takes.
        stale: Expected,
        /// The token of the new lease.
        token: Nonce,
        /// How long the lease stands if nobody renews it.
        life: Duration,
    },
    /// Asks for the stamp of a tag: vacant, or a value of another incarnation, becomes a value of the proposed stamp;
    /// another value stays, for so long at least. The state after the step is returned.
    Stamp {
        /// The stamp, should a new one be needed.
        stamp: Nonce,
        /// What bears the stamp.
        value: V,
        /// How long the stamp stands at least.
        life: Duration,
    },
    /// Stores a value where `expected` (a lease or a value) still stands.
    Fill {
        /// What has to be there still.
        expected: Expected,
        /// The stamp of the new value.
        stamp: Nonce,
        /// The new value.
        value: V,
        /// How long the value stands.
        life: Duration,
    },
    /// Extends the life of the lease or fence that `expected` names, or of what has taken that fence's place.
    Renew {
        /// What has to be there still.
        expected: Expected,
        /// Its life from now on.
        life: Duration,
    },
    /// Empties the key where `expected` still stands: a lease is given up, a value of another type removed. A fence only
    /// where no other writer has ever joined it. So a writer that does not know whether its settlement has counted
    /// can take its fence away: where it has counted, or matters to others, this finds something else.
    Release {
        /// What has to be there still.
        expected: Expected,
    },
    /// Empties the key where it holds something unreadable.
    Discard,
    /// A writer begins: any state becomes fenced; another's fence gets one writer more and is contended.
    Fence {
        /// The epoch, should a new fence be needed.
        epoch: Nonce,
        /// How long the fence stands if nobody settles or renews it.
        life: Duration,
    },
    /// A writer ends. The last one of an uncontended fence may leave a value.
    Settle {
        /// The epoch that [`Step::Fence`] replied.
        epoch: Nonce,
        /// The value to leave, with its stamp and life.
        value: Option<(Nonce, V, Duration)>,
    },
    /// Empties the key, save that a fence or a pending value stays and is contended from then on.
    Delete,
    /// A value is accepted to be written behind: it takes the place of whatever there is, for as long as it
    /// takes.
    Pend {
        /// Which write it is.
        stamp: Nonce,
        /// What is written.
        value: V,
    },
    /// The pending value of this stamp is in the database: it becomes a value like others, for a while, or
    /// leaves nothing. Where it is contended, a fence takes its place and falls by itself: another writer
    /// may be at work. Where it is not pending any more, the key is emptied, save that a fence stays and is
    /// contended from then on, and a later pending value stays.
    Land {
        /// Which write it is.
        stamp: Nonce,
        /// How long the value may be kept; nothing stays without.
        life: Option<Duration>,
        /// How long a fence in its place stands.
        fence: Duration,
    },
}

/// What a step answers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reply<V> {
    /// `Read`, and an `Acquire` or `Take` that found something: the state as it was. `Stamp`: the state as it
    /// is now.
    Found(State<V>),
    /// `Acquire`, `Take`: the key is leased now.
    Acquired,
    /// `Fence`: the epoch in force, to settle with.
    Fenced(Nonce),
    /// `Settle`: the fence was gone, so others may have stored what they had loaded before. Whatever is there is left contended,
    /// or emptied.
    Lost,
    /// The step took effect: filled, renewed, released, emptied, or settled with its value stored.
    Done,
    /// `Fill`, in the embedded store alone: the value is too large for it, so that the key is empty now.
    NotKept,
    /// The step found something else than it expected, or was not the last to settle, and left it. `Settle` with a value:
    /// another writer has overlapped, so that the value is not stored.
    Superseded,
}

/// What a step does to the time at which the key expires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// The key keeps the expiry that it has.
    Unchanged,
    /// The key expires this long from now.
    For(Duration),
    /// The key expires this long from now, unless it expires later or never.
    AtLeast(Duration),
    /// The key expires twice this long from now, unless it expires later than this from now, or never. So it is rarely touched,
    /// and whoever has a copy of it keeps that.
    Ahead(Duration),
    /// The key does not expire.
    Endless,
}

/// The outcome of a step: the state after it, its expiry and the reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transition<V> {
    /// The state after the step.
    pub state: State<V>,
    /// What happens to the key's expiry.
    pub life: Life,
    /// The reply to the caller.
    pub reply: Reply<V>,
}

/// Takes one step from `state`.
pub fn apply<V: Clone + PartialEq>(state: State<V>, step: Step<V>) -> Transition<V> {
    match step {
        Step::Read => Transition::stay(state.clone(), Reply::Found(state)),
        Step::Acquire { token, life } => match state {
            State::Vacant => Transition::to(State::Leased(token), life, Reply::Acquired),
            // Told twice, because the first answer was lost: tokens are never used again.
            State::Leased(held) if held == token => Transition::stay(state, Reply::Acquired),
            found => Transition::stay(found.clone(), Reply::Found(found)),
        },
        Step::Take { stale, token, life } => match state {
            state if state == State::Vacant || state.is(stale) => {
                Transition::to(State::Leased(token), life, Reply::Acquired)
            }
            State::Leased(held) if held == token => Transition::stay(state, Reply::Acquired),
            found => Transition::stay(found.clone(), Reply::Found(found)),
        },
        Step::Stamp { stamp, value, life } => match state {
            State::Value(held, _) if stamp.keeps(held) => {
                let life = Life::Ahead(life);
                Transition { state: state.clone(), life, reply: Reply::Found(state) }
            }
            State::Vacant | State::Value(..) => {
                let state = State::Value(stamp, value);
                Transition::to(state.clone(), life, Reply::Found(state))
            }
            found => Transition::stay(found.clone(), Reply::Found(found)),
        },
        Step::Fill { expected, stamp, value, life } => {
            if state.is(expected) {
                Transition::to(State::Value(stamp, value), life, Reply::Done)
            } else {
                Transition::stay(state, Reply::Superseded)
            }
        }
        Step::Renew { expected, life } => {
            if state.is(expected) || state.covers(expected) {
                Transition { state, life: Life::AtLeast(life), reply: Reply::Done }
            } else {
                Transition::stay(state, Reply::Superseded)
            }
        }
        Step::Release { expected } => {
            if state.is(expected) && !state.is_shared() {
                Transition::stay(State::Vacant, Reply::Done)
            } else {
                Transition::stay(state, Reply::Superseded)
            }
        }
        Step::Discard => match state {
            State::Unreadable => Transition::stay(State::Vacant, Reply::Done),
            other => Transition::stay(other, Reply::Superseded),
        },
        // What is pending is newer than what the writer can have read, and is seen until it is in the database.
        Step::Fence { epoch, .. } if matches!(state, State::Pending(_)) => {
            Transition::stay(state.contend(), Reply::Fenced(epoch))
        }
        Step::Fence { epoch, life } => {
            let (fenced, life) = match state {
                // Told twice, because the first answer was lost: epochs are never used again.
                State::Fenced(f) if f.epoch == epoch => (f, Life::AtLeast(life)),
                // Its first writer may have been promised a longer life.
                State::Fenced(f) => {
                    let shared = Fenced { writers: f.writers + 1, contended: true, ..f };
                    (shared, Life::AtLeast(life))
                }
                _ => (Fenced { epoch, writers: 1, contended: false }, Life::For(life)),
            };
            let reply = Reply::Fenced(fenced.epoch);
            Transition { state: State::Fenced(fenced), life, reply }
        }
        Step::Settle { epoch, value } => settle(state, epoch, value),
        Step::Delete => match state {
            State::Fenced(_) | State::Pending(_) => {
                Transition::stay(state.contend(), Reply::Superseded)
            }
            _ => Transition::stay(State::Vacant, Reply::Done),
        },
        Step::Pend { stamp, value } => {
            let contended =
                matches!(state, State::Fenced(_) | State::Pending(Pending { contended: true, .. }));
            let state = State::Pending(Pending { stamp, value, contended });
            Transition { state, life: Life::Endless, reply: Reply::Done }
        }
        Step::Land { stamp, life, fence } => land(state, stamp, life, fence),
    }
}

/// The write of `stamp` is in the database.
///
/// Where it is not pending any more, it was flushed again, after it had landed or got lost: whatever was
/// loaded or written meanwhile may have been written over just now.
fn land<V>(
    state: State<V>,
    stamp: Nonce,
    life: Option<Duration>,
    fence: Duration,
) -> Transition<V> {
    match state {
        State::Pending(p) if p.stamp != stamp => {
            Transition::stay(State::Pending(p), Reply::Superseded)
        }
        State::Pending(p) if p.contended => {
            let fenced = Fenced { epoch: stamp, writers: 1, contended: true };
            Transition::to(State::Fenced(fenced), fence, Reply::Done)
        }
        State::Pending(p) => match life {
            Some(life) => Transition::to(State::Value(stamp, p.value), life, Reply::Done),
            None => Transition::stay(State::Vacant, Reply::Done),
        },
        State::Fenced(_) => Transition::stay(state.contend(), Reply::Superseded),
        _ => Transition::stay(State::Vacant, Reply::Done),
    }
}

/// A writer of `epoch` ends.
///
/// Without its fence (it ran out, was evicted, or the server restarted empty) the writer cannot know who
/// stored what meanwhile, so it leaves nothing. Under a fence of another epoch, later writers are at work:
/// their fence stays, and none of them may leave a value, for this writer may have written after them.
fn settle<V>(state: State<V>, epoch: Nonce, value: Option<(Nonce, V, Duration)>) -> Transition<V> {
    match state {
        State::Pending(_) => Transition::stay(state.contend(), Reply::Lost),
        State::Fenced(f) if f.epoch != epoch => Transition::stay(state.contend(), Reply::Lost),
        State::Fenced(f) if f.writers > 1 => {
            let fenced = State::Fenced(Fenced { writers: f.writers - 1, ..f });
            Transition::stay(fenced, Reply::Superseded)
        }
        State::Fenced(f) if !f.contended => match value {
            Some((stamp, value, life)) => {
                Transition::to(State::Value(stamp, value), life, Reply::Done)
            }
            None => Transition::stay(State::Vacant, Reply::Done),
        },
        State::Fenced(_) => {
            let reply = if value.is_some() { Reply::Superseded } else { Reply::Done };
            Transition::stay(State::Vacant, reply)
        }
        _ => Transition::stay(State::Vacant, Reply::Lost),
    }
}

impl<V> State<V> {
    /// The value, if there is one.
    pub(crate) fn entry(&self) -> Option<&V> {
        match self {
            State::Value(_, value) | State::Pending(Pending { value, .. }) => Some(value),
            _ => None,
        }
    }

    /// What names it, if it is not vacant.
    pub(crate) fn nonce(&self) -> Option<Nonce> {
        match self {
            State::Value(nonce, _) | State::Leased(nonce) => Some(*nonce),
            State::Fenced(fence) => Some(fence.epoch),
            State::Pending(pending) => Some(pending.stamp),
            State::Void(
                Expected::Value(nonce) | Expected::Lease(nonce) | Expected::Fence(nonce),
            ) => Some(*nonce),
            State::Vacant | State::Unreadable => None,
        }
    }

    /// This fence or pending value, marked as contended.
    fn contend(self) -> Self {
        match self {
            State::Fenced(f) => State::Fenced(Fenced { contended: true, ..f }),
            State::Pending(p) => State::Pending(Pending { contended: true, ..p }),
            other => other,
        }
    }

    /// Whether this has taken the place of a fence that `expected` names, and keeps its promise: a value that
    /// was pended over it, or the fence that such a value became when it landed.
    fn covers(&self, expected: Expected) -> bool {
        let contended = match self {
            State::Fenced(f) => f.contended,
            State::Pending(p) => p.contended,
            _ => false,
        };
        contended && matches!(expected, Expected::Fence(_))
    }

    /// Whether this is a fence that others than its first writer have to do with.
    fn is_shared(&self) -> bool {
        matches!(self, State::Fenced(f) if f.contended || f.writers != 1)
    }

    /// Whether this is the very state that `expected` names.
    pub fn is(&self, expected: Expected) -> bool {
        match (self, expected) {
            (State::Leased(a), Expected::Lease(b)) => *a == b,
            (State::Value(a, _), Expected::Value(b)) => *a == b,
            (State::Fenced(f), Expected::Fence(b)) => f.epoch == b,
            _ => false,
        }
    }
}

impl<V> Transition<V> {
    fn stay(state: State<V>, reply: Reply<V>) -> Self {
        Transition { state, life: Life::Unchanged, reply }
    }

    fn to(state: State<V>, life: Duration, reply: Reply<V>) -> Self {
        Transition { state, life: Life::For(life), reply }
    }
}

#[cfg(test)]
mod diagram;
