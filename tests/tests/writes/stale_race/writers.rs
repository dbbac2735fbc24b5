//! Writers that leave what they wrote, alone and against one another: whatever the order in which they begin, commit
//! and end, no older row stays.

use super::{Course, NEW, NEWEST, OLD, Race, Read, WAYS, WAYS_THROUGH, versions};

/// What a writer left is there for the next read, in each process, without a load.
#[tokio::test]
async fn row_that_was_written_through_is_read_without_a_load() {
    for course in [Course::Embedded, Course::Redis, Course::Processes] {
        for way in WAYS_THROUGH {
            let mut race = Race::on(course).await;
            race.begin_slow_read("plain").await;
            race.write(way).await;
            race.end_slow_read().await;
            let seen = race.read("plain").await;
            let cached = Read { version: NEW, loaded: false };
            assert!(seen.iter().all(|&read| read == cached), "{course:?}, {way}: {seen:?}");
        }
    }
}

/// Two writers overlap. The one whose row was committed first settles last, and must not put it over the
/// newer one, whichever way that was written.
#[tokio::test]
async fn overlapping_writers_whose_ends_are_reversed_leave_nothing_old() {
    for course in [Course::Embedded, Course::Redis, Course::Processes] {
        for way in WAYS_THROUGH {
            for other in WAYS {
                let mut race = Race::on(course).await;
                race.begin_write(way).await;
                race.begin_other_write(other).await;
                // The database has committed the row of the first writer, then that of the other.
                race.row = NEWEST;
                race.end_other_write(NEWEST).await;
                race.writer().say(&format!("row write {NEW}")).await;
                race.writer().hear(&format!("answer write {NEW}")).await;
                let seen = versions(&race.read("plain").await);
                let fresh = seen.iter().all(|&version| version == NEWEST);
                assert!(fresh, "{course:?}, {way} against {other}: {seen:?}");
            }
        }
    }
}

/// The same, with the commits the other way round: the first writer to begin commits last, and the other one
/// acknowledges last.
#[tokio::test]
async fn overlapping_writers_leave_nothing_old_whoever_began() {
    for course in [Course::Embedded, Course::Redis, Course::Processes] {
        for way in WAYS {
            for other in WAYS_THROUGH {
                let mut race = Race::on(course).await;
                race.begin_write(way).await;
                race.begin_other_write(other).await;
                race.row = NEWEST;
                race.writer().say(&format!("row write {NEWEST}")).await;
                race.writer().hear(&format!("answer write {NEWEST}")).await;
                race.end_other_write(NEW).await;
                let seen = versions(&race.read("plain").await);
                let fresh = seen.iter().all(|&version| version == NEWEST);
                assert!(fresh, "{course:?}, {way} against {other}: {seen:?}");
            }
        }
    }
}

/// And once they are over, writing through works as before.
#[tokio::test]
async fn after_overlapping_writers_the_next_one_leaves_its_row() {
    for course in [Course::Embedded, Course::Redis, Course::Processes] {
        for way in WAYS_THROUGH {
            let mut race = Race::on(course).await;
            race.begin_write(way).await;
            race.begin_other_write(way).await;
            race.end_other_write(OLD).await;
            race.end_write().await;
            race.write(way).await;
            let seen = race.read("plain").await;
            let cached = Read { version: NEW, loaded: false };
            assert!(seen.iter().all(|&read| read == cached), "{course:?}, {way}: {seen:?}");
        }
    }
}
