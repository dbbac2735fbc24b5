//! The rules of tags, each of which can be broken, to see whether the search would notice.

use cache_runtime::protocol::{self, Expected, Fenced, Nonce, State, Step, Transition};

/// A rule that [`Tags`](super::Tags) can break.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// A load begins after its tag's stamp is known. Broken: the stamp is asked for after the load.
    StampFirst,
    /// Every stamp is drawn anew. Broken: they are counted, and the count begins again with the key.
    NewStamp,
    /// Who writes under a tag fences it before the commit. Broken: it is emptied after the commit, only.
    Fence,
    /// The stamp is read again with a fill, before followers get the value. Broken: the fill is proof enough.
    ReadAgain,
    /// A fence is no stamp. Broken: its epoch is recorded, and found good, like one.
    FenceIsNoStamp,
    /// To ask for a stamp leaves a fence standing. Broken: the stamp takes its place.
    StampSparesFence,
    /// Who joins after a value was found does not get it. Broken: all get it who have joined when the
    /// answer about its tag comes.
    FoundFirst,
    /// A write-through asks for the stamp before its commit. Broken: after it.
    WriteThroughFirst,
    /// An owner's stamp is left on the tag where nobody else has invalidated it. Broken: whoever has.
    OwnStampAlone,
    /// A refresh asks for the stamp anew. Broken: it keeps the one that the value had.
    RefreshAsksAnew,
    /// The stamp of a tag that the value names is older than the load. Broken: whatever it is, it is recorded.
    OlderThanLoad,
    /// A stamp of another incarnation is none. Broken: it is trusted.
    FallenStampIsNone,
}

/// [`protocol::apply`] on a tag's key, but for the rule that is broken.
pub(super) fn apply(before: State<()>, step: Step<()>, broken: Option<Rule>) -> Transition<()> {
    match (broken, &step, &before) {
        (Some(Rule::StampSparesFence), Step::Stamp { .. }, State::Fenced(_)) => {
            protocol::apply(State::Vacant, step)
        }
        (Some(Rule::OwnStampAlone), Step::Settle { value: Some(_), .. }, State::Fenced(fence)) => {
            protocol::apply(State::Fenced(Fenced { contended: false, ..*fence }), step)
        }
        _ => protocol::apply(before, step),
    }
}

/// The stamp that a tag's key holds.
pub(super) fn stamp(tag: &State<()>, broken: Option<Rule>) -> Option<Nonce> {
    match tag {
        State::Value(stamp, ()) => Some(*stamp),
        State::Fenced(f) if broken == Some(Rule::FenceIsNoStamp) => Some(f.epoch),
        _ => None,
    }
}

/// Whether an entry of this stamp is good.
pub(super) fn is_good(tag: &State<()>, recorded: Nonce, broken: Option<Rule>) -> bool {
    match broken {
        Some(Rule::FenceIsNoStamp) => stamp(tag, broken) == Some(recorded),
        _ => tag.is(Expected::Value(recorded)),
    }
}
