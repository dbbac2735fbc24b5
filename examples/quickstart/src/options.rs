//! The command line.

use std::{ffi::OsString, fmt::Display, ops::RangeInclusive, path::PathBuf, str::FromStr};

use lexopt::{Arg, Parser, ValueExt};

/// Requests that one run can hold in memory: 800 MB of them.
pub(crate) const MOST_REQUESTS: u64 = 100_000_000;

const HELP: &str = "\
See what the cache saves a user repository over SQLite.

The cache is the store embedded in the library, or the server that CACHE_URL names
(for example CACHE_URL=redis://127.0.0.1/).

Usage: quickstart [OPTIONS]

Options:
  --reads <N>          How many reads the synthetic workload has [default: 100000]
  --users <N>          How many users it spreads them over, by Zipf's law [default: 10000]
  --updates <PERCENT>  Updates, in percent of the reads [default: 1]
  --seed <N>           The same seed gives the same requests [default: 42]
  --tasks <N>          How many tasks send the requests [default: 8]
  --trace <FILE>       Replay the requests in FILE instead: an ARC trace (`start count x x` a
                       line) or one key a line, plain or compressed by zstd
  --limit <N>          Stop after the first N requests of the trace
  --capacity <N>       How many entries the embedded store may hold
  --ttl <SECONDS>      How long an entry lives [default: 3600]
  --json               Print one JSON object instead of tables
  --help               Print this
";

/// What the program is told.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) reads: u64,
    pub(crate) users: u32,
    /// In percent of the reads.
    pub(crate) updates: f64,
    pub(crate) seed: u64,
    pub(crate) tasks: u32,
    pub(crate) trace: Option<PathBuf>,
    pub(crate) limit: Option<u64>,
    pub(crate) capacity: Option<u64>,
    /// In seconds.
    pub(crate) ttl: u64,
    pub(crate) json: bool,
}

/// Why the program does not run.
#[derive(Debug, PartialEq)]
pub(crate) enum Refused {
    /// It was asked for this text.
    Help(&'static str),
    Mistake(String),
}

impl Options {
    /// Reads the arguments, without the program's name.
    pub(crate) fn parse(
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Options, Refused> {
        let mut parser = Parser::from_args(arguments);
        let (mut reads, mut users) = (None, None);
        let mut options = Options {
            reads: 100_000,
            users: 10_000,
            updates: 1.0,
            seed: 42,
            tasks: 8,
            trace: None,
            limit: None,
            capacity: None,
            ttl: 3_600,
            json: false,
        };
        while let Some(argument) = parser.next().map_err(mistake)? {
            match argument {
                Arg::Long("reads") => reads = Some(number(&mut parser, 1..=MOST_REQUESTS)?),
                Arg::Long("users") => users = Some(number(&mut parser, 1..=10_000_000)?),
                Arg::Long("updates") => options.updates = number(&mut parser, 0.0..=100.0)?,
                Arg::Long("seed") => options.seed = number(&mut parser, 0..=u64::MAX)?,
                Arg::Long("tasks") => options.tasks = number(&mut parser, 1..=1_024)?,
                Arg::Long("trace") => {
                    options.trace = Some(parser.value().map_err(mistake)?.into());
                }
                Arg::Long("limit") => options.limit = Some(number(&mut parser, 1..=MOST_REQUESTS)?),
                Arg::Long("capacity") => {
                    options.capacity = Some(number(&mut parser, 1..=u64::from(u32::MAX))?);
                }
                Arg::Long("ttl") => options.ttl = number(&mut parser, 1..=31_536_000)?,
                Arg::Long("json") => options.json = true,
                Arg::Long("help") | Arg::Short('h') => return Err(Refused::Help(HELP)),
                other => return Err(mistake(other.unexpected())),
            }
        }
        if options.trace.is_some() && (reads.is_some() || users.is_some()) {
            return Err(mistake("--trace has its own reads and users"));
        }
        if options.limit.is_some() && options.trace.is_none() {
            return Err(mistake("--limit is for a --trace"));
        }
        (options.reads, options.users) =
            (reads.unwrap_or(options.reads), users.unwrap_or(options.users));
        Ok(options)
    }

    /// Where the requests come from, for the report.
    pub(crate) fn source(&self) -> String {
        match &self.trace {
            Some(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                name.to_string_lossy().into_owned()
            }
            None => format!("Zipf, seed {}", self.seed),
        }
    }
}

/// The value of an option, within bounds.
fn number<T>(parser: &mut Parser, within: RangeInclusive<T>) -> Result<T, Refused>
where
    T: FromStr<Err: Into<Box<dyn std::error::Error + Send + Sync>>> + PartialOrd + Display,
{
    let value: T = parser.value().and_then(|value| value.parse()).map_err(mistake)?;
    if within.contains(&value) {
        return Ok(value);
    }
    let (least, most) = within.into_inner();
    Err(mistake(format!("{value} is not from {least} to {most}")))
}

fn mistake(what: impl Display) -> Refused {
    Refused::Mistake(format!("{what}; --help lists the options"))
}

#[cfg(test)]
mod tests {
    use super::{HELP, Options, Refused};

    #[track_caller]
    fn refused(arguments: &[&str]) -> String {
        match Options::parse(arguments) {
            Err(Refused::Mistake(said)) => said,
            other => panic!("{arguments:?}: {other:?}"),
        }
    }

    #[test]
    fn every_option_in_the_help_is_known_with_the_default_that_it_says() {
        let options = HELP.lines().filter_map(|line| line.trim().strip_prefix("--"));
        let mut seen = 0;
        for line in options {
            let (name, rest) = line.split_once(' ').expect("a meaning");
            let default = line.split_once("[default: ").map(|(_, rest)| rest.trim_end_matches(']'));
            if let Some(default) = default {
                let given = Options::parse([format!("--{name}"), default.to_owned()]);
                assert_eq!(given, Options::parse([""; 0]), "{name}");
            }
            let takes_a_value = rest.starts_with('<');
            if takes_a_value {
                assert!(refused(&[&format!("--{name}")]).contains(name));
            }
            seen += 1;
        }
        assert_eq!(seen, 11);
        assert_eq!(Options::parse(["--help"]), Err(Refused::Help(HELP)));
        assert!(HELP.lines().all(|line| line.len() < 100));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for arguments in [
            ["--reads", "0"],
            ["--users", "0"],
            ["--users", "10000001"],
            ["--tasks", "0"],
            ["--updates", "101"],
            ["--updates", "NaN"],
            ["--ttl", "0"],
            ["--capacity", "4294967296"],
            ["--reads", "many"],
        ] {
            let said = refused(&arguments);
            assert!(
                said.contains(arguments[1]) && said.ends_with("--help lists the options"),
                "{said}"
            );
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for (arguments, part) in [
            (&["--trace", "t", "--reads", "5"][..], "--trace has its own reads"),
            (&["--trace=t", "--users", "5"], "--trace has its own reads"),
            (&["--limit", "5"], "--limit is for a --trace"),
            (&["--read", "5"], "--read"),
            (&["file"], "file"),
            (&["--json=yes"], "json"),
        ] {
            let said = refused(arguments);
            assert!(said.contains(part), "{said}");
        }
    }
}
