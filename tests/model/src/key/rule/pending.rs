//! The rules of values that are written behind, each of which can be broken.

use cache_runtime::protocol::{self, Expected, Life, Pending, Reply, State, Step, Transition};

use crate::row::Version;

/// A rule about pending values that a model can break.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// A fence leaves a pending value to be seen. Broken: it takes its place.
    FenceSpares,
    /// A delete leaves a pending value to be seen. Broken: it empties the key.
    DeleteSpares,
    /// A value that is accepted under a fence is contended. Broken: it is not.
    PendMarks,
    /// A fence on a pending value marks it. Broken: it does not.
    FenceMarks,
    /// A settlement on a pending value marks it. Broken: it does not.
    SettleMarks,
    /// A delete on a pending value marks it. Broken: it does not.
    DeleteMarks,
    /// What has been contended lands as a fence. Broken: as a value.
    LandsNoValue,
    /// Broken: it leaves nothing.
    LandsFence,
    /// A flush lands what it has brought to the database. Broken: whatever is pending.
    LandsItsOwn,
    /// A flush commits before it lands. Broken: after.
    CommitFirst,
    /// A flush that finds its value landed empties the key, for it may have written over what is there.
    /// Broken: it leaves what it finds.
    LandEmpties,
    /// Broken: it leaves a value if that is its own, which is as new as the database, but for a refresh that is
    /// under way.
    LandEmptiesItsOwn,
    /// Who renews a fence renews what has taken its place. Broken: its own only.
    RenewsWhatStands,
    /// Nobody renews a value that is pending. Broken: by its stamp, like any other.
    NoRefresh,
}

/// [`protocol::apply`], but for the rule that is broken.
pub(super) fn apply(
    before: State<Version>,
    step: Step<Version>,
    broken: Rule,
) -> Transition<Version> {
    let kept = before.clone();
    match (broken, before, step) {
        (Rule::FenceSpares, State::Pending(_), step @ Step::Fence { .. })
        | (Rule::DeleteSpares, State::Pending(_), step @ Step::Delete) => {
            protocol::apply(State::Vacant, step)
        }
        (Rule::PendMarks, State::Fenced(_), step @ Step::Pend { .. }) => {
            protocol::apply(State::Vacant, step)
        }
        (Rule::FenceMarks, before @ State::Pending(_), step @ Step::Fence { .. })
        | (Rule::SettleMarks, before @ State::Pending(_), step @ Step::Settle { .. })
        | (Rule::DeleteMarks, before @ State::Pending(_), step @ Step::Delete) => {
            Transition { state: kept, ..protocol::apply(before, step) }
        }
        (Rule::LandsNoValue, State::Pending(p), step @ Step::Land { .. }) => {
            protocol::apply(State::Pending(Pending { contended: false, ..p }), step)
        }
        (
            Rule::LandsFence,
            before @ State::Pending(Pending { contended: true, .. }),
            step @ Step::Land { .. },
        ) => {
            let transition = protocol::apply(before, step);
            match transition.reply {
                Reply::Done => Transition { state: State::Vacant, ..transition },
                _ => transition,
            }
        }
        (Rule::LandsItsOwn, State::Pending(p), Step::Land { life, fence, .. }) => {
            protocol::apply(State::Pending(p), Step::Land { stamp: p.stamp, life, fence })
        }
        (Rule::LandEmpties, before, step @ Step::Land { stamp, .. }) => match &before {
            State::Pending(p) if p.stamp == stamp => protocol::apply(before, step),
            _ => Transition { state: kept, ..protocol::apply(before, step) },
        },
        (Rule::LandEmptiesItsOwn, before, Step::Land { stamp, .. })
            if before.is(Expected::Value(stamp)) =>
        {
            Transition { state: kept, life: Life::Unchanged, reply: Reply::Done }
        }
        (Rule::RenewsWhatStands, before, Step::Renew { expected, .. }) if !before.is(expected) => {
            Transition { state: kept, life: Life::Unchanged, reply: Reply::Superseded }
        }
        (_, before, step) => protocol::apply(before, step),
    }
}
