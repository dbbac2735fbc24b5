//! Measures all ways in one run, and prints the tables. `run` builds and calls it.

use std::{collections::HashMap, env, process::Command, time::Duration};

use cache_compare::{
    cases::{
        outage::{self, Outage, Outages},
        slow_reader,
        stampede::{self, Stampede},
    },
    interleaved::{Call, Effort, Outcome, Time, measure},
    table::{duration, markdown, number, time},
    value::Size,
    ways::{Subject, Way},
};
use cache_test_support::server::RedisServer;

const REDIS: [Way; 4] = [Way::Ours, Way::Cached, Way::Hitbox, Way::ByHand];
const LOCAL: [Way; 8] = [
    Way::OursLocal,
    Way::OursLocalNamespace,
    Way::OursEmbedded,
    Way::CachedMemory,
    Way::ClientSide,
    Way::Quick,
    // Ratios are to the last.
    Way::ByHand,
    Way::Moka,
];
const MISSES: [Way; 6] =
    [Way::Ours, Way::OursLocked, Way::Cached, Way::Hitbox, Way::ClientSide, Way::ByHand];
const STAMPEDES: [Way; 10] = [
    Way::Ours,
    Way::OursLocked,
    Way::OursEmbedded,
    Way::ByHand,
    Way::Cached,
    Way::CachedMemory,
    Way::CachedByKey,
    Way::Hitbox,
    Way::Moka,
    Way::Quick,
];
const OUTAGES: [Way; 6] =
    [Way::Ours, Way::OursLocal, Way::Cached, Way::Hitbox, Way::ClientSide, Way::ByHand];
const RACES: [Way; 10] = [
    Way::Ours,
    Way::OursLocal,
    Way::OursEmbedded,
    Way::ByHand,
    Way::ClientSide,
    Way::Cached,
    Way::CachedMemory,
    Way::Hitbox,
    Way::Moka,
    Way::Quick,
];

/// What is run, the same for all.
struct Run {
    effort: Effort,
    stampedes: usize,
    races: usize,
    /// Calls under valgrind, whose difference counts.
    counted: u64,
}

const FULL: Run = Run {
    effort: Effort { blocks: 9, rounds: 11, slice: Duration::from_millis(12) },
    stampedes: 9,
    races: 200,
    counted: 500,
};
const QUICK: Run = Run {
    effort: Effort { blocks: 3, rounds: 3, slice: Duration::from_millis(10) },
    stampedes: 3,
    races: 20,
    counted: 100,
};

/// What a service has by default: as many threads as there are cores.
#[tokio::main]
async fn main() {
    let run = if env::args().any(|arg| arg == "--quick") { QUICK } else { FULL };
    let mut server = RedisServer::start();
    let subject = Subject::new(&server.url()).await;
    let mut short = Short::default();
    let counts = Counts::take(run.counted);
    let mut full = String::new();
    full += &hits(subject, &run, &counts, &mut short).await;
    full += &local_hits(subject, &run, &counts, &mut short).await;
    full += &misses(subject, &run, &counts, &mut short).await;
    full += &stampedes(subject, &run, &mut short).await;
    full += &slow_readers(subject, &run, &mut short).await;
    full += &outages(&mut server, subject, &mut short).await;
    println!("{}\n{}\n{full}", machine(&server), short.table());
}

/// The README's table.
#[derive(Default)]
struct Short(Vec<(String, HashMap<Way, String>)>);

impl Short {
    const COLUMNS: [&[Way]; 7] = [
        &[Way::Ours, Way::OursLocal],
        &[Way::ByHand],
        &[Way::Cached],
        &[Way::Hitbox],
        &[Way::ClientSide],
        &[Way::Moka],
        &[Way::Quick],
    ];

    fn add(&mut self, title: &str, cells: impl IntoIterator<Item = (Way, String)>) {
        self.0.push((title.to_owned(), cells.into_iter().collect()));
    }

