//! A slow reader against a writer, one line at a time: whatever the order, no read that begins after the
//! write was acknowledged sees the old row.

mod writers;

use cache_runtime::Cache;
use cache_tests::{by_hand::Shelf, dialogue::Dialogue, race, server::RedisServer};

const FUNCTIONS: [&str; 2] = ["plain", "locked"];
const WAYS: [&str; 5] = ["attribute", "through", "closure", "fence", "invalidate"];

/// The ways that fence before they write.
const FENCING_WAYS: [&str; 4] = ["attribute", "through", "closure", "fence"];

/// The ways that leave the new row for readers of `plain`.
const WAYS_THROUGH: [&str; 2] = ["through", "closure"];

const OLD: u64 = 1;
const NEW: u64 = 2;
const NEWEST: u64 = 3;

/// Whether who reads after the write has to load: it is no hit, and can follow another load or have a lease.
fn leaves_nothing(way: &str, function: &str) -> bool {
    function != "plain" || !WAYS_THROUGH.contains(&way)
}

/// Where a race is run.
#[derive(Clone, Copy, Debug)]
enum Course {
    /// One process, the embedded store.
    Embedded,
    /// One process, Redis.
    Redis,
    /// Two processes, Redis.
    Processes,
}

/// Those who race.
struct Race {
    reader: Dialogue,
    /// None where reader and writer are one process.
    writer: Option<Dialogue>,
    /// The version that the database holds.
    row: u64,
    _server: Option<RedisServer>,
}

impl Race {
    async fn on(course: Course) -> Race {
        let server = match course {
            Course::Embedded => None,
            Course::Redis | Course::Processes => Some(RedisServer::start()),
        };
        let url = server.as_ref().map(RedisServer::url);
        let (reader, writer) = match (course, url) {
            (Course::Processes, Some(url)) => (process(&url), Some(process(&url))),
            (_, Some(url)) => {
                let cache = Cache::connect(&url).await.expect("the server's URL is right");
                let shelf = Shelf::redis(&url).await.expect("the server is there");
                (task(cache, shelf), None)
            }
            (_, None) => (task(Cache::in_memory(), Shelf::memory()), None),
        };
        Race { reader, writer, row: OLD, _server: server }
    }

    fn writer(&mut self) -> &mut Dialogue {
        self.writer.as_mut().unwrap_or(&mut self.reader)
    }

    /// The reader misses and queries, and its answer is under way: whatever comes now, it will get the old
    /// row.
    async fn begin_slow_read(&mut self, function: &str) {
        self.reader.say(&format!("read {function} slow")).await;
        self.reader.hear("query slow").await;
    }

    async fn end_slow_read(&mut self) {
        self.reader.say(&format!("row slow {OLD}")).await;
        // It began before the write was acknowledged, so it may return what it saw.
        self.reader.hear(&format!("answer slow {OLD}")).await;
    }

    /// The writer has done all that comes before its statement.
    async fn begin_write(&mut self, way: &str) {
        self.writer().say(&format!("write {way} write")).await;
        self.writer().hear("query write").await;
    }

    /// The statement is committed, and the write acknowledged.
    async fn end_write(&mut self) {
        self.row = NEW;
        self.writer().say(&format!("row write {NEW}")).await;
        self.writer().hear(&format!("answer write {NEW}")).await;
    }

    async fn write(&mut self, way: &str) {
        self.begin_write(way).await;
        self.end_write().await;
    }

    /// Another writer, of the reader's own process, begins.
    async fn begin_other_write(&mut self, way: &str) {
        self.reader.say(&format!("write {way} other")).await;
        self.reader.hear("query other").await;
    }

    /// The statement of the other writer has been committed, as `version`, and the write is acknowledged.
    async fn end_other_write(&mut self, version: u64) {
        self.reader.say(&format!("row other {version}")).await;
        self.reader.hear(&format!("answer other {version}")).await;
    }

