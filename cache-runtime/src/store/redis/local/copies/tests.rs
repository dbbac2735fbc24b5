//! What takes copies away, and what keeps a read from leaving one.

use super::*;
use crate::{entry::Entry, protocol::Nonce};

const FOR_EVER: Duration = Duration::MAX;

fn at(millis: u64) -> Time {
    Time(1_000_000_000_000 + millis * 1_000_000)
}

struct World {
    copies: Copies,
    tracked: Arc<Tracked>,
}

impl World {
    fn new() -> World {
        let settings = LocalSettings::DEFAULT;
        let copies = Copies::new(settings, "#local".into(), Arc::default());
        World::of(copies)
    }

    fn of(copies: Copies) -> World {
        copies.agreement.heard(&Value::Nil, at(0));
        let tracked = Tracked::new(*copies.settings(), false);
        World { copies, tracked }
    }

    /// A read of `key` that ends at once.
    fn read(&self, key: &str) {
        let ticket = self.copies.ticket(key);
        self.insert(key, ticket);
    }

    fn insert(&self, key: &str, ticket: Ticket) {
        let (entry, tracked) = (Entry::tag(Nonce([7; 16])), Arc::clone(&self.tracked));
        let copy = Copy::new(entry, tracked, at(0), at(100));
        self.copies.insert(key, copy, ticket);
    }

    fn has(&self, key: &str) -> bool {
        self.copies.get(key, FOR_EVER, at(1)).is_some()
    }

    fn push(&self, data: Vec<Value>) {
        self.copies.pushed(&self.tracked, &PushInfo { kind: PushKind::Invalidate, data });
    }

    fn push_key(&self, key: &str) {
        self.push(vec![Value::Array(vec![Value::BulkString(key.into())])]);
    }
}

#[test]
fn a_copy_is_served_until_its_time_is_over() {
    let world = World::new();
    world.read("key");
    assert!(world.copies.get("key", FOR_EVER, at(99)).is_some());
    assert!(world.copies.get("key", FOR_EVER, at(100)).is_none());
    assert!(world.copies.get("key", Duration::from_millis(50), at(49)).is_some());
    assert!(world.copies.get("key", Duration::from_millis(50), at(50)).is_none());
    assert!(!world.has("another"));
}

#[test]
fn a_copy_ends_with_the_servers_word() {
    let world = World::new();
    world.read("key");
    world.read("other");
    world.push_key("key");
    assert!(!world.has("key") && world.has("other"));
    world.push(vec![Value::Nil]);
    assert!(!world.has("other"), "all keys are gone");
}

#[test]
fn what_is_invalidated_while_it_is_read_is_not_kept() {
    let world = World::new();
    let ticket = world.copies.ticket("key");
    // The first insertion makes the room; the word comes before it.
    world.push_key("key");
    world.insert("key", ticket);
    assert!(!world.has("key"));
    let ticket = world.copies.ticket("key");
    world.push(vec![Value::Nil]);
    world.insert("key", ticket);
    assert!(!world.has("key"));
    world.read("key");
    assert!(world.has("key"));
}

#[test]
fn what_is_taken_away_while_somebody_looks_at_it_is_not_served() {
    let world = World::new();
    let taken = |away: &dyn Fn()| {
        world.read("key");
        let copy = world.copies.get("key", FOR_EVER, at(1)).expect("it is there");
        away();
        // The lease is renewed behind that.
        world.tracked.answered(at(2));
        copy.holds(at(1))
    };
    assert!(taken(&|| ()));
    assert!(!taken(&|| world.push_key("key")));
    assert!(!taken(&|| world.push(vec![Value::Nil])));
    assert!(!taken(&|| world.read("key")), "another one took its place");
    assert!(!taken(&|| drop(world.copies.write("key"))));
}

#[test]
fn a_lost_connection_takes_its_copies_along() {
    let world = World::new();
    world.read("key");
    let ticket = world.copies.ticket("late");
    let lost = PushInfo { kind: PushKind::Disconnection, data: Vec::new() };
    world.copies.pushed(&world.tracked, &lost);
    world.insert("late", ticket);
    assert!(!world.has("key") && !world.has("late"));
    world.copies.sweep();
    assert_eq!(world.copies.size().0, 0);
}

#[test]
fn a_step_of_this_process_takes_its_own_copy_away() {
    let world = World::new();
    world.read("key");
    let before = world.copies.ticket("key");
    let writing = world.copies.write("key");
    assert!(!world.has("key"));
    world.insert("key", before);
    let meanwhile = world.copies.ticket("key");
    world.insert("key", meanwhile);
    assert!(!world.has("key"), "nothing is kept while it is under way");
    drop(writing);
    world.insert("key", meanwhile);
    assert!(!world.has("key"), "it may have been read before the step");
    world.read("key");
    assert!(world.has("key"));
}

#[test]
fn what_is_read_first_during_a_step_is_not_kept() {
    let world = World::new();
    let writing = world.copies.write("key");
    let ticket = world.copies.ticket("key");
    drop(writing);
    world.insert("key", ticket);
    assert!(!world.has("key"));
}

#[test]
fn copies_can_be_switched_off() {
    let world = World::new();
    world.read("key");
    let ticket = world.copies.ticket("late");
    world.copies.switch(false);
    world.insert("late", ticket);
    assert!(!world.has("key") && !world.has("late"));
    world.copies.switch(true);
    assert!(!world.has("key") && !world.has("late"));
    world.read("key");
    assert!(world.has("key"));
}

#[test]
fn the_room_is_bounded() {
    let settings = LocalSettings { capacity: 100_000, ..LocalSettings::DEFAULT };
    let copies = Copies::new(settings, "#local".into(), Arc::default());
    let world = World::of(copies);
    for at in 0..10_000 {
        world.read(&format!("key:{at}"));
    }
    let (copies, bytes) = world.copies.size();
    assert!(copies > 100 && bytes <= 100_000, "{copies} copies, {bytes} bytes");
}

#[test]
fn a_copy_ends_no_later_than_the_servers() {
    assert_eq!(end(at(5), 60), Some(at(65)));
    assert_eq!(end(at(5), -1), Some(Time::FOREVER));
    assert_eq!(end(at(5), -2), None, "there is nothing any more");
    assert_eq!(end(at(5), 0), None);
}