    fn table(&self) -> String {
        let heads = [
            "",
            "`cache-runtime`",
            "`GET`, `SETEX` by hand",
            "`cached`, Redis",
            "`hitbox`, Redis",
            "`redis`, client-side caching",
            "`moka`",
            "`quick_cache`",
        ];
        let rows = self.0.iter().map(|(title, cells)| {
            let cell = |ways: &&[Way]| {
                ways.iter().find_map(|way| cells.get(way)).cloned().unwrap_or_else(|| "–".into())
            };
            let mut row = vec![title.clone()];
            row.extend(Short::COLUMNS.iter().map(cell));
            row
        });
        markdown(&heads, &rows.collect::<Vec<_>>())
    }
}

/// What this ran on, and what it compared.
fn machine(server: &RedisServer) -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unnamed processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = server.command(&["INFO", "server"]);
    let redis = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
    let output = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output().expect("it is installed");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let rust = output("rustc", &["--version"]);
    let rust = rust.split_whitespace().nth(1).unwrap_or_default();
    let lock = include_str!("../Cargo.lock");
    let version = |name: &&str| {
        let (_, after) =
            lock.split_once(&format!("name = \"{name}\"\nversion = \"")).expect("it is used");
        format!("`{name}` {}", after.split('"').next().unwrap_or_default())
    };
    let crates = ["redis", "cached", "hitbox", "moka", "quick_cache"];
    format!(
        "{model}, {cores} cores; Redis {} on the same machine; Rust {rust}; {} (the newest on {})\n",
        redis.unwrap_or_default().trim(),
        crates.iter().map(version).collect::<Vec<_>>().join(", "),
        output("date", &["+%Y-%m-%d"]),
    )
}

/// Instructions and allocations of a call, each counted by a process of its own.
struct Counts(HashMap<(Way, &'static str, &'static str), (Option<u64>, String)>);

impl Counts {
    fn take(times: u64) -> Counts {
        let mut counts = HashMap::new();
        let count = |way: Way, outcome: &'static str, size: Size| {
            eprintln!("counting: {way:?}, {outcome}, {}", size.name());
            let value = (instructions(way, outcome, size, times), allocations(way, outcome, size));
            ((way, outcome, size.name()), value)
        };
        for size in Size::ALL {
            counts.extend(REDIS.map(|way| count(way, "hit", size)));
        }
        counts.extend(LOCAL[..6].iter().map(|way| count(*way, "hit", Size::Small)));
        counts.extend([count(Way::Moka, "hit", Size::Small)]);
        counts.extend(MISSES.map(|way| count(way, "miss", Size::Small)));
        Counts(counts)
    }

    fn of(&self, way: Way, outcome: &'static str, size: Size) -> [String; 2] {
        let (instructions, allocations) =
            self.0.get(&(way, outcome, size.name())).cloned().unwrap_or((None, "–".into()));
        [instructions.map_or_else(|| "–".into(), number), allocations]
    }
}

fn one_way() -> std::path::PathBuf {
    env::current_exe().expect("this program has a path").with_file_name("one_way")
}

