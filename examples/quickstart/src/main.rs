//! What the cache does for a user repository over SQLite, measured on this machine.
//!
//! `cargo run --bin quickstart` needs no server: the cache is the store embedded in the library.
//! `CACHE_URL=redis://127.0.0.1 cargo run --bin quickstart` runs the same program over Redis.
//! The repository is in `users.rs`; the other files measure it.

mod calls;
mod database;
mod format;
mod ideal;
mod options;
mod progress;
mod replay;
mod report;
mod store;
mod trace;
mod users;
mod workload;

use std::{
    error::Error,
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use cache_runtime::Cache;

use crate::{
    calls::{FirstCalls, Stampede},
    database::Database,
    ideal::Ideal,
    options::{Options, Refused},
    replay::{Versions, replay},
    report::{Comparison, Report},
    store::Store,
    users::Users,
    workload::Workload,
};

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args_os().skip(1)) {
        Ok(options) => options,
        Err(Refused::Help(text)) => {
            _ = io::stdout().write_all(text.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(Refused::Mistake(mistake)) => {
            eprintln!("error: {mistake}");
            return ExitCode::from(2);
        }
    };
    let outcome = tokio::select! {
        outcome = run(&options) => outcome,
        // Leaving through here drops the temporary database, which being killed would not.
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    match outcome {
        Ok(report) if report.stale_reads() == 0 => ExitCode::SUCCESS,
        Ok(report) => {
            eprintln!("error: {} reads were stale", report.stale_reads());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The whole program: set up, three measurements, a table of hit rates. It fits a screen of 24 lines.
async fn run(options: &Options) -> Result<Report, Box<dyn Error>> {
    let workload = Arc::new(workload(options)?);
    let store = Store::connect(options).await?;
    // Two users more than the workload has, for the calls before it.
    let database = Database::create(workload.users + 2)?;
    let users = |cache: &Cache| {
        let ttl = Duration::from_secs(options.ttl);
        Arc::new(Users::new(database.clone(), cache.clone(), ttl))
    };
    let cached = users(&store.cache);
    let uncached = users(&Cache::disabled());
    let print = |section: &dyn Display| match options.json {
        true => Ok(()),
        // Unlike `println!`, this does not panic where nobody reads any more (`| head`).
        false => writeln!(io::stdout(), "{section}"),
    };
    print(&format_args!("A user repository over SQLite, cached in {}.\n", store.name))?;

    let first_calls = FirstCalls::measure(&cached, workload.users + 1).await?;
    print(&first_calls)?;
    let stampede = Stampede::measure(&uncached, &cached, workload.users + 2).await?;
    print(&format_args!("{stampede}\n"))?;

    let versions = Arc::new(Versions::new(workload.users));
    let tasks = options.tasks;
    let without_cache = replay("without the cache", &uncached, &workload, &versions, tasks).await?;
    let with_cache = replay("with the cache", &cached, &workload, &versions, tasks).await?;
    let ideal = Ideal::of(&workload, store.capacity, cached.ttl(), &with_cache.moments);
    let comparison = Comparison::new(options, &workload, without_cache, with_cache, ideal);
    print(&comparison)?;

    let stats = store.cache.stats();
    print(&NEXT)?;

    let report = Report { store: store.name, first_calls, stampede, workload: comparison, stats };
    if options.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&report)?)?;
    }
    Ok(report)
}

/// What to try after this.
const NEXT: &str = "\
Next, over Redis:  CACHE_URL=redis://127.0.0.1 cargo run --bin quickstart
Each strategy:     cargo run --bin cache_aside (or tags, batches, freshness …)
A whole service:   cargo run --bin users-api
How it is written: examples/quickstart/src/users.rs";

/// The requests to replay: those of a trace, or a synthetic mix.
fn workload(options: &Options) -> Result<Workload, Box<dyn Error>> {
    Ok(match &options.trace {
        Some(path) => {
            let trace = trace::read(path, options.limit)?;
            Workload::new(trace.reads, trace.keys, options.updates, options.seed)
        }
        None => Workload::zipf(options.reads, options.users, options.updates, options.seed),
    })
}
