//! What the process holds: memory, tasks, open files and maps.

use std::{
    fs,
    time::{Duration, Instant},
};

use tokio::runtime::Handle;

/// One look at the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) at: Duration,
    resident_mib: u64,
    tasks: u64,
    files: u64,
    maps: u64,
}

/// One of the figures.
pub(crate) type Figure = fn(&Held) -> u64;

impl Held {
    /// All figures, with what they are of.
    pub(crate) const FIGURES: [(&str, Figure); 4] = [
        ("MiB of resident memory", |held| held.resident_mib),
        ("tasks", |held| held.tasks),
        ("open files", |held| held.files),
        ("memory maps", |held| held.maps),
    ];

    /// What it holds now, so long after `began`.
    ///
    /// # Panics
    ///
    /// Where there is no `/proc`.
    pub(crate) fn now(began: Instant) -> Held {
        let status = fs::read_to_string("/proc/self/status").expect("this is Linux");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        let maps = fs::read_to_string("/proc/self/maps").expect("this is Linux");
        Held {
            at: began.elapsed(),
            resident_mib: kib.expect("a process has memory") / 1024,
            tasks: Handle::current().metrics().num_alive_tasks() as u64,
            files: fs::read_dir("/proc/self/fd").expect("this is Linux").count() as u64,
            maps: maps.lines().count() as u64,
        }
    }
}