fn allocations(way: Way, outcome: &str, size: Size) -> String {
    let args = [&format!("{way:?}"), outcome, size.name(), "2000"];
    let output = Command::new(one_way()).args(args).output().expect("it was built beside this");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The difference between twice as many calls and so many: what starts and stops cancels out. Nothing without valgrind.
fn instructions(way: Way, outcome: &str, size: Size, times: u64) -> Option<u64> {
    let of = |times: u64| {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(one_way())
            .args([&format!("{way:?}"), outcome, size.name(), &times.to_string()])
            // What an allocation costs does not depend on what the process did before.
            .env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=1000")
            .output()
            .ok()?;
        let report = String::from_utf8_lossy(&output.stderr).into_owned();
        let counted = report.lines().find_map(|line| line.split_once("Collected : "));
        counted?.1.trim().parse::<u64>().ok()
    };
    Some((of(2 * times)?.saturating_sub(of(times)?)) / times)
}

/// `12 µs | 1.03 (0.95 to 1.21)`.
fn cells(time: Time) -> [String; 2] {
    let ratio = match time {
        // The one that the others are compared with.
        Time { least: 1.0, most: 1.0, .. } => "1".to_owned(),
        Time { ratio, least, most, .. } => format!("{ratio:.2} ({least:.2} to {most:.2})"),
    };
    [self::time(time.median_ns), ratio]
}

/// What a table says of a way: the callers, the time, and what is counted of one caller.
fn row(
    way: Way,
    time: Time,
    counts: &Counts,
    (outcome, size, callers): (&'static str, Size, u64),
) -> Vec<String> {
    let counted = match callers {
        1 => counts.of(way, outcome, size),
        _ => [(); 2].map(|()| String::new()),
    };
    let first = [way.title().to_owned(), number(callers)];
    first.into_iter().chain(cells(time)).chain(counted).collect()
}

async fn hits(subject: &'static Subject, run: &Run, counts: &Counts, short: &mut Short) -> String {
    let mut rows = Vec::new();
    for size in Size::ALL {
        for callers in [1, 64, 1024] {
            eprintln!("hits over Redis: {}, {callers} callers", size.name());
            let call = Call { outcome: Outcome::Hit, size, callers };
            let times = measure(subject, &REDIS, call, run.effort).await;
            for (way, time) in REDIS.into_iter().zip(&times) {
                let mut row = row(way, *time, counts, ("hit", size, callers));
                row.insert(1, size.name().into());
                rows.push(row);
            }
            if size == Size::Small {
                let title = format!("hit over Redis, {} caller{}", number(callers), s(callers));
                short.add(&title, named(&REDIS, &times));
            }
        }
    }
    let heads = ["", "value", "callers", "time", "to by hand", "instructions", "allocations"];
    format!("### A hit over Redis\n\n{}\n", markdown(&heads, &rows))
}

fn s(number: u64) -> &'static str {
    if number == 1 { "" } else { "s" }
}

fn named<'a>(ways: &'a [Way], times: &'a [Time]) -> impl Iterator<Item = (Way, String)> + 'a {
    ways.iter().zip(times).map(|(way, time)| (*way, self::time(time.median_ns)))
}

async fn local_hits(
    subject: &'static Subject,
    run: &Run,
    counts: &Counts,
    short: &mut Short,
) -> String {
    let mut rows = Vec::new();
    for callers in [1, 64] {
        eprintln!("local hits, {callers} callers");
        let call = Call { outcome: Outcome::Hit, size: Size::Small, callers };
        let times = measure(subject, &LOCAL, call, run.effort).await;
        for (way, time) in LOCAL.into_iter().zip(&times) {
            rows.push(row(way, *time, counts, ("hit", Size::Small, callers)));
        }
        if callers == 1 {
            let times = named(&LOCAL, &times).filter(|(way, _)| *way != Way::ByHand);
            let times = times.map(|(way, time)| match way {
                // The column of the crate, and in the memory of the process here.
                Way::CachedMemory => (Way::Cached, format!("{time} (in memory)")),
                way => (way, time),
            });
            short.add("hit in memory", times.collect::<Vec<_>>());
        }
    }
    let heads = ["", "callers", "time", "to `moka`", "instructions", "allocations"];
    format!("### A hit in the process's memory\n\n{}\n", markdown(&heads, &rows))
}

async fn misses(
    subject: &'static Subject,
    run: &Run,
    counts: &Counts,
    short: &mut Short,
) -> String {
    let mut rows = Vec::new();
    for callers in [1, 64] {
        eprintln!("misses, {callers} callers");
        let call = Call { outcome: Outcome::Miss, size: Size::Small, callers };
        let times = measure(subject, &MISSES, call, run.effort).await;
        for (way, time) in MISSES.into_iter().zip(&times) {
            rows.push(row(way, *time, counts, ("miss", Size::Small, callers)));
        }
        short.add(
            &format!("miss over Redis, {callers} caller{}", s(callers)),
            named(&MISSES, &times),
        );
    }
    let heads = ["", "callers", "time", "to by hand", "instructions", "allocations"];
    format!("### A miss over Redis\n\n{}\n", markdown(&heads, &rows))
}

async fn stampedes(subject: &'static Subject, run: &Run, short: &mut Short) -> String {
    eprintln!("stampedes");
    let seen = stampede::measure(subject, &STAMPEDES, run.stampedes).await;
    let row = |way: &Way| {
        let Stampede { loads, took } = seen[way];
        vec![way.title().to_owned(), number(loads), duration(took)]
    };
    let rows: Vec<_> = STAMPEDES.iter().map(row).collect();
    let title = format!("loads of one expired key, {} callers", number(stampede::CALLERS));
    short.add(&title, seen.iter().map(|(way, seen)| (*way, number(seen.loads))));
    let heads = ["", "loads", "until all have their answer"];
    format!(
        "### A stampede\n\n{} callers of one key that is not there; a load takes {} ms.\n\n{}\n",
        number(stampede::CALLERS),
        stampede::LOAD.as_millis(),
        markdown(&heads, &rows)
    )
}

async fn slow_readers(subject: &'static Subject, run: &Run, short: &mut Short) -> String {
    eprintln!("slow readers");
    let stale = slow_reader::stale(subject, &RACES, run.races).await;
    let cell =
        |way: &Way| stale[way].map_or_else(|| "it has no call for it".into(), |n| number(n as u64));
    let rows: Vec<_> = RACES.iter().map(|way| vec![way.title().to_owned(), cell(way)]).collect();
    let title = format!("old values left by {} slow readers", run.races);
    short.add(&title, stale.iter().filter_map(|(way, n)| Some((*way, number((*n)? as u64)))));
    let heads = ["", "old values left in the cache"];
    format!("### The slow reader\n\nRaces: {}.\n\n{}\n", run.races, markdown(&heads, &rows))
}

async fn outages(server: &mut RedisServer, subject: &'static Subject, short: &mut Short) -> String {
    eprintln!("outages");
    let Outages { hangs, dies } = outage::measure(server, subject, &OUTAGES).await;
    let recovered = |outage: &Outage| {
        let never = || format!("not within {} s", outage::PATIENCE.as_secs());
        outage.recovered.map_or_else(never, |took| format!("after {}", duration(took)))
    };
    let rows = |outages: &HashMap<Way, Outage>, what: &str| {
        let row = |way: &Way| {
            let outage = &outages[way];
            vec![
                way.title().to_owned(),
                what.to_owned(),
                number(outage.errors as u64),
                duration(outage.median),
                duration(outage.longest),
                recovered(outage),
            ]
        };
        OUTAGES.iter().map(row).collect::<Vec<_>>()
    };
    let calls = outage::CALLERS * outage::TIMES;
    for (what, outages) in [("hangs", &hangs), ("is dead", &dies)] {
        let cell = |(way, outage): (&Way, &Outage)| {
            (*way, format!("{} ({})", outage.errors, duration(outage.median)))
        };
        short.add(
            &format!("Redis {what}: errors of {calls} calls (time of one)"),
            outages.iter().map(cell),
        );
    }
    let works = dies.iter().map(|(way, outage)| (*way, recovered(outage)));
    short.add("… and used again once it is back", works);
    let heads = ["", "Redis", "errors", "time of a call", "longest", "used again once it is back"];
    let all = [rows(&hangs, "hangs"), rows(&dies, "is dead")].concat();
    format!(
        "### An outage\n\n{} callers, {} calls each; the database answers at once.\n\n{}",
        outage::CALLERS,
        outage::TIMES,
        markdown(&heads, &all)
    )
}
