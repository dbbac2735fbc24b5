//! The rules of local copies, each of which can be broken, to see whether the search would notice.

/// A rule that [`Copies`](super::Copies) can break.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// A copy is inserted only if its stripe's counter is what it was when the read was sent. Broken: whatever it is.
    Counter,
    /// And only if the connection is the one that the read was sent over. Broken: whichever it is.
    Generation,
    /// And not while a writer of the process waits for the answer to a step. Broken: then too.
    NoneMeanwhile,
    /// An answer renews the lease from when its command was sent. Broken: from when it came.
    SentTime,
    /// A flush of the server moves the counters of all stripes. Broken: it only takes the copies away.
    FlushMoves,
    /// A push takes the copy away. Broken: it only moves the counter.
    PushTakes,
    /// A lost connection takes its copies along. Broken: they pass to the next one.
    LossTakes,
    /// A tag is read with the wish to track it. Broken: only the entry is.
    TagTracked,
    /// A writer takes away what its process has copied once its step is answered. Broken: it only does so before it sends it.
    WriterTakes,
    /// In that, it moves the stripe's counter. Broken: it only takes the copy away.
    WriterMoves,
    /// In strict mode, a body begins a lease's length after its fence was answered. Broken: at once.
    BodyWaits,
    /// All of that length. Broken: a little less.
    WaitsWhole,
    /// In strict mode, a write without a fence returns a lease's length after it was confirmed. Broken: at once.
    ReturnWaits,
    /// So does a write whose fence was gone when it was settled. Broken: at once.
    LostFenceWaits,
    /// A hit looks at the lease before it takes the copy. Broken: after it.
    LeaseFirst,
    /// A copy's deadline is counted from when `PTTL` was sent. Broken: from when its answer came.
    DeadlineSent,
}
