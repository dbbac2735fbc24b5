//! A connection whose server says when a key that was read over it changes, and the lease of what was read.
//!
//! `t0` is when the newest command was sent that has been answered. What is served now was good then, or later: so it reflects
//! every write that the server had taken before.

use std::{
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};

use redis::{Cmd, cmd};
use tokio::sync::Notify;

use super::settings::LocalSettings;
use crate::boot_clock::{self, Time};

/// What this process knows of such a connection.
pub(in crate::store::redis) struct Tracked {
    settings: LocalSettings,
    /// Whether another server may be promoted in the place of this one without its knowing.
    has_stand_ins: bool,
    alive: AtomicBool,
    /// When the newest command was sent that has been answered.
    t0: AtomicU64,
    /// When the question was asked whose answer was that the server is the master.
    confirmed: AtomicU64,
    /// Whether a command was not answered in time, and nothing has been since.
    silent: AtomicBool,
    /// Whether a renewal is asked for.
    wanted: AtomicBool,
    /// Whether one was since somebody last looked.
    used: AtomicBool,
    pub(in crate::store::redis) renew: Notify,
    /// Notified when the lease has been renewed, or the connection is lost.
    pub(in crate::store::redis) renewed: Notify,
}

impl Tracked {
    pub(in crate::store::redis) fn new(
        settings: LocalSettings,
        has_stand_ins: bool,
    ) -> Arc<Tracked> {
        let now = boot_clock::now();
        Arc::new(Tracked {
            settings,
            has_stand_ins,
            alive: AtomicBool::new(true),
            t0: AtomicU64::new(Time::LONG_AGO.0),
            // A connection begins with that question.
            confirmed: AtomicU64::new(now.0),
            silent: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            used: AtomicBool::new(false),
            renew: Notify::new(),
            renewed: Notify::new(),
        })
    }

    /// The time now, for questions whose answers count from when they were asked.
    pub(in crate::store::redis) fn now() -> Time {
        boot_clock::now()
    }

    /// Whether what was read over it can still be good.
    pub(in crate::store::redis) fn is_alive(&self) -> bool {
        self.alive.load(Acquire)
    }

    /// The connection is lost, or leads to a server that is not to be believed any more: its copies are void.
    pub(in crate::store::redis) fn end(&self) {
        self.alive.store(false, Release);
        self.renewed.notify_waiters();
    }

    /// The server has said that it is the master, when it was asked at `asked`, or others have said so.
    pub(in crate::store::redis) fn confirm(&self, asked: Time) {
        self.confirmed.fetch_max(asked.0, Relaxed);
    }

    /// A command that was sent at `sent` has been answered.
    pub(in crate::store::redis) fn answered(&self, sent: Time) {
        self.silent.store(false, Relaxed);
        let confirmed = Time(self.confirmed.load(Relaxed));
        if !self.has_stand_ins || sent.since(confirmed) <= LocalSettings::CONFIRMED {
            self.t0.fetch_max(sent.0, Release);
        }
    }

    /// A command has not been answered in time.
    pub(in crate::store::redis) fn is_late(&self) {
        self.silent.store(true, Relaxed);
    }

    /// Whether nothing has been answered since a command was not answered in time.
    pub(in crate::store::redis) fn is_silent(&self) -> bool {
        self.silent.load(Relaxed)
    }

    /// Whether its copies may be served at `now`. Where the lease ends soon, it is renewed.
    pub(in crate::store::redis) fn holds(&self, now: Time) -> bool {
        if !self.is_alive() {
            return false;
        }
        let age = now.since(Time(self.t0.load(Acquire)));
        if age > self.settings.renewal() {
            self.want();
        }
        age < self.settings.lease
    }

    /// Asks for a renewal, unless one is asked for.
    #[inline]
    pub(in crate::store::redis) fn want(&self) {
        if !self.wanted.load(Relaxed) && !self.wanted.swap(true, Relaxed) {
            self.used.store(true, Relaxed);
            self.renew.notify_one();
        }
    }

    /// Whether its copies were in use since this was last asked.
    pub(in crate::store::redis) fn was_used(&self) -> bool {
        self.used.swap(false, Relaxed)
    }

    /// The renewal that was asked for is over.
    pub(in crate::store::redis) fn over(&self) {
        self.wanted.store(false, Relaxed);
        self.renewed.notify_waiters();
    }

    /// Waits until the lease is renewed, no longer than `patience`. Says whether it is.
    pub(in crate::store::redis) async fn renewed(&self, patience: Duration) -> bool {
        let renewed = self.renewed.notified();
        if self.holds(boot_clock::now()) {
            return true;
        }
        self.want();
        let waited = crate::time::in_real_time(patience, std::pin::pin!(renewed)).await;
        if waited.is_none() {
            self.is_late();
        }
        self.holds(boot_clock::now())
    }
}

/// The command after which the server tracks keys: those whose reads ask for it.
pub(in crate::store::redis) fn track() -> Cmd {
    let mut track = cmd("CLIENT");
    track.arg("TRACKING").arg("ON").arg("OPTIN");
    track
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Time {
        Time(1_000_000_000_000 + millis * 1_000_000)
    }

    #[test]
    fn a_lease_counts_from_when_the_answered_command_was_sent() {
        let tracked = Tracked::new(LocalSettings::DEFAULT, false);
        assert!(!tracked.holds(at(0)), "nothing has been answered");
        tracked.answered(at(10));
        assert!(tracked.holds(at(10)) && tracked.holds(at(209)));
        assert!(!tracked.holds(at(210)));
        tracked.answered(at(5));
        assert!(
            !tracked.holds(at(210)),
            "an answer that was overtaken takes nothing back and adds nothing"
        );
        tracked.answered(at(100));
        assert!(tracked.holds(at(299)));
        tracked.end();
        assert!(!tracked.holds(at(100)));
    }

    #[test]
    fn an_answer_of_a_server_that_may_have_been_replaced_counts_while_it_is_confirmed() {
        let tracked = Tracked::new(LocalSettings::DEFAULT, true);
        tracked.confirmed.store(0, Relaxed);
        tracked.confirm(at(0));
        tracked.answered(at(2000));
        assert!(tracked.holds(at(2100)));
        tracked.answered(at(2001));
        assert!(!tracked.holds(at(2200)), "nobody has confirmed it since");
        tracked.confirm(at(1500));
        tracked.answered(at(2002));
        assert!(tracked.holds(at(2201)));
    }

    #[test]
    fn a_renewal_is_asked_for_once() {
        let tracked = Tracked::new(LocalSettings::DEFAULT, false);
        tracked.answered(at(0));
        assert!(tracked.holds(at(60)) && !tracked.wanted.load(Relaxed));
        assert!(tracked.holds(at(70)) && tracked.wanted.load(Relaxed));
        tracked.over();
        assert!(!tracked.wanted.load(Relaxed));
    }
}
