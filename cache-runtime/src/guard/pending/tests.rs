//! The pending invalidations against a plain account of them: what became pending when, and what was sent and confirmed when.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use proptest::{collection::vec, prelude::*};
use tokio::time::timeout;

use super::{LogicalTime, PendingInvalidations};
use crate::{protocol::Nonce, stats::StoreCounters};

const KEYS: usize = 4;

fn invalidations(
    most: usize,
    everything: Option<&str>,
) -> (PendingInvalidations, Arc<StoreCounters>) {
    let counters = Arc::default();
    (PendingInvalidations::new(most, everything.map(Arc::from), &counters), counters)
}

fn key(which: usize) -> Arc<str> {
    format!("key:{which}").into()
}

fn keys(pending: &PendingInvalidations, most: usize) -> Vec<Arc<str>> {
    pending.oldest(most).1.into_iter().map(|(key, _)| key).collect()
}

#[derive(Clone, Debug)]
enum Event {
    /// A write of a key ends unconfirmed.
    Add(usize),
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
        which().prop_map(Event::Add),
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
    /// The last time, on a clock of the test's own, at which it became pending.
    pending_since: Option<usize>,
}

/// What is under way: the key, the moment of the test's clock, and that of the clock under test.
type Sent = (usize, usize, LogicalTime);

proptest! {
    #[test]
    fn a_key_is_pending_until_something_that_was_sent_after_its_last_write_is_confirmed(
        events in vec(event(), 0..60),
    ) {
        let (pending, _) = invalidations(1_000, None);
        let mut plain: Vec<Plain> = (0..KEYS).map(|_| Plain::default()).collect();
        let mut sent: VecDeque<Sent> = VecDeque::new();
        for (now, event) in events.into_iter().enumerate() {
            match event {
                Event::Add(which) => {
                    pending.add(&key(which), None);
                    plain[which].pending_since = Some(now);
                }
                Event::Begin(which) => {
                    prop_assert_eq!(pending.begin(&key(which)), key(which));
                    plain[which].writers += 1;
                }
                Event::End(which, confirmed) if plain[which].writers > 0 => {
                    plain[which].writers -= 1;
                    if confirmed {
                        pending.end(&key(which));
                    } else {
                        pending.end_unconfirmed(&key(which), None);
                        plain[which].pending_since = Some(now);
                    }
                }
                Event::Send(which) => sent.push_back((which, now, pending.now())),
                Event::Confirm(at) if !sent.is_empty() => {
                    let (which, then, moment) = sent.remove(at % sent.len()).expect("it is there");
                    pending.confirm(&key(which), moment);
                    plain[which].pending_since = plain[which].pending_since.filter(|&at| at > then);
                }
                Event::Lose(at) if !sent.is_empty() => drop(sent.remove(at % sent.len())),
                Event::Postpone(which) => pending.postpone(&key(which)),
                _ => {}
            }
            for (which, plain) in plain.iter().enumerate() {
                let is_pending = plain.writers > 0 || plain.pending_since.is_some();
                prop_assert_eq!(pending.contains(&key(which)), is_pending, "key {}", which);
            }
            let pending_keys: Vec<_> = (0..KEYS).filter(|&k| plain[k].pending_since.is_some()).map(key).collect();
            let mut oldest = keys(&pending, KEYS);
            oldest.sort();
            prop_assert_eq!(oldest, pending_keys);
        }
    }

    /// With room for two keys and a namespace: every invalidation is pending, as itself or with everything.
    #[test]
    fn with_a_namespace_nothing_is_lost(events in vec(event(), 0..60)) {
        let (pending, counters) = invalidations(2, Some("#all"));
        let mut plain: BTreeMap<usize, usize> = BTreeMap::new();
        for (now, event) in events.into_iter().enumerate() {
            match event {
                Event::Add(which) => {
                    pending.add(&key(which), None);
                    plain.insert(which, now);
                }
                Event::Confirm(which) => {
                    pending.confirm(&key(which % KEYS), pending.now());
                    plain.remove(&(which % KEYS));
                }
                Event::Lose(_) => {
                    pending.confirm("#all", pending.now());
                    plain.retain(|&which, _| pending.contains(&key(which)));
                }
                _ => {}
            }
            for &which in plain.keys() {
                prop_assert!(pending.contains(&key(which)) || pending.contains("#all"), "key {} is lost", which);
            }
            prop_assert!(pending.len() <= 3);
        }
        prop_assert_eq!(counters.dropped_invalidations.get(), 0);
    }
}

