//! The rules of the protocol, each of which can be broken, to see that the search would notice.

pub(crate) mod pending;

use cache_runtime::protocol::{
    self, Expected, Fenced, Incarnation, Reply, State, Step, Transition,
};

use crate::{row::Version, state::NEVER};

/// A rule that a [`Key`](super::Key) can break.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// A fill needs the reader's own lease. Broken: any lease will do.
    OwnLease,
    /// Every acquisition has a new token. Broken: each flight uses one for ever.
    NewToken,
    /// Writers fence before they commit. Broken: they delete after it.
    Fence,
    /// What the functions of a transaction have fenced is settled after its commit. Broken: when a function returns.
    Scope,
    /// Writers that overlap mark the fence as contended. Broken: none of the next three does.
    Contention,
    /// Broken: a second writer's fence does not mark.
    FenceMarks,
    /// Broken: the settlement of another epoch does not mark.
    StrangerMarks,
    /// Broken: a delete under a fence does not mark.
    DeleteMarks,
    /// A delete leaves a fence standing. Broken: it empties the key.
    DeleteSparesFence,
    /// A settlement without its fence empties the key. Broken: it leaves what it finds.
    LostFenceEmpties,
    /// A settlement whose answer is lost is followed by a delete. Broken: it is sent again.
    SettleOnce,
    /// A writer that does not know whether its settlement has counted takes its fence away only if no other writer
    /// has joined it. Broken: it does so in any case.
    ReleasesOwn,
    /// A value without proof goes to those who joined before its load. Broken: to all.
    Marks,
    /// A leader that was taken over from fills under its own lease. Broken: under the one of who took over.
    FormerLease,
    /// What it has loaded goes without proof to those who joined before its load. Broken: to all.
    FormerMarks,
    /// What is of another incarnation is not trusted. Broken: nobody compares incarnations.
    Incarnations,
    /// A fill is claimed in the incarnation of its connection. Broken: in that of its acquisition, whatever connection it
    /// is sent over.
    FillsWhereAcquired,
    /// A fence of another incarnation stands. Broken: it is void, like a lease.
    FallenFenceStands,
    /// One of the rules of values that are written behind.
    Pending(pending::Rule),
}

impl Rule {
    /// Whether breaking this one makes a forgotten nonce good again.
    pub(super) fn brings_nonces_back(self) -> bool {
        matches!(self, Rule::OwnLease | Rule::NewToken)
    }
}

/// A step as it is sent to a server of this incarnation, but for the rule that is broken.
pub(super) fn sent(
    step: Step<Version>,
    incarnation: Incarnation,
    broken: Option<Rule>,
) -> Step<Version> {
    match step {
        step @ Step::Fill { .. } if broken == Some(Rule::FillsWhereAcquired) => step,
        step => step.under(incarnation, |version, _| version),
    }
}

/// What a step meets there, but for the rule that is broken.
pub(super) fn met(
    key: State<Version>,
    step: &Step<Version>,
    incarnation: Incarnation,
    broken: Option<Rule>,
) -> State<Version> {
    match (&key, step) {
        (State::Fenced(fence), Step::Acquire { .. })
            if broken == Some(Rule::FallenFenceStands)
                && fence.epoch.incarnation() != incarnation =>
        {
            State::Vacant
        }
        _ => key,
    }
}

/// [`protocol::apply`], but for the rule that is broken.
pub(super) fn apply(
    before: State<Version>,
    mut step: Step<Version>,
    broken: Option<Rule>,
) -> Transition<Version> {
    let broken = match broken {
        None => return protocol::apply(before, step),
        Some(Rule::Pending(rule)) => return pending::apply(before, step, rule),
        Some(broken) => broken,
    };
    if let (Rule::OwnLease, Step::Fill { expected: Expected::Lease(mine), .. }, State::Leased(any)) =
        (broken, &mut step, &before)
        && *mine != NEVER
    {
        *mine = *any;
    }
    let unmarked = match (&step, &before) {
        (Step::Fence { .. }, _) => matches!(broken, Rule::Contention | Rule::FenceMarks),
        (Step::Settle { epoch, .. }, State::Fenced(fence)) if fence.epoch != *epoch => {
            matches!(broken, Rule::Contention | Rule::StrangerMarks)
        }
        (Step::Delete, _) => matches!(broken, Rule::Contention | Rule::DeleteMarks),
        _ => false,
    };
    let emptied = matches!(
        (broken, &step, &before),
        (Rule::DeleteSparesFence, Step::Delete, State::Fenced(_))
    );
    let released = match (broken, &step, &before) {
        (Rule::ReleasesOwn, Step::Release { expected }, State::Fenced(_)) => before.is(*expected),
        _ => false,
    };
    let left = matches!(
        (broken, &step, &before),
        (Rule::LostFenceEmpties, Step::Settle { .. }, State::Value(..) | State::Leased(_))
    );
    let was_contended = matches!(before, State::Fenced(Fenced { contended: true, .. }));

    let kept = before.clone();
    let mut transition = protocol::apply(before, step);
    if emptied || released {
        (transition.state, transition.reply) = (State::Vacant, Reply::Done);
    } else if left {
        (transition.state, transition.reply) = (kept, Reply::Superseded);
    } else if let State::Fenced(fence) = &mut transition.state
        && unmarked
    {
        fence.contended = was_contended;
    }
    transition
}
