//! Statistics: counters and times of each annotated function and of the store, and their snapshots.

mod counter;
mod function;
mod histogram;
mod not_stored;
mod operation;
mod outbox;
mod sites;
mod store;
mod table;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use serde::Serialize;

use self::sites::Sites;
pub use self::{
    function::FunctionStats,
    histogram::Latency,
    not_stored::{NotStored, NotStoredCounts},
    outbox::OutboxStats,
    store::{Breaker, StoreStats},
};
pub(crate) use self::{
    function::{Counters, LockWait, Warning},
    operation::Operation,
    outbox::OutboxCounters,
    sites::SitePlace,
    store::StoreCounters,
};

/// The statistics of a cache: of each function under its name, and of the store.
///
/// It prints as a table and serializes with serde. The counters are read one after the other while calls are under way,
/// so sums can be off by those calls.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use cache_runtime::{Cache, Policy};
///
/// const ANSWERS: Policy = Policy::ttl(60).name("answers");
///
/// let cache = Cache::in_memory();
/// for _ in 0..4 {
///     let answer = cache.get_or_load("answer", &ANSWERS, || async { Ok::<_, String>(42) }).await;
///     assert_eq!(answer, Ok(42));
/// }
/// let stats = cache.stats();
/// assert_eq!(stats.function("answers").unwrap().hit_rate(), 0.75);
/// println!("{stats}");
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// One row for each function that was called, in the order of their names.
    pub functions: Vec<FunctionStats>,
    /// The store of the cache.
    pub store: StoreStats,
    /// One row for each outbox that this process follows, in the order of their names.
    pub outboxes: Vec<OutboxStats>,
}

impl Stats {
    /// The row of one function.
    pub fn function(&self, name: &str) -> Option<&FunctionStats> {
        self.functions.iter().find(|f| f.name == name)
    }

    /// The sum of all rows, under the name `total`.
    pub fn total(&self) -> FunctionStats {
        let mut total = FunctionStats { name: "total".to_owned(), ..Default::default() };
        self.functions.iter().for_each(|f| total.add(f));
        total
    }
}

/// The counters of one cache: of its functions by name, and of its store.
#[derive(Debug)]
pub(crate) struct Registry {
    /// The kind of the store.
    kind: &'static str,
    store: Arc<StoreCounters>,
    functions: RwLock<BTreeMap<&'static str, Arc<Counters>>>,
    /// The same, by the numbers of annotated functions.
    sites: Sites,
    outboxes: RwLock<BTreeMap<&'static str, Arc<OutboxCounters>>>,
    /// For calls that are not counted.
    uncounted: Arc<Counters>,
}

impl Registry {
    /// The counters of a new cache over a store of this `kind`.
    pub(crate) fn new(kind: &'static str, store: &Arc<StoreCounters>) -> Registry {
        let (store, uncounted) = (Arc::clone(store), Arc::new(Counters::new("")));
        let (functions, outboxes) = (RwLock::default(), RwLock::default());
        Registry { kind, store, functions, sites: Sites::new(), outboxes, uncounted }
    }

    /// Counters for a call that belongs to no function; no snapshot shows them.
    pub(crate) fn uncounted(&self) -> Arc<Counters> {
        Arc::clone(&self.uncounted)
    }

    /// The counters of the annotated function with this number in the process, which is called `name`.
    pub(crate) fn of_site(
        &self,
        place: usize,
        name: impl FnOnce() -> &'static str,
    ) -> &Arc<Counters> {
        self.sites.get(place, || self.counters(name())).unwrap_or(&self.uncounted)
    }

    pub(crate) fn counters(&self, name: &'static str) -> Arc<Counters> {
        let functions = self.functions.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counters) = functions.get(name) {
            return Arc::clone(counters);
        }
        drop(functions);
        let mut functions = self.functions.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(functions.entry(name).or_insert_with(|| Arc::new(Counters::new(name))))
    }

    /// The counters of the followers of one outbox.
    pub(crate) fn outbox(&self, name: &'static str) -> Arc<OutboxCounters> {
        let mut outboxes = self.outboxes.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(outboxes.entry(name).or_insert_with(|| Arc::new(OutboxCounters::new(name))))
    }

    pub(crate) fn snapshot(&self) -> Stats {
        let outboxes = self.outboxes.read().unwrap_or_else(PoisonError::into_inner);
        let functions = self.functions.read().unwrap_or_else(PoisonError::into_inner);
        Stats {
            functions: functions.values().map(|counters| counters.snapshot()).collect(),
            store: self.store.snapshot(self.kind),
            outboxes: outboxes.iter().map(|(name, counters)| counters.snapshot(name)).collect(),
        }
    }
}
