//! Flights under random joins, departures, hand-overs and outcomes: nobody is forgotten, nobody is handed the past.

use std::sync::Arc;

use proptest::prelude::*;
use tokio::sync::oneshot::{Receiver, error::TryRecvError};

use super::{Flights, Joined, Leadership, Mark, Shared, Signal};
use crate::{codec, encoding::Encoding, protocol::Nonce};

/// What may happen next. Numbers choose among those who are there.
#[derive(Clone, Debug)]
enum Event {
    Join,
    /// A follower's caller is cancelled.
    Leave(usize),
    /// The leader takes a mark.
    Mark,
    /// The leader publishes a value under the mark it took last, or under the beginning.
    Publish,
    /// The leader's load fails, with an error that can be shared or not.
    Fail(bool),
    /// The leader's caller is cancelled.
    Abandon,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        4 => Just(Event::Join),
        1 => any::<usize>().prop_map(Event::Leave),
        2 => Just(Event::Mark),
        2 => Just(Event::Publish),
        1 => any::<bool>().prop_map(Event::Fail),
        1 => Just(Event::Abandon),
    ];
    proptest::collection::vec(event, 1..60)
}

/// The flight and a plain account of who is in it.
struct Play {
    flights: Arc<Flights<u32>>,
    key: Arc<str>,
    leader: Option<Leadership<u32>>,
    mark: Mark,
    /// Followers that have had no signal, with the marks that may not cover them.
    waiting: Vec<(Mark, Receiver<Signal<u32>>)>,
    batons: u32,
}

impl Play {
    fn new() -> Self {
        Play {
            flights: Flights::new(),
            key: "key".into(),
            leader: None,
            mark: Mark::START,
            waiting: Vec::new(),
            batons: 0,
        }
    }

    fn lead(&mut self, mut leader: Leadership<u32>) {
        assert!(self.leader.is_none(), "two leaders of one flight");
        self.mark = Mark::START;
        if leader.baton.is_none() {
            self.batons += 1;
            leader.baton = Some(self.batons);
        }
        self.leader = Some(leader);
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Join => match self.flights.join(&self.key) {
                Joined::Leading(leader) => {
                    assert!(self.waiting.is_empty(), "a second flight beside those who wait");
                    self.lead(leader);
                }
                Joined::Following(receiver) => {
                    let leader = self.leader.as_ref().expect("a flight has a leader");
                    let Mark(after) = leader.mark();
                    self.waiting.push((Mark(after - 1), receiver));
                }
            },
            Event::Leave(which) if !self.waiting.is_empty() => {
                let which = which % self.waiting.len();
                drop(self.waiting.remove(which));
            }
            Event::Mark => {
                if let Some(leader) = &self.leader {
                    self.mark = leader.mark();
                }
            }
            Event::Publish => {
                if let Some(mut leader) = self.leader.take() {
                    leader.baton = None;
                    let mark = self.mark;
                    let value = codec::encode(
                        &mark.0,
                        Nonce([0; 16]),
                        &Encoding::DEFAULT,
                        codec::Meta::default(),
                    )
                    .expect("a number");
                    leader.publish(mark, &Shared::Value(value));
                    self.settle(Some(mark), None);
                }
            }
            Event::Fail(shared) => {
                if let Some(leader) = self.leader.take() {
                    leader.fail(shared.then(|| Arc::new("no") as _));
                    assert!(self.drain_failed(shared), "somebody still waits for a failed load");
                }
            }
            Event::Abandon => {
                if let Some(leader) = self.leader.take() {
                    let baton = leader.baton;
                    drop(leader);
                    self.settle(None, baton);
                }
            }
            Event::Leave(_) => {}
        }
    }

    /// After a leader has gone: exactly those under `mark` have a value, and the oldest of the rest leads,
    /// with `baton`.
    fn settle(&mut self, mark: Option<Mark>, baton: Option<u32>) {
        let mut heir = None;
        for (ticket, mut receiver) in std::mem::take(&mut self.waiting) {
            let covered = mark.is_some_and(|mark| ticket < mark);
            match receiver.try_recv() {
                Ok(Signal::Shared(Shared::Value(entry))) => {
                    assert!(covered, "{ticket:?} was handed a value of before its time");
                    assert_eq!(
                        codec::decode::<u64>(&entry, &Encoding::DEFAULT),
                        Ok(mark.expect("published").0)
                    );
                }
                Ok(Signal::Lead(leader)) => {
                    assert!(
                        !covered && heir.is_none() && self.waiting.is_empty(),
                        "not the oldest"
                    );
                    assert_eq!(leader.baton, baton, "the baton was lost");
                    heir = Some(leader);
                }
                Err(TryRecvError::Empty) => {
                    assert!(!covered && heir.is_some(), "{ticket:?} was forgotten");
                    self.waiting.push((ticket, receiver));
                }
                other => panic!("{ticket:?} got {:?}", other.map(|_| "a wrong signal")),
            }
        }
        if let Some(heir) = heir {
            self.lead(heir);
        }
    }

    fn drain_failed(&mut self, shared: bool) -> bool {
        std::mem::take(&mut self.waiting).into_iter().all(|(_, mut receiver)| {
            match receiver.try_recv() {
                Ok(Signal::Shared(Shared::Failure(_))) => shared,
                Ok(Signal::Alone(_)) => !shared,
                _ => false,
            }
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn nobody_is_forgotten_or_handed_the_past(events in events()) {
        let mut play = Play::new();
        for event in events {
            play.take(event);
        }
        // Whoever is left is served by a last load.
        while let Some(leader) = &play.leader {
            play.mark = leader.mark();
            play.take(Event::Publish);
        }
        prop_assert!(play.waiting.is_empty());
        prop_assert!(play.flights.shard("key").is_empty(), "a flight was left behind");
    }
}

#[test]
fn a_heir_that_leaves_before_it_knows_passes_leadership_on() {
    let flights = Flights::<u32>::new();
    let key: Arc<str> = "key".into();
    let Joined::Leading(mut leader) = flights.join(&key) else { panic!("nobody leads yet") };
    leader.baton = Some(7);
    let Joined::Following(first) = flights.join(&key) else { panic!("there is a leader") };
    let Joined::Following(mut second) = flights.join(&key) else { panic!("there is a leader") };
    drop(leader);
    drop(first);
    match second.try_recv() {
        Ok(Signal::Lead(heir)) => assert_eq!(heir.baton, Some(7)),
        _ => panic!("leadership was lost with a caller that never heard of it"),
    }
}

#[test]
fn callers_that_have_gone_take_no_room() {
    let flights = Flights::<u32>::new();
    let key: Arc<str> = "key".into();
    let Joined::Leading(_leader) = flights.join(&key) else { panic!("nobody leads yet") };
    for _ in 0..10_000 {
        drop(flights.join(&key));
    }
    let waiting = flights.shard(&key).get(&key).map(|flight| flight.waiting.len());
    assert!(waiting.is_some_and(|waiting| waiting <= super::SWEEP), "{waiting:?} are kept");
}