#[test]
fn the_oldest_come_first_and_once() {
    let (pending, _) = invalidations(10, None);
    for which in [3, 1, 2, 1, 3] {
        pending.add(&key(which), None);
    }
    assert_eq!(pending.len(), 3);
    assert_eq!(keys(&pending, 10), [key(3), key(1), key(2)]);
    assert_eq!(keys(&pending, 2), [key(3), key(1)]);
    pending.postpone(&key(3));
    assert_eq!(keys(&pending, 10), [key(1), key(2), key(3)]);
    let (sent, _) = pending.oldest(10);
    pending.add(&key(2), None);
    for which in 1..=3 {
        pending.confirm(&key(which), sent);
    }
    assert_eq!(keys(&pending, 10), [key(2)], "it has been written again meanwhile");
}

#[test]
fn where_there_is_no_room_the_oldest_are_given_up() {
    let (pending, counters) = invalidations(2, None);
    let writer = pending.begin(&key(0));
    (1..=3).for_each(|which| pending.add(&key(which), None));
    assert_eq!(keys(&pending, 10), [key(3)]);
    assert_eq!(counters.dropped_invalidations.get(), 2);
    assert!(pending.contains(&key(0)), "a writer at work is not given up");
    pending.end(&writer);
    assert_eq!(pending.len(), 1);
}

#[test]
fn a_namespace_that_is_pending_stands_for_its_keys() {
    let (pending, _) = invalidations(2, Some("#all"));
    (1..=3).for_each(|which| pending.add(&key(which), None));
    assert_eq!(keys(&pending, 10), [Arc::from("#all")]);
    let (sent, _) = pending.oldest(10);
    let name = pending.begin(&key(4));
    assert_eq!(&*name, "#all");
    pending.end_unconfirmed(&name, None);
    pending.confirm("#all", sent);
    assert!(pending.contains("#all"), "a write has come after it was sent");
    pending.confirm("#all", pending.now());
    assert_eq!(pending.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_can_wait_until_nothing_is_pending() {
    let (pending, counters) = invalidations(10, None);
    pending.all_confirmed().await;
    pending.add(&key(1), None);
    pending.add(&key(2), None);
    assert!(timeout(Duration::from_secs(9), pending.all_confirmed()).await.is_err());
    let pay = async {
        pending.confirm(&key(1), pending.now());
        tokio::task::yield_now().await;
        pending.confirm(&key(2), pending.now());
    };
    tokio::join!(pending.all_confirmed(), pay);
    assert_eq!(counters.snapshot("").pending_invalidations, 0);
}

/// One that is not a writer's, such as that of an invalidation, must not make it forgotten.
#[test]
fn the_last_fence_that_may_stand_is_known() {
    let (pending, _) = invalidations(9, None);
    let own = |pending: &PendingInvalidations| pending.oldest(1).1[0].1;
    let fence = |which| Some(Nonce([which; 16]));
    pending.add(&key(1), None);
    assert_eq!(own(&pending), None);
    pending.add(&key(1), fence(1));
    pending.add(&key(1), None);
    assert_eq!(own(&pending), fence(1));
    pending.begin(&key(1));
    pending.end_unconfirmed(&key(1), fence(2));
    assert_eq!(own(&pending), fence(2));
}