    /// What a read gives that begins now, in each process.
    async fn read(&mut self, function: &str) -> Vec<Read> {
        let mut reads = vec![read(&mut self.reader, function, "now", self.row).await];
        if let Some(writer) = &mut self.writer {
            reads.push(read(writer, function, "now", self.row).await);
        }
        reads
    }

    /// Waits until so many calls of the reader's have found nothing in the store.
    ///
    /// A call counts and joins its flight without a pause between, and the service runs on one thread.
    async fn until_missed(&mut self, misses: u64) {
        loop {
            self.reader.say("misses").await;
            if self.reader.hear_after("misses ").await == misses.to_string() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

/// What a read gave.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Read {
    version: u64,
    loaded: bool,
}

/// Reads, with a database that holds `row` and answers at once.
async fn read(party: &mut Dialogue, function: &str, call: &str, row: u64) -> Read {
    party.say(&format!("read {function} {call}")).await;
    finish_read(party, call, row).await
}

async fn finish_read(party: &mut Dialogue, call: &str, row: u64) -> Read {
    let (query, answer) = (format!("query {call}"), format!("answer {call} "));
    let next = |line: &str| {
        let version = line.strip_prefix(&answer).map(|version| version.parse().ok());
        if line == query { Some(None) } else { version }
    };
    if let Some(version) = party.hear_one(&answer, next).await {
        return Read { version, loaded: false };
    }
    party.say(&format!("row {call} {row}")).await;
    let version = party.hear_after(&answer).await;
    Read { version: version.parse().expect("a version is a number"), loaded: true }
}

fn process(url: &str) -> Dialogue {
    Dialogue::with_process(env!("CARGO_BIN_EXE_race-worker"), &[url])
        .expect("a worker can be started")
}

fn task(cache: Cache, shelf: Shelf) -> Dialogue {
    Dialogue::with_task(|input, output| race::serve(cache, shelf, input, output))
}

fn versions(reads: &[Read]) -> Vec<u64> {
    reads.iter().map(|read| read.version).collect()
}

/// The race that every hand-written cache-aside loses.
async fn slow_reader(course: Course, function: &str, way: &str) -> Vec<u64> {
    let mut race = Race::on(course).await;
    race.begin_slow_read(function).await;
    race.write(way).await;
    race.end_slow_read().await;
    versions(&race.read(function).await)
}

async fn slow_reader_every_way(course: Course) {
    for function in FUNCTIONS {
        for way in WAYS {
            let seen = slow_reader(course, function, way).await;
            assert!(seen.iter().all(|&version| version == NEW), "{function}, {way}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn slow_reader_leaves_nothing_old_in_the_embedded_store() {
    slow_reader_every_way(Course::Embedded).await;
}

#[tokio::test]
async fn slow_reader_leaves_nothing_old_in_redis() {
    slow_reader_every_way(Course::Redis).await;
}

#[tokio::test]
async fn slow_reader_of_another_process_leaves_nothing_old() {
    slow_reader_every_way(Course::Processes).await;
}

/// The control: were the caching done by hand, the old row would be served in every one of these.
#[tokio::test]
async fn by_hand_the_same_race_serves_the_old_row() {
    for course in [Course::Embedded, Course::Redis, Course::Processes] {
        let seen = slow_reader(course, "by-hand", "by-hand").await;
        assert!(seen.iter().all(|&version| version == OLD), "{course:?}: {seen:?}");
    }
}

/// A slow reader cannot pass for the reader of another process that has the lease by now.
#[tokio::test]
async fn slow_reader_stores_nothing_old_under_the_lease_of_another_process() {
    for function in FUNCTIONS {
        for way in WAYS.into_iter().filter(|way| leaves_nothing(way, function)) {
            let mut race = Race::on(Course::Processes).await;
            race.begin_slow_read(function).await;
            race.write(way).await;
            race.writer().say(&format!("read {function} other")).await;
            race.writer().hear("query other").await;
            race.end_slow_read().await;
            race.writer().say(&format!("row other {NEW}")).await;
            race.writer().hear(&format!("answer other {NEW}")).await;
            let seen = versions(&race.read(function).await);
            assert_eq!(seen, [NEW, NEW], "{function}, {way}");
        }
    }
}

/// A caller that joins a load after the write was acknowledged is not handed what that load saw.
async fn late_follower(course: Course) {
    for function in FUNCTIONS {
        for way in WAYS.into_iter().filter(|way| leaves_nothing(way, function)) {
            let mut race = Race::on(course).await;
            race.begin_slow_read(function).await;
            race.write(way).await;
            race.reader.say(&format!("read {function} late")).await;
            race.until_missed(2).await;
            assert!(!race.reader.has_heard("query late"), "{function}, {way}: it did not follow");
            race.end_slow_read().await;
            let late = finish_read(&mut race.reader, "late", race.row).await;
            assert_eq!(late.version, NEW, "{function}, {way}");
        }
    }
}

#[tokio::test]
async fn late_follower_is_not_handed_the_old_row_with_the_embedded_store() {
    late_follower(Course::Embedded).await;
}

#[tokio::test]
async fn late_follower_is_not_handed_the_old_row_with_redis() {
    late_follower(Course::Redis).await;
}

#[tokio::test]
async fn late_follower_is_not_handed_the_old_row_of_another_process_write() {
    late_follower(Course::Processes).await;
}

/// A read that begins under the fence sees the row from before the commit, and must not store it.
#[tokio::test]
async fn reader_that_begins_during_a_write_leaves_nothing_old() {
    for course in [Course::Embedded, Course::Redis, Course::Processes] {
        for function in FUNCTIONS {
            for way in WAYS {
                let mut race = Race::on(course).await;
                race.begin_write(way).await;
                race.begin_slow_read(function).await;
                race.end_write().await;
                race.end_slow_read().await;
                let seen = versions(&race.read(function).await);
                let fresh = seen.iter().all(|&version| version == NEW);
                assert!(fresh, "{course:?}, {function}, {way}: {seen:?}");
            }
        }
    }
}

/// From the moment a fencing writer begins, the value that was cached is gone, everywhere.
#[tokio::test]
async fn cached_row_is_not_served_during_a_write() {
    for course in [Course::Embedded, Course::Redis, Course::Processes] {
        for function in FUNCTIONS {
            for way in FENCING_WAYS {
                let mut race = Race::on(course).await;
                race.read(function).await;
                let warm = race.read(function).await;
                assert!(warm.iter().all(|read| !read.loaded), "{course:?}, {function}: {warm:?}");
                race.begin_write(way).await;
                // The database may have committed already: only the writer does not know it yet.
                race.row = NEW;
                let seen = versions(&race.read(function).await);
                let fresh = seen.iter().all(|&version| version == NEW);
                assert!(fresh, "{course:?}, {function}, {way}: {seen:?}");
                race.end_write().await;
            }
        }
    }
}

/// A writer that dies between its commit and the settlement leaves a fence behind, not the old value.
#[tokio::test]
async fn cached_row_is_not_served_after_a_writer_was_killed() {
    for function in FUNCTIONS {
        for way in FENCING_WAYS {
            let mut race = Race::on(Course::Processes).await;
            race.read(function).await;
            race.begin_write(way).await;
            race.row = NEW;
            let writer = race.writer.take().expect("the writer is a process");
            writer.kill().await.expect("a process can be killed");
            let seen = versions(&race.read(function).await);
            assert_eq!(seen, [NEW], "{function}, {way}");
        }
    }
}

/// Nothing of the above is had by never caching: once the race is over, the new row is cached.
#[tokio::test]
async fn new_row_is_cached_after_the_race() {
    for course in [Course::Embedded, Course::Redis, Course::Processes] {
        for function in FUNCTIONS {
            for way in WAYS {
                let mut race = Race::on(course).await;
                race.begin_slow_read(function).await;
                race.write(way).await;
                race.end_slow_read().await;
                race.read(function).await;
                let seen = race.read(function).await;
                let cached = Read { version: NEW, loaded: false };
                let all = seen.iter().all(|&read| read == cached);
                assert!(all, "{course:?}, {function}, {way}: {seen:?}");
            }
        }
    }
}
