//! Queues of both stores held equal: the same random operations have to come to the same, and leave the same
//! under the keys.
//!
//! Places are compared by the order in which they were given.

use std::time::Duration;

use cache_test_support::server::RedisServer;
use fastrand::Rng;

use super::{
    DeadLetterOutcome, DeadLetterRequest, Enqueued, Landing, Names, Replayed, Source, Taken,
};
use crate::{
    codec,
    encoding::Encoding,
    encryption::Encryptor,
    entry::Entry,
    look::Look,
    protocol::{Nonce, Reply, State, Step},
    store::{
        Store,
        breaker::Breakers,
        memory::MemoryStore,
        queue::Item,
        redis::{Address, RedisStore},
    },
};

const TOKEN: Nonce = Nonce([0xF1; 16]);
const LIFE: Duration = Duration::from_secs(1000);
const CAPACITY: u64 = 6;
const KEYS: [&str; 3] = ["a", "b", "c"];

fn entry(stamp: Nonce) -> Entry {
    codec::encode(&stamp.0[0], stamp, &Encoding::DEFAULT, codec::Meta::default()).expect("a number")
}

/// One of the stores, and what a flusher has in hand.
struct Bed<'a> {
    store: &'a Store,
    source: Source<'a>,
    names: Names,
    /// Every place that was given, in order.
    places: Vec<i64>,
    taken: Vec<Item>,
    began: bool,
}

/// What is done, with numbers that choose among what there is.
#[derive(Clone, Debug)]
enum Action {
    Enqueue(usize, Nonce),
    Take { most: usize, again: bool },
    Land { which: usize, kept: bool },
    Bury(usize),
    Replay(usize, Nonce),
    Forget(usize),
    Delete(usize),
    Fence(usize, Nonce),
}

impl Action {
    fn any(rng: &mut Rng) -> Action {
        let mut nonce = [0; 16];
        rng.fill(&mut nonce);
        let (which, nonce) = (rng.usize(..), Nonce(nonce));
        match rng.u8(..16) {
            0..5 => Action::Enqueue(which, nonce),
            5..8 => Action::Take { most: rng.usize(1..5), again: rng.u8(..3) == 0 },
            8..11 => Action::Land { which, kept: rng.bool() },
            11..13 => Action::Bury(which),
            13 => Action::Replay(which, nonce),
            14 if rng.bool() => Action::Forget(which),
            14 => Action::Delete(which),
            _ => Action::Fence(which, nonce),
        }
    }
}

