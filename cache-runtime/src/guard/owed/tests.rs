//! What is owed, against a plain account of it: what was owed when, and what was sent when and confirmed.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use proptest::{collection::vec, prelude::*};
use tokio::time::timeout;

use super::{Moment, Owed};
use crate::{protocol::Nonce, stats::StoreCounters};

const KEYS: usize = 4;

fn owed(most: usize, everything: Option<&str>) -> (Owed, Arc<StoreCounters>) {
    let counters = Arc::default();
    (Owed::new(most, everything.map(Arc::from), &counters), counters)
}

fn key(which: usize) -> Arc<str> {
    format!("key:{which}").into()
}

fn keys(owed: &Owed, most: usize) -> Vec<Arc<str>> {
    owed.oldest(most).1.into_iter().map(|(key, _)| key).collect()
}

#[derive(Clone, Debug)]
enum Event {
    /// A write of a key ends unconfirmed.
    Owe(usize),
    /// A writer begins without a confirmed fence.
    Begin(usize),
    /// The first such writer ends, and has been confirmed or not.
    End(usize, bool),
    /// Something is sent that empties the key.
    Send(usize),
    /// One of those that were sent is confirmed.
    Confirm(usize),
    /// One of those that were sent is lost.
    Lose(usize),
    Postpone(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let which = || 0..KEYS;
    prop_oneof![
        which().prop_map(Event::Owe),
        which().prop_map(Event::Begin),
        (which(), any::<bool>()).prop_map(|(which, confirmed)| Event::End(which, confirmed)),
        which().prop_map(Event::Send),
        which().prop_map(Event::Send),
        any::<usize>().prop_map(Event::Confirm),
        any::<usize>().prop_map(Event::Confirm),
        any::<usize>().prop_map(Event::Lose),
        which().prop_map(Event::Postpone),
    ]
}

/// The plain account of one key.
#[derive(Default)]
struct Plain {
    writers: usize,
    /// The last moment, on a clock of the test's own, at which it came to be owed.
    owed_at: Option<usize>,
}

/// What is under way: the key, the moment of the test's clock, and that of the clock under test.
type Sent = (usize, usize, Moment);

proptest! {
    #[test]
    fn a_key_is_owed_until_something_that_was_sent_after_its_last_write_is_confirmed(
        events in vec(event(), 0..60),
    ) {
        let (owed, _) = owed(1_000, None);
        let mut plain: Vec<Plain> = (0..KEYS).map(|_| Plain::default()).collect();
        let mut sent: VecDeque<Sent> = VecDeque::new();
        for (now, event) in events.into_iter().enumerate() {
            match event {
                Event::Owe(which) => {
                    owed.owe(&key(which), None);
                    plain[which].owed_at = Some(now);
                }
                Event::Begin(which) => {
                    prop_assert_eq!(owed.begin(&key(which)), key(which));
                    plain[which].writers += 1;
                }
                Event::End(which, confirmed) if plain[which].writers > 0 => {
                    plain[which].writers -= 1;
                    if confirmed {
                        owed.end(&key(which));
                    } else {
                        owed.end_owing(&key(which), None);
                        plain[which].owed_at = Some(now);
                    }
                }
                Event::Send(which) => sent.push_back((which, now, owed.now())),
                Event::Confirm(at) if !sent.is_empty() => {
                    let (which, then, moment) = sent.remove(at % sent.len()).expect("it is there");
                    owed.confirm(&key(which), moment);
                    plain[which].owed_at = plain[which].owed_at.filter(|&at| at > then);
                }
                Event::Lose(at) if !sent.is_empty() => drop(sent.remove(at % sent.len())),
                Event::Postpone(which) => owed.postpone(&key(which)),
                _ => {}
            }
            for (which, plain) in plain.iter().enumerate() {
                let is_owed = plain.writers > 0 || plain.owed_at.is_some();
                prop_assert_eq!(owed.has(&key(which)), is_owed, "key {}", which);
            }
            let debts: Vec<_> = (0..KEYS).filter(|&k| plain[k].owed_at.is_some()).map(key).collect();
            let mut oldest = keys(&owed, KEYS);
            oldest.sort();
            prop_assert_eq!(oldest, debts);
        }
    }

    /// With room for two keys and a namespace: whatever is owed is read past, as itself or with everything.
    #[test]
    fn with_a_namespace_nothing_is_lost(events in vec(event(), 0..60)) {
        let (owed, counters) = owed(2, Some("#all"));
        let mut plain: BTreeMap<usize, usize> = BTreeMap::new();
        for (now, event) in events.into_iter().enumerate() {
            match event {
                Event::Owe(which) => {
                    owed.owe(&key(which), None);
                    plain.insert(which, now);
                }
                Event::Confirm(which) => {
                    owed.confirm(&key(which % KEYS), owed.now());
                    plain.remove(&(which % KEYS));
                }
                Event::Lose(_) => {
                    owed.confirm("#all", owed.now());
                    plain.retain(|&which, _| owed.has(&key(which)));
                }
                _ => {}
            }
            for &which in plain.keys() {
                prop_assert!(owed.has(&key(which)) || owed.has("#all"), "key {} is lost", which);
            }
            prop_assert!(owed.len() <= 3);
        }
        prop_assert_eq!(counters.dropped_invalidations.get(), 0);
    }
}

#[test]
fn the_oldest_come_first_and_once() {
    let (owed, _) = owed(10, None);
    for which in [3, 1, 2, 1, 3] {
        owed.owe(&key(which), None);
    }
    assert_eq!(owed.len(), 3);
    assert_eq!(keys(&owed, 10), [key(3), key(1), key(2)]);
    assert_eq!(keys(&owed, 2), [key(3), key(1)]);
    owed.postpone(&key(3));
    assert_eq!(keys(&owed, 10), [key(1), key(2), key(3)]);
    let (sent, _) = owed.oldest(10);
    owed.owe(&key(2), None);
    for which in 1..=3 {
        owed.confirm(&key(which), sent);
    }
    assert_eq!(keys(&owed, 10), [key(2)], "it has been written again meanwhile");
}

#[test]
fn where_there_is_no_room_the_oldest_are_given_up() {
    let (owed, counters) = owed(2, None);
    let writer = owed.begin(&key(0));
    (1..=3).for_each(|which| owed.owe(&key(which), None));
    assert_eq!(keys(&owed, 10), [key(3)]);
    assert_eq!(counters.dropped_invalidations.get(), 2);
    assert!(owed.has(&key(0)), "a writer at work is not given up");
    owed.end(&writer);
    assert_eq!(owed.len(), 1);
}

#[test]
fn a_namespace_that_is_owed_stands_for_its_keys() {
    let (owed, _) = owed(2, Some("#all"));
    (1..=3).for_each(|which| owed.owe(&key(which), None));
    assert_eq!(keys(&owed, 10), [Arc::from("#all")]);
    let (sent, _) = owed.oldest(10);
    let name = owed.begin(&key(4));
    assert_eq!(&*name, "#all");
    owed.end_owing(&name, None);
    owed.confirm("#all", sent);
    assert!(owed.has("#all"), "a write has come after it was sent");
    owed.confirm("#all", owed.now());
    assert_eq!(owed.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_can_wait_until_nothing_is_owed() {
    let (owed, counters) = owed(10, None);
    owed.paid().await;
    owed.owe(&key(1), None);
    owed.owe(&key(2), None);
    assert!(timeout(Duration::from_secs(9), owed.paid()).await.is_err());
    let pay = async {
        owed.confirm(&key(1), owed.now());
        tokio::task::yield_now().await;
        owed.confirm(&key(2), owed.now());
    };
    tokio::join!(owed.paid(), pay);
    assert_eq!(counters.snapshot("").pending_invalidations, 0);
}

/// A debt that is not a writer's, such as that of an invalidation, must not make it forgotten.
#[test]
fn the_last_fence_that_may_stand_is_known() {
    let (owed, _) = owed(9, None);
    let own = |owed: &Owed| owed.oldest(1).1[0].1;
    let fence = |which| Some(Nonce([which; 16]));
    owed.owe(&key(1), None);
    assert_eq!(own(&owed), None);
    owed.owe(&key(1), fence(1));
    owed.owe(&key(1), None);
    assert_eq!(own(&owed), fence(1));
    owed.begin(&key(1));
    owed.end_owing(&key(1), fence(2));
    assert_eq!(own(&owed), fence(2));
}
