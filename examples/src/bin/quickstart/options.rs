//! The command line.

use std::path::PathBuf;

use clap::{Parser, builder::RangedU64ValueParser};

/// Requests that one run can hold in memory: 800 MB of them.
pub(crate) const MOST_REQUESTS: u64 = 100_000_000;

/// See what the cache saves a user repository over SQLite.
///
/// The cache is the store embedded in the library, or the server that CACHE_URL names
/// (for example CACHE_URL=redis://127.0.0.1/).
#[derive(Debug, Parser)]
#[command(name = "quickstart")]
pub(crate) struct Options {
    /// How many reads the synthetic workload has
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = at_most(MOST_REQUESTS))]
    pub(crate) reads: u64,

    /// How many users it spreads them over, by Zipf's law
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = at_most_u32(10_000_000))]
    pub(crate) users: u32,

    /// Updates, in percent of the reads
    #[arg(long, value_name = "PERCENT", default_value_t = 1.0, value_parser = percent)]
    pub(crate) updates: f64,

    /// The same seed gives the same requests
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,

    /// How many tasks send the requests
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = at_most_u32(1_024))]
    pub(crate) tasks: u32,

    /// Replay the requests in FILE instead: an ARC trace (`start count x x` a line) or one key a
    /// line, plain or compressed by zstd
    #[arg(long, value_name = "FILE", conflicts_with_all = ["reads", "users"])]
    pub(crate) trace: Option<PathBuf>,

    /// Stop after the first N requests of the trace
    #[arg(long, value_name = "N", requires = "trace", value_parser = at_most(MOST_REQUESTS))]
    pub(crate) limit: Option<u64>,

    /// How many entries the embedded store may hold
    #[arg(long, value_name = "N", value_parser = at_most(u64::from(u32::MAX)))]
    pub(crate) capacity: Option<u64>,

    /// How long an entry lives, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600, value_parser = at_most(31_536_000))]
    pub(crate) ttl: u64,

    /// Print one JSON object instead of tables
    #[arg(long)]
    pub(crate) json: bool,
}

impl Options {
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

fn at_most(most: u64) -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(1..=most)
}

fn at_most_u32(most: u64) -> RangedU64ValueParser<u32> {
    RangedU64ValueParser::new().range(1..=most)
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("expected a number from 0 to 100".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Options;

    #[test]
    fn the_definition_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for arguments in [
            ["--reads", "0"],
            ["--users", "0"],
            ["--tasks", "0"],
            ["--updates", "101"],
            ["--updates", "NaN"],
            ["--ttl", "0"],
            ["--capacity", "0"],
        ] {
            let line = ["quickstart"].into_iter().chain(arguments);
            assert!(Options::try_parse_from(line).is_err(), "{arguments:?}");
        }
    }
}
