//! Looks at rows of a batch, and what is to be thought of what is found.

use super::{
    lookup::Batch,
    row::{Beside, Row, Stale, Standing},
};
use crate::{
    codec, encryption,
    entry::Entry,
    error::Error,
    expiry::Age,
    protocol::{Expected, Nonce, Pending, State},
    read::{
        lookup::beside_key,
        reentry,
        seen::{Hit, age_now, carries},
    },
    tag_version::stamp,
    telemetry::tell,
};

impl Batch<'_> {
    /// Looks into the store: one round trip.
    pub(super) async fn look(&mut self) {
        // What a load asks for that is to replace it is not answered by it.
        for row in &mut self.rows {
            if reentry::is_loading(self.guard, row.own_key()) {
                row.stand(Standing::Closed);
            }
        }
        self.look_at(|row| matches!(row.standing, Standing::Unseen)).await;
        self.look_beside().await;
    }

    /// Looks for what stands beside entries of another layout: only while two versions of a service run side by
    /// side.
    pub(super) async fn look_beside(&mut self) {
        let unseen = |row: &Row| matches!(row.standing, Standing::Unseen);
        while self.rows.iter().any(unseen) {
            self.look_at(unseen).await;
        }
    }

    /// Looks at some of the rows and at the tags; and where an entry stands beside another, at that, and where a
    /// value has expired, whether others renew it.
    pub(super) async fn look_at(&mut self, which: impl Fn(&Row) -> bool) {
        let at: Vec<usize> = (0..self.rows.len()).filter(|&row| which(&self.rows[row])).collect();
        if at.is_empty() || self.out {
            return;
        }
        let with = |has: fn(&Row) -> bool| {
            at.iter().copied().filter(|&row| has(&self.rows[row])).collect::<Vec<_>>()
        };
        let renewed = with(|row| row.stale.is_some());
        let beside = with(|row| row.beside.is_some());
        let rows = || at.iter().map(|&row| &self.rows[row]);
        let mut keys: Vec<&str> = rows().map(|row| &*row.key).collect();
        keys.extend(self.tags().iter().map(|tag| &**tag));
        keys.extend(rows().filter_map(|row| row.stale.as_ref()).map(|stale| &*stale.refresh_key));
        keys.extend(rows().filter_map(|row| row.beside.as_ref()).map(|beside| &*beside.key));
        let mut states = match self.guard.read_many(&keys).await {
            Ok(states) => states,
            Err(error) => return self.store_failed(&error),
        };
        let others = states.split_off(at.len() + self.tags().len() + renewed.len());
        let renewals = states.split_off(at.len() + self.tags().len());
        let tags: Result<Vec<_>, _> = states.split_off(at.len()).into_iter().collect();
        match tags {
            Ok(tags) => self.stamps = tags.iter().map(stamp).collect(),
            // Without its tags nobody can say of any row whether it is good.
            Err(error) => return self.store_failed(&error),
        }
        for (row, state) in at.into_iter().zip(states) {
            match self.told(state) {
                Some(state) => self.see(row, state),
                None => self.miss_out(row),
            }
        }
        for (row, renewal) in renewed.into_iter().zip(renewals) {
            if let (Standing::Expired, Ok(State::Leased(_))) = (&self.rows[row].standing, renewal) {
                self.rows[row].standing = Standing::Elsewhere;
            }
        }
        for (row, state) in beside.into_iter().zip(others) {
            match self.told(state) {
                Some(state) => self.see_other(row, state),
                None => self.miss_out(row),
            }
        }
    }

    /// What a key holds, or nothing where that could not be seen, which is counted.
    fn told(&self, state: Result<State<Entry>, Error>) -> Option<State<Entry>> {
        state.inspect_err(|error| self.count_error(error)).ok()
    }

    /// Takes note of a row that could not be seen: the server that has it is out. A value to fall back on stays one.
    fn miss_out(&mut self, row: usize) {
        self.rows[row].stand(Standing::Closed);
    }

    /// Takes note of what a row's key holds, under the stamps as they are known.
    pub(super) fn see(&mut self, row: usize, state: State<Entry>) {
        self.rows[row].stale = None;
        let standing = match state {
            State::Value(stamp, entry) => self.judge(row, stamp, entry),
            State::Pending(Pending { value: entry, .. }) => {
                Standing::Found(Hit { entry, age: Age::Fresh, pending: true })
            }
            State::Vacant => Standing::Vacant,
            State::Leased(_) => Standing::Elsewhere,
            State::Fenced(_) => Standing::Closed,
            State::Unreadable => {
                tell!(warn, self.about(row), "a cache key holds what is no entry");
                self.counters.undecodable.add_one();
                Standing::Unreadable
            }
        };
        self.rows[row].stand(standing);
    }

    /// Takes note of what there is now where there was an entry of another layout. What stands beside it ends
    /// with it.
    fn see_other(&mut self, row: usize, state: State<Entry>) {
        let stamp = self.rows[row].beside.as_ref().map(|beside| Expected::Value(beside.stamp));
        if stamp.is_none_or(|stamp| state.is(stamp)) {
            return;
        }
        if let Some(beside) = self.rows[row].beside.take() {
            self.rows[row].key = beside.key;
            self.see(row, state);
        }
    }

    fn judge(&mut self, row: usize, stamp: Nonce, entry: Entry) -> Standing {
        // Of one that cannot be trusted, the header cannot be either.
        if let Err(error) = encryption::check(&entry) {
            self.note_undecodable(row, &error);
            return Standing::Spoilt(stamp);
        }
        let age = age_now(&entry, self.policy);
        if !self.carries(row, &entry) || age == Age::Over {
            return Standing::Spoilt(stamp);
        }
        let fits = codec::fits(&entry, &self.policy.encoding);
        let at_once = age == Age::Revalidate && self.renews();
        let row = &mut self.rows[row];
        match age {
            Age::Fresh | Age::Due if fits => Standing::Found(Hit { entry, age, pending: false }),
            Age::Revalidate if fits && at_once => {
                Standing::Found(Hit { entry, age, pending: false })
            }
            Age::Fresh | Age::Due if row.beside.is_none() => {
                let key = beside_key(&row.key, self.policy.encoding.fingerprint).into();
                let key = std::mem::replace(&mut row.key, key);
                row.beside = Some(Beside { key, stamp });
                Standing::Unseen
            }
            Age::Revalidate | Age::Fallback if fits => {
                row.stale = Some(Stale::new(&row.key, entry, age == Age::Revalidate));
                Standing::Expired
            }
            _ => Standing::Spoilt(stamp),
        }
    }

    fn carries(&self, row: usize, entry: &Entry) -> bool {
        match &self.rows[row].beside {
            None => carries(entry, &self.stamps),
            Some(beside) => carries(entry, &[&self.stamps[..], &[Some(beside.stamp)]].concat()),
        }
    }
}
