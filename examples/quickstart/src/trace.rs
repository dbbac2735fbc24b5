//! Reads a trace of real requests.
//!
//! Two formats, plain or compressed by zstd:
//!
//! - ARC's, a line `start count ignored request`: `count` consecutive pages beginning with page
//!   `start` are read. The traces of the ARC paper have it (N. Megiddo, D. S. Modha, "ARC: A
//!   Self-Tuning, Low Overhead Replacement Cache", USENIX FAST 2003). A file with `.lis` in its
//!   name is one, and so is a file whose first line is four numbers.
//! - One key a line, any text.
//!
//! Pages and keys are numbered in the order of their first request. Blank lines are skipped.

use std::{
    borrow::Borrow,
    collections::HashMap,
    fmt,
    fs::File,
    hash::Hash,
    io::{self, BufRead, BufReader, Cursor, Read},
    path::Path,
};

use ruzstd::decoding::StreamingDecoder;

use crate::{options::MOST_REQUESTS, progress::Bar};

/// The four bytes that a zstd frame begins with.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A longer line than this is not one of a trace.
const LONGEST_LINE: u64 = 64 * 1024;

/// The requests of a trace.
#[derive(Debug, PartialEq)]
pub(crate) struct Trace {
    /// The number of the page or key that each request reads.
    pub(crate) reads: Vec<u32>,
    /// How many different ones there are.
    pub(crate) keys: u32,
}

/// Reads the first `limit` requests of the trace at `path`, or all.
pub(crate) fn read(path: &Path, limit: Option<u64>) -> Result<Trace, TraceError> {
    let named = |problem| TraceError { path: path.display().to_string(), problem };
    let file = File::open(path).map_err(|error| named(Problem::Open(error)))?;
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let file = Bar::new("reading the trace", bytes).reading(file);
    let is_arc = path.file_name().is_some_and(|name| name.to_string_lossy().contains(".lis"));
    let format = is_arc.then_some(Format::Arc);
    let text = decompressed(file).map_err(Problem::Open);
    text.and_then(|text| parse(text, format, limit)).map_err(named)
}

/// The text, whether it was compressed or not.
fn decompressed<'r>(mut file: impl Read + 'r) -> io::Result<Box<dyn BufRead + 'r>> {
    let mut head = Vec::new();
    file.by_ref().take(ZSTD.len() as u64).read_to_end(&mut head)?;
    let is_zstd = head == ZSTD;
    let whole = BufReader::new(Cursor::new(head).chain(file));
    Ok(if is_zstd {
        Box::new(BufReader::new(StreamingDecoder::new(whole).map_err(io::Error::other)?))
    } else {
        Box::new(whole)
    })
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Arc,
    Keys,
}

impl Format {
    fn guess(line: &str) -> Self {
        let fields: Vec<_> = line.split_whitespace().map(str::parse::<u64>).collect();
        if fields.len() == 4 && fields.iter().all(Result::is_ok) {
            Format::Arc
        } else {
            Format::Keys
        }
    }
}

/// Reads the text of a trace; without a format, the first line tells it.
fn parse(
    mut text: impl BufRead,
    mut format: Option<Format>,
    limit: Option<u64>,
) -> Result<Trace, Problem> {
    let limit = limit.unwrap_or(u64::MAX);
    let mut reads = Vec::new();
    let mut pages = Numbering::<u64>::default();
    let mut keys = Numbering::<String>::default();
    let mut bytes = Vec::new();
    let mut number = 0;
    while (reads.len() as u64) < limit {
        bytes.clear();
        number += 1;
        let at = |fault| Problem::Line(number, fault);
        let line = match next_line(&mut text, &mut bytes).map_err(at)? {
            None => break,
            Some("") => continue,
            Some(line) => line,
        };
        match *format.get_or_insert_with(|| Format::guess(line)) {
            Format::Arc => {
                let (start, count) = arc_line(line).ok_or_else(|| at(Fault::expected_arc(line)))?;
                let count = count.min(limit - reads.len() as u64);
                if reads.len() as u64 + count > MOST_REQUESTS {
                    return Err(at(Fault::TooMany));
                }
                reads.extend((start..start + count).map(|page| pages.number(&page)));
            }
            Format::Keys => {
                if reads.len() as u64 == MOST_REQUESTS {
                    return Err(at(Fault::TooMany));
                }
                reads.push(keys.number(line));
            }
        }
    }
    if reads.is_empty() {
        return Err(Problem::Empty);
    }
    Ok(Trace { reads, keys: pages.count() + keys.count() })
}

/// The next line without the white space around it, or `None` at the end.
fn next_line<'b>(
    text: &mut impl BufRead,
    bytes: &'b mut Vec<u8>,
) -> Result<Option<&'b str>, Fault> {
    let mut bounded = text.take(LONGEST_LINE + 1);
    let length = bounded.read_until(b'\n', bytes).map_err(Fault::Unreadable)?;
    if length as u64 > LONGEST_LINE {
        return Err(Fault::TooLong);
    }
    if length == 0 {
        return Ok(None);
    }
    let line = str::from_utf8(bytes).map_err(|_| Fault::NotText)?;
    Ok(Some(line.trim()))
}

/// `start` and `count` of a line with four fields, if the pages they name have numbers.
fn arc_line(line: &str) -> Option<(u64, u64)> {
    let mut fields = line.split_whitespace();
    let start: u64 = fields.next()?.parse().ok()?;
    let count: u64 = fields.next()?.parse().ok()?;
    let rest = fields.count();
    (rest == 2 && start.checked_add(count).is_some()).then_some((start, count))
}

/// Numbers things in the order in which they are first seen.
#[derive(Default)]
struct Numbering<T>(HashMap<T, u32>);

impl<T: Hash + Eq> Numbering<T> {
    fn number<Q>(&mut self, thing: &Q) -> u32
    where
        T: Borrow<Q>,
        Q: ToOwned<Owned = T> + Hash + Eq + ?Sized,
    {
        if let Some(number) = self.0.get(thing) {
            return *number;
        }
        let next = self.count();
        self.0.insert(thing.to_owned(), next);
        next
    }

    fn count(&self) -> u32 {
        // There are no more of them than requests.
        self.0.len() as u32
    }
}

/// Why a trace cannot be replayed.
#[derive(Debug)]
pub(crate) struct TraceError {
    path: String,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Open(io::Error),
    Line(u64, Fault),
    Empty,
}

/// What is wrong with a line.
#[derive(Debug)]
enum Fault {
    ExpectedArc(String),
    NotText,
    TooLong,
    TooMany,
    Unreadable(io::Error),
}

impl Fault {
    fn expected_arc(line: &str) -> Self {
        let mut found: String = line.chars().take(60).collect();
        if found.len() < line.len() {
            found.push('…');
        }
        Fault::ExpectedArc(found)
    }
}

impl std::error::Error for TraceError {}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.problem {
            Problem::Open(error) => write!(f, "cannot read the trace {path}: {error}"),
            Problem::Line(number, fault) => write!(f, "{path}: line {number}: {fault}"),
            Problem::Empty => write!(f, "{path}: holds no requests"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::ExpectedArc(found) => {
                let found = found.escape_debug();
                write!(f, "expected `start count x x`, found `{found}`")
            }
            Fault::NotText => f.write_str("expected text, found bytes that are not UTF-8"),
            Fault::TooLong => write!(f, "longer than {LONGEST_LINE} bytes; is this a trace?"),
            Fault::TooMany => {
                write!(f, "more than {MOST_REQUESTS} requests; use --limit for a part of them")
            }
            Fault::Unreadable(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

#[cfg(test)]
mod tests;
