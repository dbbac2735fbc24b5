//! The diagram in `ARCHITECTURE.md` has an arrow for each change that a step makes, and no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

use super::{Expected, Fenced, Nonce, Pending, State, Step, apply};

/// From, to, and the names of the steps.
type Arrows = BTreeMap<(String, String), BTreeSet<String>>;

fn name(state: &State<u8>) -> Option<&'static str> {
    match state {
        State::Vacant => Some("vacant"),
        State::Value(..) => Some("value"),
        State::Leased(_) => Some("leased"),
        State::Fenced(_) => Some("fenced"),
        State::Pending(_) => Some("pending"),
        State::Unreadable | State::Void(_) => None,
    }
}

fn states(nonce: Nonce) -> Vec<State<u8>> {
    let fenced = |writers, contended| State::Fenced(Fenced { epoch: nonce, writers, contended });
    let pending = |contended| State::Pending(Pending { stamp: nonce, value: 0, contended });
    vec![
        State::Vacant,
        State::Value(nonce, 0),
        State::Leased(nonce),
        fenced(1, false),
        fenced(1, true),
        fenced(2, true),
        pending(false),
        pending(true),
    ]
}

fn steps(nonce: Nonce) -> Vec<(&'static str, Step<u8>)> {
    let life = Duration::from_secs(1);
    let (stamp, token, epoch, fence) = (nonce, nonce, nonce, life);
    // A reader replaces what it was leased or has read; only a writer has a fence to give up.
    let (lease, value) = (Expected::Lease(nonce), Expected::Value(nonce));
    let fill = |expected| ("fill", Step::Fill { expected, stamp, value: 1, life });
    let release = |expected| ("release", Step::Release { expected });
    let settle = |value| ("settle", Step::Settle { epoch, value });
    let land = |life| ("land", Step::Land { stamp, life, fence });
    vec![
        ("acquire", Step::Acquire { token, life }),
        ("take", Step::Take { stale: value, token, life }),
        ("stamp", Step::Stamp { stamp, value: 1, life }),
        fill(lease),
        fill(value),
        release(lease),
        release(Expected::Fence(nonce)),
        ("fence", Step::Fence { epoch, life }),
        settle(None),
        settle(Some((nonce, 1, life))),
        ("delete", Step::Delete),
        ("pend", Step::Pend { stamp, value: 1 }),
        land(None),
        land(Some(life)),
    ]
}

fn made() -> Arrows {
    let mut arrows = Arrows::new();
    let nonces = [Nonce([1; 16]), Nonce([2; 16])];
    for (state, step) in nonces.into_iter().flat_map(|nonce| {
        states(nonces[0])
            .into_iter()
            .flat_map(move |state| steps(nonce).into_iter().map(move |step| (state.clone(), step)))
    }) {
        let from = name(&state);
        let to = name(&apply(state, step.1).state);
        if let Some((from, to)) = from.zip(to).filter(|(from, to)| from != to) {
            arrows.entry((from.into(), to.into())).or_default().insert(step.0.into());
        }
    }
    arrows
}

fn drawn() -> Arrows {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ARCHITECTURE.md");
    let text = fs::read_to_string(file).expect("the document is there");
    let (_, text) = text.split_once("stateDiagram-v2").expect("it has the diagram");
    let (text, _) = text.split_once("```").expect("the diagram ends");
    let (within, _) = text.split_once('}').expect("one state contains others");
    let arrow = |line: &str| {
        let (from, rest) = line.split_once(" --> ")?;
        let (to, label) = rest.split_once(": ").expect("an arrow names its steps");
        Some((from.trim().to_owned(), to.to_owned(), label.to_owned()))
    };
    // An arrow from the state that contains others is one from each of them.
    let contained: BTreeSet<String> =
        within.lines().filter_map(arrow).flat_map(|(from, to, _)| [from, to]).collect();
    let mut arrows = Arrows::new();
    for (from, to, label) in text.lines().filter_map(arrow) {
        let from = if from == "free" { contained.clone() } else { BTreeSet::from([from]) };
        for from in from {
            let names = label.split(", ").map(str::to_owned);
            arrows.entry((from, to.clone())).or_default().extend(names);
        }
    }
    arrows
}

#[test]
fn the_diagram_has_the_arrows_of_the_steps() {
    let (made, drawn) = (made(), drawn());
    assert!(made.len() > 10, "the test has lost its eyes: {made:?}");
    let pairs = |arrows: &Arrows| arrows.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(pairs(&drawn), pairs(&made));
    for (arrow, labels) in drawn {
        let by = &made[&arrow];
        let first = labels.iter().filter(|label| {
            // `settle with a value`; and what is no step says more about one.
            by.contains(label.split(' ').next().unwrap_or_default())
        });
        assert!(first.count() > 0, "{arrow:?} is made by {by:?}, and labelled {labels:?}");
    }
}