impl<'a> Bed<'a> {
    async fn new(store: &'a Store, title: &str) -> Bed<'a> {
        let names = Names::new(None, title);
        let acquire = Step::Acquire { token: TOKEN, life: LIFE };
        assert_eq!(
            store.lane(&names.leader).run(&names.leader, acquire).await,
            Ok(Reply::Acquired)
        );
        let (places, taken) = (Vec::new(), Vec::new());
        Bed { store, source: store.source(), names, places, taken, began: false }
    }

    fn key(&self, which: usize) -> String {
        format!("{}:{}", self.names.title, KEYS[which % KEYS.len()])
    }

    /// How many places were given before this one.
    fn order(&self, seq: i64) -> usize {
        self.places.iter().position(|&place| place == seq).expect("it was given")
    }

    async fn accepted(&mut self) {
        let (_, last) = self.store.ends(&self.names).await.unwrap().expect("it is there");
        assert!(self.places.iter().all(|&place| place < last), "{last} after {:?}", self.places);
        self.places.push(last);
    }

    /// One of those in hand, which it is no longer.
    fn pick(&mut self, which: usize) -> Option<Item> {
        let at = which.checked_rem(self.taken.len())?;
        Some(self.taken.remove(at))
    }

    /// Does it, and says what came of it.
    async fn act(&mut self, action: &Action) -> String {
        match *action {
            Action::Enqueue(which, stamp) => {
                let (key, value) = (self.key(which), entry(stamp));
                let enqueued = self.store.enqueue(&self.names, &key, &value, CAPACITY).await;
                if enqueued == Ok(Enqueued::Accepted) {
                    self.accepted().await;
                }
                format!("{enqueued:?}")
            }
            Action::Take { most, again } => {
                // Before the first look at what is unfinished there is nobody to hand anything to.
                let again = again || !std::mem::replace(&mut self.began, true);
                if again {
                    self.taken.clear();
                }
                let again = again.then_some(0);
                let taken = self.source.take(&self.names, TOKEN, most, again).await;
                let Ok(Taken::Items { items, more }) = taken else { panic!("{taken:?}") };
                let seen: Vec<_> =
                    items.iter().map(|item| (self.order(item.seq), item.stamp())).collect();
                self.taken.extend(items);
                format!("{seen:?} {more}")
            }
            Action::Land { which, kept } => {
                let Some(item) = self.pick(which) else { return String::new() };
                let landing = Landing {
                    key: &item.key,
                    stamp: item.stamp(),
                    life: kept.then_some(LIFE),
                    seqs: &[item.seq],
                };
                format!("{:?}", self.source.land(&self.names, &[landing], LIFE).await)
            }
            Action::Bury(which) => {
                let Some(item) = self.pick(which) else { return String::new() };
                let request = DeadLetterRequest {
                    item: &item,
                    seqs: &[item.seq],
                    error: "no room",
                    attempts: 3,
                };
                format!("{:?}", self.source.dead_letter(&self.names, &request, LIFE).await)
            }
            Action::Replay(which, stamp) => {
                let Some((id, key)) = self.letter(which).await else { return String::new() };
                let replayed = self.store.replay(&self.names, (&id, &key), stamp, CAPACITY).await;
                if replayed == Ok(Replayed::Queued) {
                    self.accepted().await;
                }
                format!("{replayed:?}")
            }
            Action::Forget(which) => {
                let Some((id, key)) = self.letter(which).await else { return String::new() };
                format!("{:?}", self.store.forget(&self.names, (&id, &key)).await)
            }
            Action::Delete(which) => {
                format!(
                    "{:?}",
                    self.store.lane(&self.key(which)).run(&self.key(which), Step::Delete).await
                )
            }
            Action::Fence(which, epoch) => {
                let fence = Step::Fence { epoch, life: LIFE };
                format!(
                    "{:?}",
                    self.store.lane(&self.key(which)).run(&self.key(which), fence).await
                )
            }
        }
    }

    async fn letter(&self, which: usize) -> Option<(String, String)> {
        let mut letters = self.store.letters(&self.names, 100).await.unwrap();
        let at = which.checked_rem(letters.len())?;
        let letter = letters.swap_remove(at);
        Some((letter.id, letter.item.key.to_string()))
    }

    /// All that can be seen from outside.
    async fn sight(&self) -> String {
        let mut sight = format!("{:?} queued", self.store.queued(&self.names).await);
        for which in 0..KEYS.len() {
            let Ok(Reply::Found(state)) =
                self.store.lane(&self.key(which)).run(&self.key(which), Step::Read).await
            else {
                panic!("it can be read")
            };
            sight += &format!(", {state:?}");
        }
        for letter in self.store.letters(&self.names, 100).await.unwrap() {
            let order = self.order(letter.item.seq);
            let (stamp, key) = (letter.item.stamp(), letter.item.key);
            sight += &format!(", {order} {key} {stamp:?} {} {}", letter.error, letter.attempts);
        }
        sight
    }
}

fn redis(server: &RedisServer) -> Store {
    let address = Address::parse(&server.url()).expect("the URL is well-formed");
    Store::Redis(RedisStore::new(address, 1, Encryptor::default(), &Breakers::default()))
}

#[tokio::test]
async fn the_stores_have_the_same_queues() {
    const SEQUENCES: u64 = 150;
    const ACTIONS: usize = 40;

    let server = RedisServer::start();
    let stores = [Store::Memory(MemoryStore::of_values(10_000)), redis(&server)];
    for seed in 0..SEQUENCES {
        let mut rng = Rng::with_seed(seed);
        let title = format!("queue-{seed}");
        let mut beds = [Bed::new(&stores[0], &title).await, Bed::new(&stores[1], &title).await];
        let mut history = Vec::new();
        for _ in 0..ACTIONS {
            let action = Action::any(&mut rng);
            history.push(format!("{action:?}"));
            let came = [beds[0].act(&action).await, beds[1].act(&action).await];
            let seen = [beds[0].sight().await, beds[1].sight().await];
            let so_far = || format!("{came:#?} {seen:#?} after\n  {}", history.join("\n  "));
            assert!(came[0] == came[1] && seen[0] == seen[1], "seed {seed}: {}", so_far());
        }
    }
}

/// However many look-ups that takes.
#[tokio::test]
async fn all_that_is_unfinished_can_be_taken_up() {
    let server = RedisServer::start();
    for store in [Store::Memory(MemoryStore::of_values(10)), redis(&server)] {
        let mut bed = Bed::new(&store, "queue").await;
        for stamp in 1..=5 {
            bed.act(&Action::Enqueue(0, Nonce([stamp; 16]))).await;
        }
        bed.act(&Action::Take { most: 5, again: true }).await;
        bed.act(&Action::Enqueue(0, Nonce([6; 16]))).await;
        let mut from = 0;
        let mut seen = Vec::new();
        for expected in [true, true, false] {
            let taken = bed.source.take(&bed.names, TOKEN, 2, Some(from)).await;
            let Ok(Taken::Items { items, more }) = taken else { panic!("{taken:?}") };
            assert_eq!(more, expected, "after {seen:?}");
            seen.extend(items.iter().map(|item| bed.order(item.seq)));
            from = items.last().expect("there are some").seq + 1;
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
        let taken = bed.source.take(&bed.names, TOKEN, 9, None).await;
        assert!(matches!(&taken, Ok(Taken::Items { items, .. }) if items.len() == 1), "{taken:?}");
    }
}

/// What one is handed who no longer leads could be seen by the next leader too late.
#[tokio::test]
async fn only_the_leader_is_handed_anything() {
    let server = RedisServer::start();
    for store in [Store::Memory(MemoryStore::of_values(10)), redis(&server)] {
        let mut bed = Bed::new(&store, "queue").await;
        bed.act(&Action::Enqueue(0, Nonce([1; 16]))).await;
        for again in [Some(0), None] {
            let taken = bed.source.take(&bed.names, Nonce([2; 16]), 10, again).await;
            assert!(matches!(taken, Ok(Taken::Deposed)), "{taken:?}");
        }
        let taken = bed.source.take(&bed.names, TOKEN, 10, None).await;
        let taken = match taken {
            // The group is made with the first look at what is unfinished.
            Err(_) => bed.source.take(&bed.names, TOKEN, 10, Some(0)).await,
            taken => taken,
        };
        assert!(matches!(&taken, Ok(Taken::Items { items, .. }) if items.len() == 1), "{taken:?}");
    }
}

#[tokio::test]
async fn places_grow_though_the_clock_goes_back() {
    let server = RedisServer::start();
    let store = redis(&server);
    let mut bed = Bed::new(&store, "queue").await;
    // Some years ahead.
    let ahead = "2000000000000000-0";
    let entry = server.command(&["XADD", "#queue:queue", ahead, "k", "x", "v", "y"]);
    assert!(entry.contains(ahead), "{entry}");
    bed.act(&Action::Enqueue(0, Nonce([1; 16]))).await;
    bed.act(&Action::Enqueue(1, Nonce([2; 16]))).await;
    assert_eq!(bed.places, [2_000_000_000_000_001, 2_000_000_000_000_002]);
}

#[tokio::test]
async fn what_no_write_has_put_there_is_put_aside() {
    let server = RedisServer::start();
    let store = redis(&server);
    let mut bed = Bed::new(&store, "queue").await;
    for (id, field) in [("1-0", "nothing"), ("2-7", "k")] {
        server.command(&["XADD", "#queue:queue", id, field, "x"]);
    }
    bed.act(&Action::Enqueue(0, Nonce([1; 16]))).await;
    server.command(&["XADD", "#queue:queue", "*", "k", "key", "v", "from another version"]);
    let taken = bed.source.take(&bed.names, TOKEN, 10, Some(0)).await;
    let Ok(Taken::Items { items, .. }) = taken else { panic!("{taken:?}") };
    // The last id is none that a write gives, either.
    assert_eq!(items.len(), 1);
    assert_eq!(store.queued(&bed.names).await, Ok(1), "the rest is gone");

    server.command(&["XADD", "#queue:queue", "9000000000000000-0", "k", "key", "v", "not ours"]);
    let taken = bed.source.take(&bed.names, TOKEN, 10, None).await;
    let Ok(Taken::Items { items, .. }) = taken else { panic!("{taken:?}") };
    assert_eq!((items.len(), items[0].entry.is_none()), (1, true));
    let request =
        DeadLetterRequest { item: &items[0], seqs: &[items[0].seq], error: "", attempts: 0 };
    assert_eq!(
        bed.source.dead_letter(&bed.names, &request, LIFE).await,
        Ok(DeadLetterOutcome::Dead)
    );
    let letters = store.letters(&bed.names, 10).await.unwrap();
    assert!(letters[0].item.entry.is_none(), "its bytes are kept: {letters:?}");
}

/// A batch of more entries than Lua has room for arguments.
#[tokio::test]
async fn a_batch_of_any_size_lands() {
    const WRITES: u8 = 200;
    const KEYS: u64 = 60;

    let server = RedisServer::start();
    let store = redis(&server);
    let mut bed = Bed::new(&store, "queue").await;
    let mut stamps = Vec::new();
    for key in 0..KEYS {
        for write in 0..WRITES {
            let mut stamp = [write; 16];
            stamp[1..9].copy_from_slice(&key.to_le_bytes());
            let (key, value) = (format!("key:{key}"), entry(Nonce(stamp)));
            let enqueued = store.enqueue(&bed.names, &key, &value, u64::MAX / 2).await;
            assert_eq!(enqueued, Ok(Enqueued::Accepted));
            stamps.push(Nonce(stamp));
        }
    }
    let all = usize::from(WRITES) * KEYS as usize;
    let taken = bed.source.take(&bed.names, TOKEN, all, Some(0)).await;
    let Ok(Taken::Items { items, .. }) = taken else { panic!("{taken:?}") };
    assert_eq!(items.len(), all);
    let seqs: Vec<i64> = items.iter().map(|item| item.seq).collect();
    let landings: Vec<_> = items
        .chunks(usize::from(WRITES))
        .zip(seqs.chunks(usize::from(WRITES)))
        .map(|(items, seqs)| {
            let last = items.last().expect("there are some");
            Landing { key: &last.key, stamp: last.stamp(), life: Some(LIFE), seqs }
        })
        .collect();
    assert_eq!(bed.source.land(&bed.names, &landings, LIFE).await, Ok(()));
    assert_eq!(store.queued(&bed.names).await, Ok(0));
    let landed = store.lane("key:59").look("key:59", Look::Store).await;
    assert!(matches!(landed, Ok(State::Value(stamp, _)) if stamp == stamps[all - 1]), "{landed:?}");
}
