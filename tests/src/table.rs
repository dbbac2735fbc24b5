//! A table that is written in batches: it remembers each of them, and refuses or holds what it is told to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cache_runtime::{Flusher, Queued, WriteBehind};
use cache_test_support::patience::in_time;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// A row: so many rows of one id are written as there are versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Row {
    /// Which row.
    pub id: u64,
    /// Greater with each write of it.
    pub version: u64,
}

/// The row's key.
pub fn key(id: u64) -> String {
    format!("row:{id}")
}

/// The table, as its clones share it.
#[derive(Clone, Debug, Default)]
pub struct Table {
    state: Arc<watch::Sender<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// What was committed, batch by batch.
    batches: Vec<Vec<Row>>,
    /// What was tried, and refused.
    refusals: Vec<Vec<Row>>,
    /// The places of the rows that were committed, in their order.
    places: Vec<i64>,
    refused: BTreeSet<u64>,
    away: bool,
    panics: bool,
    held: bool,
    running: usize,
}

impl Table {
    /// Begins to flush `queue` into this table.
    pub fn flush(&self, queue: &WriteBehind<Row>) -> Flusher {
        let table = self.clone();
        queue.flusher(move |rows: Vec<Queued<Row>>| {
            let table = table.clone();
            async move { table.write(rows).await }
        })
    }

    /// Writes all of the rows, or none.
    async fn write(&self, rows: Vec<Queued<Row>>) -> Result<(), String> {
        let running = Running::begin(self);
        self.wait_for(|state| !state.held).await;
        drop(running);
        let mut result = Ok(());
        self.state.send_modify(|state| {
            let values: Vec<Row> = rows.iter().map(|row| row.value).collect();
            assert!(!state.panics, "told to panic");
            let refused = values.iter().find(|row| state.refused.contains(&row.id));
            match refused {
                _ if state.away => result = Err("the table is away".to_owned()),
                Some(row) => result = Err(format!("row {} breaks a constraint", row.id)),
                None => {}
            }
            if result.is_err() {
                state.refusals.push(values);
            } else {
                state.batches.push(values);
                state.places.extend(rows.iter().map(|row| row.seq));
            }
        });
        result
    }

    /// Refuses every batch with this row in it, from now on.
    pub fn refuse(&self, id: u64) {
        self.state.send_modify(|state| state.refused.extend([id]));
    }

    /// Refuses it no longer.
    pub fn allow(&self, id: u64) {
        self.state.send_modify(|state| state.refused.retain(|refused| *refused != id));
    }

    /// Refuses every batch, or none.
    pub fn be_away(&self, away: bool) {
        self.state.send_modify(|state| state.away = away);
    }

    /// Panics in every batch, or in none.
    pub fn panic(&self, panics: bool) {
        self.state.send_modify(|state| state.panics = panics);
    }

    /// Holds batches where they are, or lets them go on.
    pub fn hold(&self, held: bool) {
        self.state.send_modify(|state| state.held = held);
    }

    /// The batches that were committed.
    pub fn batches(&self) -> Vec<Vec<Row>> {
        self.state.borrow().batches.clone()
    }

    /// The batches that were refused.
    pub fn refusals(&self) -> Vec<Vec<Row>> {
        self.state.borrow().refusals.clone()
    }

    /// The places of the rows in their queue, in the order in which they were committed.
    pub fn places(&self) -> Vec<i64> {
        self.state.borrow().places.clone()
    }

    /// What the table holds.
    pub fn rows(&self) -> BTreeMap<u64, u64> {
        let state = self.state.borrow();
        state.batches.iter().flatten().map(|row| (row.id, row.version)).collect()
    }

    /// Waits until so many batches are held.
    pub async fn holds(&self, batches: usize) {
        in_time("a batch", self.wait_for(|state| state.running == batches)).await;
    }

    /// Waits until so many batches have been refused.
    pub async fn has_refused(&self, batches: usize) {
        in_time("refusals", self.wait_for(|state| state.refusals.len() >= batches)).await;
    }

    /// Waits until so many batches have been committed.
    pub async fn has_committed(&self, batches: usize) {
        in_time("commits", self.wait_for(|state| state.batches.len() >= batches)).await;
    }

    async fn wait_for(&self, condition: impl Fn(&State) -> bool) {
        let mut state = self.state.subscribe();
        // The sender is ours, so the channel stays open.
        _ = state.wait_for(|state| condition(state)).await;
    }
}

/// A batch that is under way.
struct Running<'a>(&'a Table);

impl<'a> Running<'a> {
    fn begin(table: &'a Table) -> Self {
        table.state.send_modify(|state| state.running += 1);
        Running(table)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.running -= 1);
    }
}
