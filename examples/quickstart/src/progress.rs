//! Progress bars, on a terminal only, for what takes longer than two seconds.

use std::{
    fmt,
    io::{self, IsTerminal, Read, Write},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use crate::format::grouped;

/// What is over by then needs no bar.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between two drawings.
const EVERY: Duration = Duration::from_millis(100);

const WIDTH: u64 = 32;

/// A bar on standard error, which is gone when it is dropped.
pub(crate) struct Bar {
    what: &'static str,
    total: u64,
    done: AtomicU64,
    start: Instant,
    /// When it is drawn next, in milliseconds from the start; never, where nobody looks.
    due: AtomicU64,
}

impl Bar {
    pub(crate) fn new(what: &'static str, total: u64) -> Bar {
        let due = if io::stderr().is_terminal() { milliseconds(PATIENCE) } else { u64::MAX };
        let (done, due) = (AtomicU64::new(0), AtomicU64::new(due));
        Bar { what, total: total.max(1), done, start: Instant::now(), due }
    }

    /// Notes that so much more is done.
    pub(crate) fn add(&self, more: u64) {
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        let (elapsed, due) = (self.start.elapsed(), self.due.load(Ordering::Relaxed));
        let next = milliseconds(elapsed + EVERY);
        // One of several threads draws it.
        let order = Ordering::Relaxed;
        if milliseconds(elapsed) >= due
            && self.due.compare_exchange(due, next, order, order).is_ok()
        {
            let line =
                Line { what: self.what, done: done.min(self.total), total: self.total, elapsed };
            _ = write!(io::stderr(), "\r{line}\u{1b}[K");
        }
    }

    /// A reader that moves the bar.
    pub(crate) fn reading<R: Read>(self, inner: R) -> Reading<R> {
        Reading { bar: self, inner }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        let due = *self.due.get_mut();
        if due != u64::MAX && due > milliseconds(PATIENCE) {
            _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

pub(crate) struct Reading<R> {
    bar: Bar,
    inner: R,
}

impl<R: Read> Read for Reading<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bar.add(read as u64);
        Ok(read)
    }
}

/// What stands on the terminal.
struct Line {
    what: &'static str,
    done: u64,
    total: u64,
    elapsed: Duration,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Line { what, done, total, elapsed } = self;
        let full = (WIDTH * done / total) as usize;
        let left = elapsed.as_secs_f64() * (total - done) as f64 / (*done).max(1) as f64;
        let bar = format!("{}{}", "█".repeat(full), "░".repeat(WIDTH as usize - full));
        write!(f, "{what} {bar} {} of {}, {left:.0} s left", grouped(*done), grouped(*total))
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Bar, Line};

    #[test]
    fn a_line_says_how_much_is_done_and_how_long_the_rest_takes() {
        let line =
            |done| Line { what: "reading", done, total: 4_000, elapsed: Duration::from_secs(3) };
        let half = "█".repeat(8) + &"░".repeat(24);
        assert_eq!(line(1_000).to_string(), format!("reading {half} 1,000 of 4,000, 9 s left"));
        assert!(line(4_000).to_string().ends_with("█ 4,000 of 4,000, 0 s left"));
        assert!(line(0).to_string().contains("░ 0 of 4,000"));
    }

    #[test]
    fn more_may_be_done_than_was_expected() {
        let bar = Bar::new("reading", 0);
        bar.add(7);
        bar.add(7);
    }
}
