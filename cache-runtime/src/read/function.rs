//! What the engine asks of a function whose types it does not know.

use std::task::{Context, Poll};

use super::{decision::Decided, engine::Engine};
use crate::{
    codec::{Meta, Unstorable},
    encoding::Encoding,
    entry::Entry,
    error::Error,
    flight::SharedError,
    policy::Policy,
    protocol::Nonce,
};

/// A function that is being called, as the engine sees it: it holds a value for each key, by the key's index.
pub(super) trait Function {
    /// Reads an entry. Its value is the answer for the key.
    fn decode(&mut self, at: usize, entry: &Entry, encoding: &Encoding) -> Result<(), Error>;

    /// Polls the load of some keys. Ready with whether there is a loaded value for each of them now; otherwise there is
    /// an output without values.
    fn poll_load(&mut self, cx: &mut Context<'_>, asked: &[usize]) -> Poll<bool>;

    /// The number of loaded rows that belong to no key.
    fn unmatched(&self) -> usize {
        0
    }

    /// How long a loaded value is to be kept, and under which tags, as a policy says on a cache with a namespace. Asked once. None
    /// where the load has brought nothing that could be stored.
    fn decide(&mut self, at: usize, of: (&Policy, Option<&str>)) -> Option<Decided>;

    /// Writes a loaded value, and makes sure that it reads back as what it is.
    fn encode(
        &self,
        at: usize,
        stamp: Nonce,
        encoding: &Encoding,
        meta: Meta<'_>,
    ) -> Result<Entry, Unstorable>;

    /// Whether the answer for a key and the value that was loaded to compare it with are the same, if that can be said of
    /// the type.
    fn same(&self, at: usize) -> Option<bool>;

    /// The answer for a key and the value that was loaded to compare it with, both as JSON.
    fn compared(&self, at: usize) -> Option<(Vec<u8>, Vec<u8>)>;

    /// JSON of the answer's type, read and written again.
    fn rewritten(&self, json: &[u8]) -> Option<Vec<u8>>;

    /// A loaded value is the answer for its key.
    fn accept(&mut self, at: usize);

    /// The error of a failed load, for others to share.
    fn share_error(&self) -> Option<SharedError> {
        None
    }

    /// Makes the error of another call's load the output. False where that cannot be done.
    fn adopt_error(&mut self, _error: &SharedError) -> bool {
        false
    }

    /// Has a task of its own answer `engine`, which is for the keys `at` of this call.
    fn spawn(&mut self, _engine: Engine, _at: &[usize], _purpose: Purpose) {}

    /// Polls the task that was spawned to answer this call.
    fn poll_spawned(&mut self, _cx: &mut Context<'_>) -> Poll<Spawned> {
        Poll::Ready(Spawned::Lost)
    }
}

/// What a task is spawned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To renew what this call serves.
    Renew,
    /// To load for this call, which may not wait for its end.
    Answer,
}

/// What became of a task that was to answer a call. For each key: whether the answer is the value that has expired.
pub(super) enum Spawned {
    /// The function holds its values.
    Values(Vec<bool>),
    /// The function holds its output.
    Output(Vec<bool>),
    /// It has panicked, or takes too long.
    Lost,
}
