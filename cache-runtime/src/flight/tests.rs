//! Flights under random joins, departures, hand-overs and outcomes: nobody is forgotten, nobody is handed the past.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use tokio::sync::oneshot::error::TryRecvError;

use super::{Caller, Flights, Follower, Joined, Leadership, Mark, Shared, Signal, TakenOver};
use crate::{codec, encoding::Encoding, entry::Entry, protocol::Nonce};

/// What may happen next. Numbers choose among those who are there.
#[derive(Clone, Debug)]
enum Event {
    Join(Caller),
    /// A follower's caller is cancelled.
    Leave(usize),
    /// A follower has waited too long.
    TakeOver(usize),
    /// The leader begins to wait for the lease of a batch.
    WaitForBatch,
    /// The leader takes a mark.
    Mark,
    /// The leader publishes a value under the mark it took last, or under the beginning.
    Publish,
    /// The leader's load fails, with an error that can be shared or not.
    Fail(bool),
    /// The leader's caller is cancelled.
    Abandon,
    /// One that was taken over from does the same.
    Former(usize, Late),
}

#[derive(Clone, Debug)]
enum Late {
    Mark,
    Publish,
    Fail(bool),
    Abandon,
    WaitForBatch,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let late = prop_oneof![
        2 => Just(Late::Mark),
        2 => Just(Late::Publish),
        1 => any::<bool>().prop_map(Late::Fail),
        1 => Just(Late::Abandon),
        1 => Just(Late::WaitForBatch),
    ];
    let caller = prop_oneof![3 => Just(Caller::TopLevel), 1 => Just(Caller::WithinLoad)];
    let event = prop_oneof![
        4 => caller.prop_map(Event::Join),
        1 => any::<usize>().prop_map(Event::Leave),
        1 => any::<usize>().prop_map(Event::TakeOver),
        1 => Just(Event::WaitForBatch),
        2 => Just(Event::Mark),
        2 => Just(Event::Publish),
        1 => any::<bool>().prop_map(Event::Fail),
        1 => Just(Event::Abandon),
        2 => (any::<usize>(), late).prop_map(|(which, late)| Event::Former(which, late)),
    ];
    proptest::collection::vec(event, 1..60)
}

/// One that leads or has led, and the mark it took last.
struct Led {
    leadership: Leadership<u32>,
    mark: Mark,
}

/// The flight and a plain account of who is in it.
struct Play {
    flights: Arc<Flights<u32>>,
    key: Arc<str>,
    leader: Option<Led>,
    /// Those that were taken over from.
    former: Vec<Led>,
    waits_for_batch: bool,
    /// Followers that have had no signal.
    waiting: Vec<(Caller, Follower<u32>)>,
    batons: u32,
}

impl Play {
    fn new() -> Self {
        Play {
            flights: Flights::new(),
            key: "key".into(),
            leader: None,
            former: Vec::new(),
            waits_for_batch: false,
            waiting: Vec::new(),
            batons: 0,
        }
    }

