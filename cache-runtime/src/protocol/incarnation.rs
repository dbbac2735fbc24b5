//! Incarnations: which history of writes a nonce belongs to, and what is left of a state when its server has another one.
//!
//! A server that comes back with a snapshot, or a replica that is promoted, holds an earlier state than the one that it, or
//! its predecessor, has confirmed: an invalidation may be missing. Such a server has a new incarnation. Every nonce begins with
//! a digest of the incarnation that it was sent to, so whoever reads it later can tell.
//!
//! | found, of another incarnation | is |
//! |---|---|
//! | a value, or the stamp of a tag | void: it means nothing, and a lease or a new stamp may take its place |
//! | a lease | void |
//! | a fence | a contended fence for as long as it stands, for its writer may still be at work |
//! | a pending value | a contended fence until it is flushed: the database may have it, and later ones |
//!
//! Who claims something by its nonce (fills it, releases it, settles it) names it under the incarnation of the connection that
//! the claim is sent over. So a claim from another incarnation names nothing that is there.

use super::{Expected, Fenced, Nonce, Pending, State, Step};

/// A digest of the identity of a server's history.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Incarnation([u8; 4]);

impl Incarnation {
    /// Nobody tells it, or nobody compares it. To whoever has none, all nonces are good.
    pub const NONE: Incarnation = Incarnation([0; 4]);

    /// The incarnation of this digest, which is not [`NONE`](Incarnation::NONE).
    pub fn new(digest: u32) -> Incarnation {
        Incarnation(digest.max(1).to_be_bytes())
    }

    pub fn digest(self) -> u32 {
        u32::from_be_bytes(self.0)
    }

    /// Whether what has this nonce belongs to this incarnation, as far as anybody compares.
    fn knows(self, nonce: Nonce) -> bool {
        self == Incarnation::NONE || self == nonce.incarnation()
    }
}

impl Nonce {
    /// The incarnation that it was sent to.
    pub fn incarnation(self) -> Incarnation {
        let [a, b, c, d, ..] = self.0;
        Incarnation([a, b, c, d])
    }

    /// The same nonce, sent to this incarnation.
    pub fn of(self, incarnation: Incarnation) -> Nonce {
        let mut nonce = self;
        if incarnation != Incarnation::NONE {
            nonce.0[..4].copy_from_slice(&incarnation.0);
        }
        nonce
    }

    /// Whether a stamp that is proposed leaves `held` in its place.
    pub(super) fn keeps(self, held: Nonce) -> bool {
        self.incarnation().knows(held)
    }
}

impl Expected {
    /// The same, claimed in this incarnation.
    fn of(self, incarnation: Incarnation) -> Expected {
        match self {
            Expected::Lease(token) => Expected::Lease(token.of(incarnation)),
            Expected::Value(stamp) => Expected::Value(stamp.of(incarnation)),
            Expected::Fence(epoch) => Expected::Fence(epoch.of(incarnation)),
        }
    }
}

impl<V> State<V> {
    /// What this state is to a server's incarnation.
    pub fn under(self, incarnation: Incarnation) -> Self {
        match self {
            State::Value(stamp, _) if !incarnation.knows(stamp) => {
                State::Void(Expected::Value(stamp))
            }
            State::Leased(token) if !incarnation.knows(token) => {
                State::Void(Expected::Lease(token))
            }
            State::Fenced(fence) if !incarnation.knows(fence.epoch) => {
                State::Fenced(Fenced { contended: true, ..fence })
            }
            State::Pending(Pending { stamp, .. }) if !incarnation.knows(stamp) => {
                State::Fenced(Fenced { epoch: stamp, writers: 1, contended: true })
            }
            state => state,
        }
    }
}

impl<V> Step<V> {
    /// The step as it is sent to a server of this incarnation. `stamped` gives a value another stamp.
    ///
    /// What is proposed belongs to the incarnation, and what is claimed is claimed in it. A fence that is renewed is named as
    /// it was found, whoever has raised it: it stands for as long as somebody needs it.
    pub fn under(self, incarnation: Incarnation, stamped: impl FnOnce(V, Nonce) -> V) -> Step<V> {
        if incarnation == Incarnation::NONE {
            return self;
        }
        match self {
            Step::Acquire { token, life } => Step::Acquire { token: token.of(incarnation), life },
            Step::Take { stale, token, life } => {
                Step::Take { stale, token: token.of(incarnation), life }
            }
            Step::Stamp { stamp, value, life } => {
                let stamp = stamp.of(incarnation);
                Step::Stamp { stamp, value: stamped(value, stamp), life }
            }
            Step::Fill { expected, stamp, value, life } => {
                let (expected, stamp) = (expected.of(incarnation), stamp.of(incarnation));
                Step::Fill { expected, stamp, value: stamped(value, stamp), life }
            }
            Step::Renew { expected: expected @ Expected::Fence(_), life } => {
                Step::Renew { expected, life }
            }
            Step::Renew { expected, life } => {
                Step::Renew { expected: expected.of(incarnation), life }
            }
            Step::Release { expected } => Step::Release { expected: expected.of(incarnation) },
            Step::Fence { epoch, life } => Step::Fence { epoch: epoch.of(incarnation), life },
            Step::Settle { epoch, value } => {
                let value = value.map(|(stamp, value, life)| {
                    let stamp = stamp.of(incarnation);
                    (stamp, stamped(value, stamp), life)
                });
                Step::Settle { epoch: epoch.of(incarnation), value }
            }
            Step::Pend { stamp, value } => {
                let stamp = stamp.of(incarnation);
                Step::Pend { stamp, value: stamped(value, stamp) }
            }
            step @ (Step::Read | Step::Discard | Step::Delete | Step::Land { .. }) => step,
        }
    }
}