    fn lead(&mut self, mut leadership: Leadership<u32>) {
        assert!(self.leader.is_none(), "two leaders of one flight");
        if leadership.baton.is_none() {
            self.batons += 1;
            leadership.baton = Some(self.batons);
        }
        self.waits_for_batch = false;
        self.leader = Some(Led { leadership, mark: Mark::START });
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Join(caller) => match self.flights.join(&self.key, caller) {
                Joined::Leading(leader) => {
                    assert!(self.waiting.is_empty(), "a second flight beside those who wait");
                    self.lead(leader);
                }
                Joined::Following(follower) => {
                    assert!(self.leader.is_some(), "a flight has a leader");
                    assert!(
                        caller == Caller::TopLevel || !self.waits_for_batch,
                        "it waits for a batch"
                    );
                    self.waiting.push((caller, follower));
                }
                Joined::Apart => {
                    assert!(caller == Caller::WithinLoad && self.waits_for_batch);
                }
            },
            Event::Leave(which) if !self.waiting.is_empty() => {
                let which = which % self.waiting.len();
                drop(self.waiting.remove(which));
            }
            Event::TakeOver(which) if !self.waiting.is_empty() => {
                let (_, mut follower) = self.waiting.remove(which % self.waiting.len());
                let taken = self.flights.take_over(&self.key, &follower, Duration::ZERO);
                let TakenOver::Leading(leadership) = taken else { panic!("it has waited") };
                assert!(follower.signal.try_recv().is_err(), "it has no signal besides");
                self.former.extend(self.leader.take());
                self.lead(leadership);
            }
            Event::WaitForBatch => {
                if let Some(led) = &self.leader {
                    led.leadership.waits_for_batch();
                    self.waits_for_batch = true;
                    self.waiting.retain_mut(|(caller, follower)| {
                        match follower.signal.try_recv() {
                            Ok(Signal::Alone(_)) => {
                                assert_eq!(*caller, Caller::WithinLoad);
                                false
                            }
                            Err(TryRecvError::Empty) => {
                                assert_eq!(*caller, Caller::TopLevel);
                                true
                            }
                            _ => panic!("a wrong signal"),
                        }
                    });
                }
            }
            Event::Mark => {
                if let Some(led) = &mut self.leader {
                    led.mark = led.leadership.mark();
                }
            }
            Event::Publish => {
                if let Some(Led { mut leadership, mark }) = self.leader.take() {
                    leadership.baton = None;
                    leadership.publish(mark, &Shared::Value(value(mark)));
                    self.settle(Some(mark), None);
                }
            }
            Event::Fail(shared) => {
                if let Some(led) = self.leader.take() {
                    led.leadership.fail(shared.then(|| Arc::new("no") as _));
                    assert!(self.drain_failed(shared), "somebody still waits for a failed load");
                }
            }
            Event::Abandon => {
                if let Some(Led { leadership, .. }) = self.leader.take() {
                    let baton = leadership.baton;
                    drop(leadership);
                    self.settle(None, baton);
                }
            }
            Event::Former(which, late) if !self.former.is_empty() => {
                let which = which % self.former.len();
                self.take_late(which, late);
            }
            Event::Leave(_) | Event::TakeOver(_) | Event::Former(..) => {}
        }
    }

    /// One that was taken over from covers those under its mark. It disturbs nobody else.
    fn take_late(&mut self, which: usize, late: Late) {
        let mark = match late {
            Late::Mark => {
                let led = &mut self.former[which];
                led.mark = led.leadership.mark();
                return;
            }
            Late::WaitForBatch => {
                self.former[which].leadership.waits_for_batch();
                None
            }
            Late::Publish => {
                let Led { leadership, mark } = self.former.remove(which);
                leadership.publish(mark, &Shared::Value(value(mark)));
                Some(mark)
            }
            Late::Fail(shared) => {
                let led = self.former.remove(which);
                led.leadership.fail(shared.then(|| Arc::new("no") as _));
                None
            }
            Late::Abandon => {
                drop(self.former.remove(which));
                None
            }
        };
        self.waiting.retain_mut(|(_, follower)| {
            let covered = mark.is_some_and(|mark| follower.ticket < mark.0);
            match follower.signal.try_recv() {
                Ok(Signal::Shared(Shared::Value(entry))) => {
                    assert!(covered, "it was handed a value of before its time");
                    assert_eq!(Some(mark_of(&entry)), mark);
                    false
                }
                Err(TryRecvError::Empty) => {
                    assert!(!covered, "it was forgotten");
                    true
                }
                _ => panic!("a wrong signal"),
            }
        });
    }

    /// After a leader has gone: exactly those under `mark` have a value, and the oldest of the rest leads,
    /// with `baton`.
    fn settle(&mut self, mark: Option<Mark>, baton: Option<u32>) {
        let mut heir = None;
        for (caller, mut follower) in std::mem::take(&mut self.waiting) {
            let ticket = follower.ticket;
            let covered = mark.is_some_and(|mark| ticket < mark.0);
            match follower.signal.try_recv() {
                Ok(Signal::Shared(Shared::Value(entry))) => {
                    assert!(covered, "{ticket:?} was handed a value of before its time");
                    assert_eq!(Some(mark_of(&entry)), mark);
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
                    self.waiting.push((caller, follower));
                }
                other => panic!("{ticket:?} got {:?}", other.map(|_| "a wrong signal")),
            }
        }
        if let Some(heir) = heir {
            self.lead(heir);
        }
    }

    fn drain_failed(&mut self, shared: bool) -> bool {
        std::mem::take(&mut self.waiting).into_iter().all(|(_, mut follower)| {
            match follower.signal.try_recv() {
                Ok(Signal::Shared(Shared::Failure(_))) => shared,
                Ok(Signal::Alone(_)) => !shared,
                _ => false,
            }
        })
    }
}

/// A value that tells its mark.
fn value(mark: Mark) -> Entry {
    let (stamp, meta) = (Nonce([0; 16]), codec::Meta::default());
    codec::encode(&mark.0, stamp, &Encoding::DEFAULT, meta).expect("a number")
}

fn mark_of(entry: &Entry) -> Mark {
    Mark(codec::decode(entry, &Encoding::DEFAULT).expect("a number"))
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
        while let Some(led) = &mut play.leader {
            led.mark = led.leadership.mark();
            play.take(Event::Publish);
        }
        prop_assert!(play.waiting.is_empty());
        prop_assert!(play.flights.shard("key").flights.is_empty(), "a flight was left behind");
    }
}

#[test]
fn a_heir_that_leaves_before_it_knows_passes_leadership_on() {
    let flights = Flights::<u32>::new();
    let key: Arc<str> = "key".into();
    let Joined::Leading(mut leader) = flights.join(&key, Caller::TopLevel) else {
        panic!("nobody leads yet")
    };
    leader.baton = Some(7);
    let Joined::Following(first) = flights.join(&key, Caller::TopLevel) else {
        panic!("there is a leader")
    };
    let Joined::Following(mut second) = flights.join(&key, Caller::TopLevel) else {
        panic!("there is a leader")
    };
    drop(leader);
    drop(first);
    match second.signal.try_recv() {
        Ok(Signal::Lead(heir)) => assert_eq!(heir.baton, Some(7)),
        _ => panic!("leadership was lost with a caller that never heard of it"),
    }
}

#[test]
fn callers_that_have_gone_take_no_room() {
    let flights = Flights::<u32>::new();
    let key: Arc<str> = "key".into();
    let Joined::Leading(_leader) = flights.join(&key, Caller::TopLevel) else {
        panic!("nobody leads yet")
    };
    for _ in 0..10_000 {
        drop(flights.join(&key, Caller::TopLevel));
    }
    let waiting = flights.shard(&key).flights.get(&key).map(|flight| flight.waiting.len());
    assert!(waiting.is_some_and(|waiting| waiting <= super::SWEEP), "{waiting:?} are kept");
}
