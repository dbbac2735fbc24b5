//! A call for many keys of a function whose types are known: a future that holds a value for each, its closures and its
//! body.
//!
//! A batch with misses costs three round trips however many they are: one that reads, one that acquires, and after the
//! load one that fills. Its entries are those of the function that loads one key.

use std::{
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::oneshot;

use super::{
    decision::{Decided, Decision},
    detached::{self, DynFuture},
    driver::{Begin, BeginKeys, Driver},
    emptied::empty_all,
    engine::Engine,
    function::{Function, Purpose, Spawned},
    request::Request,
    values::{self, Values},
};
use crate::{
    codec::{Compare, Meta, Same, Unstorable},
    encoding::Encoding,
    entry::Entry,
    error::Error,
    keep::Handling,
    policy::Policy,
    protocol::Nonce,
    return_shape::{Rows, Split},
};

/// Answers one call of a batch over `ids`, whose stored keys are those of the `unique` ones, in their order.
///
/// The load runs at most once, with the ids whose rows are missing, and those that are audited, in the order in which
/// they first occur; not at all where there is none, or where there are no ids.
pub(crate) async fn many<R, K>(
    request: Request,
    keys: Vec<String>,
    (ids, unique): (&[K], &[usize]),
    (rows, (same, keep)): (R, Handling<R::Value, R::Stored>),
    body: &mut impl Body<R, K>,
) -> R::Output
where
    R: Rows<K>,
    R::Stored: Serialize + DeserializeOwned,
    K: Clone,
{
    if request.refreshes {
        Box::pin(empty_all(&request.guard, &keys)).await;
    }
    let renews = body.renews();
    let begin = Begin { request, keys: BeginKeys::Many(keys), renews };
    let mut call = Call::<R, K>::new(Driver::new(begin), unique.len(), rows.clone(), same);
    call.values = call.values.keeping(keep);
    let list = Ids { list: ids, places: Some(unique) };
    match poll_fn(|cx| call.poll(&list, body, cx)).await {
        Ending::Values { answers, unmatched, .. } => rows.join(ids, unique, answers, unmatched),
        Ending::Output(output) => output,
    }
}

/// The body of a batch, and the closures that look at its values.
pub(crate) trait Body<R: Rows<K>, K> {
    /// Whether it can be taken to a task of its own.
    fn renews(&self) -> bool {
        false
    }

    /// Begins the load of `ids`.
    fn start(&mut self, ids: Vec<K>);

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<R::Output>;

    /// Asks the closures of a loaded value.
    fn decide(&mut self, value: &R::Stored, decision: &mut Decision);

    /// Takes a run of the body to a task of its own.
    fn spawn(
        &mut self,
        _engine: Engine,
        _rows: (R, Same<R::Value>),
        _ids: Vec<K>,
        _purpose: Purpose,
    ) {
    }

    /// The end of that task. None where it has panicked.
    fn poll_spawned(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Ending<R, K>>> {
        Poll::Ready(None)
    }
}

/// The end of a call.
pub(crate) enum Ending<R: Rows<K>, K> {
    Values {
        /// The answer for each key. None where the load has brought rows of it, and not what to store.
        answers: Vec<Option<R::Stored>>,
        /// For each key, whether the answer is the value that has expired.
        stale: Vec<bool>,
        /// The loaded rows that belong to no answer.
        unmatched: Vec<R::Row>,
    },
    /// An output without values.
    Output(R::Output),
}

/// What the keys of a call are asked for by: elements of a list, at some places or all of them.
struct Ids<'a, K> {
    list: &'a [K],
    places: Option<&'a [usize]>,
}

impl<K: Clone> Ids<'_, K> {
    fn get(&self, at: usize) -> K {
        let at = self.places.map_or(at, |places| places[at]);
        self.list[at].clone()
    }
}

/// A call while it is answered.
struct Call<R: Rows<K>, K> {
    driver: Driver,
    keys: usize,
    rows: R,
    same: Same<R::Value>,
    values: Values<R::Stored>,
    /// What the load that is under way was asked for.
    loading: Option<Vec<K>>,
    output: Option<R::Output>,
    unmatched: Vec<R::Row>,
    /// The keys that a task loads for this call.
    spawned: Vec<usize>,
}

impl<R, K> Call<R, K>
where
    R: Rows<K>,
    R::Stored: Serialize + DeserializeOwned,
    K: Clone,
{
    fn new(driver: Driver, keys: usize, rows: R, same: Same<R::Value>) -> Self {
        let (values, unmatched, spawned) = (Values::new(keys), Vec::new(), Vec::new());
        Call { driver, keys, rows, same, values, loading: None, output: None, unmatched, spawned }
    }

    fn poll(
        &mut self,
        ids: &Ids<'_, K>,
        body: &mut dyn Body<R, K>,
        cx: &mut Context<'_>,
    ) -> Poll<Ending<R, K>> {
        let Call { driver, keys, rows, same, values, loading, output, unmatched, spawned } = self;
        let mut function = Many::<R, K> {
            ids,
            rows,
            same: *same,
            values,
            loading,
            output,
            unmatched,
            spawned,
            body,
        };
        let ended = ready!(driver.poll(cx, &mut function));
        if !ended.has_values
            && let Some(output) = output.take()
        {
            return Poll::Ready(Ending::Output(output));
        }
        let answers = mem::replace(values, Values::new(0)).into_answers();
        let answers = answers.take(*keys).collect();
        let stale = (0..*keys).map(|at| ended.stale.contains(&at)).collect();
        Poll::Ready(Ending::Values { answers, stale, unmatched: mem::take(unmatched) })
    }
}

/// A function while it is polled.
struct Many<'a, R: Rows<K>, K> {
    ids: &'a Ids<'a, K>,
    rows: &'a R,
    same: Same<R::Value>,
    values: &'a mut Values<R::Stored>,
    loading: &'a mut Option<Vec<K>>,
    output: &'a mut Option<R::Output>,
    unmatched: &'a mut Vec<R::Row>,
    spawned: &'a mut Vec<usize>,
    body: &'a mut dyn Body<R, K>,
}

impl<R, K> Function for Many<'_, R, K>
where
    R: Rows<K>,
    R::Stored: Serialize + DeserializeOwned,
    K: Clone,
{
    values::functions!(R::Stored, R::value);

    fn poll_load(&mut self, cx: &mut Context<'_>, asked: &[usize]) -> Poll<bool> {
        if self.loading.is_none() {
            let ids: Vec<K> = asked.iter().map(|&at| self.ids.get(at)).collect();
            self.body.start(ids.clone());
            *self.loading = Some(ids);
        }
        let output = ready!(self.body.poll(cx));
        let ids = self.loading.take().unwrap_or_default();
        match self.rows.split(output, &ids) {
            Ok(Split { rows, unmatched }) => {
                for (&at, loaded) in asked.iter().zip(rows) {
                    if let Some(loaded) = loaded {
                        self.values.loaded(at, loaded);
                    }
                }
                *self.unmatched = unmatched;
                Poll::Ready(true)
            }
            Err(output) => {
                *self.output = Some(output);
                Poll::Ready(false)
            }
        }
    }

    fn unmatched(&self) -> usize {
        self.unmatched.len()
    }

    fn decide(&mut self, at: usize, of: (&Policy, Option<&str>)) -> Option<Decided> {
        let stored = self.values.last(at)?;
        Some(Decision::of(stored, of, |decision| self.body.decide(stored, decision)))
    }

    fn spawn(&mut self, engine: Engine, at: &[usize], purpose: Purpose) {
        if purpose == Purpose::Answer {
            *self.spawned = at.to_vec();
        }
        let ids = at.iter().map(|&at| self.ids.get(at)).collect();
        self.body.spawn(engine, (self.rows.clone(), self.same), ids, purpose);
    }

    fn poll_spawned(&mut self, cx: &mut Context<'_>) -> Poll<Spawned> {
        self.body.poll_spawned(cx).map(|ending| match ending {
            None => Spawned::Lost,
            Some(Ending::Values { answers, stale, unmatched }) => {
                for (&at, answer) in self.spawned.iter().zip(answers) {
                    if let Some(answer) = answer {
                        self.values.answer(at, answer);
                    }
                }
                *self.unmatched = unmatched;
                Spawned::Values(stale)
            }
            Some(Ending::Output(output)) => {
                *self.output = Some(output);
                Spawned::Output(Vec::new())
            }
        })
    }
}

/// A body that ends with its caller, and borrows what it likes.
pub(crate) struct Attended<H, L, F> {
    hooks: H,
    load: Option<L>,
    running: Option<Pin<Box<F>>>,
}

impl<H, L, F> Attended<H, L, F> {
    pub(crate) fn new(hooks: H, load: L) -> Self {
        Attended { hooks, load: Some(load), running: None }
    }
}

impl<R, K, H, L, F> Body<R, K> for Attended<H, L, F>
where
    R: Rows<K>,
    H: FnMut(&R::Stored, &mut Decision),
    L: FnOnce(Vec<K>) -> F,
    F: Future<Output = R::Output>,
{
    fn start(&mut self, ids: Vec<K>) {
        self.running = self.load.take().map(|load| Box::pin(load(ids)));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<R::Output> {
        match &mut self.running {
            Some(running) => running.as_mut().poll(cx),
            None => unreachable!("a load is started once, and polled to its end"),
        }
    }

    fn decide(&mut self, value: &R::Stored, decision: &mut Decision) {
        (self.hooks)(value, decision);
    }
}

/// What a task of its own takes along: one run of the body, for some ids.
type Load<R, K> = Box<dyn FnOnce(Vec<K>) -> DynFuture<<R as Rows<K>>::Output> + Send>;

/// A body that can go on without its caller: each call of `load` gives one run of it, and each of `hooks` what looks at
/// its values.
pub(crate) struct Owned<R: Rows<K>, K, H, G, L> {
    hooks: H,
    load: L,
    /// The closures of the run that this call waits for.
    deciding: Option<G>,
    running: Option<DynFuture<R::Output>>,
    spawned: Option<oneshot::Receiver<Ending<R, K>>>,
}

impl<R: Rows<K>, K, H, G, L> Owned<R, K, H, G, L> {
    pub(crate) fn new(hooks: H, load: L) -> Self {
        Owned { hooks, load, deciding: None, running: None, spawned: None }
    }
}

impl<R, K, H, G, L> Body<R, K> for Owned<R, K, H, G, L>
where
    R: Rows<K> + Send + 'static,
    R::Output: Send + 'static,
    R::Stored: Serialize + DeserializeOwned + Send,
    R::Row: Send,
    K: Clone + Send + 'static,
    H: Fn() -> G,
    G: FnMut(&R::Stored, &mut Decision) + Send + 'static,
    L: Fn() -> Load<R, K>,
{
    fn renews(&self) -> bool {
        true
    }

    fn start(&mut self, ids: Vec<K>) {
        self.running = Some((self.load)()(ids));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<R::Output> {
        match &mut self.running {
            Some(running) => running.as_mut().poll(cx),
            None => unreachable!("a load is started before it is polled"),
        }
    }

    fn decide(&mut self, value: &R::Stored, decision: &mut Decision) {
        self.deciding.get_or_insert_with(&self.hooks)(value, decision);
    }

    fn spawn(&mut self, engine: Engine, rows: (R, Same<R::Value>), ids: Vec<K>, purpose: Purpose) {
        let body = Attended::new((self.hooks)(), (self.load)());
        let spawned = spawn::<R, K>(engine, rows, ids, purpose, Box::new(body));
        if purpose == Purpose::Answer {
            self.spawned = Some(spawned);
        }
    }

    fn poll_spawned(&mut self, cx: &mut Context<'_>) -> Poll<Option<Ending<R, K>>> {
        match &mut self.spawned {
            Some(spawned) => Pin::new(spawned).poll(cx).map(Result::ok),
            None => Poll::Ready(None),
        }
    }
}

/// Answers some keys of a call in a task, which goes on when nobody waits for it any more.
fn spawn<R, K>(
    engine: Engine,
    (rows, same): (R, Same<R::Value>),
    ids: Vec<K>,
    purpose: Purpose,
    mut body: Box<dyn Body<R, K> + Send>,
) -> oneshot::Receiver<Ending<R, K>>
where
    R: Rows<K> + Send + 'static,
    R::Output: Send + 'static,
    R::Stored: Serialize + DeserializeOwned + Send,
    R::Row: Send,
    K: Clone + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    let wrap = engine.wrap_background();
    let load = Box::pin(async move {
        let mut call = Call::<R, K>::new(Driver::handed_on(engine, purpose), ids.len(), rows, same);
        // It owns the ids: those that can be sent need not be such that they can be shared.
        let ending = poll_fn(move |cx| {
            let ids = Ids { list: &ids, places: None };
            call.poll(&ids, &mut *body, cx)
        });
        let ending = ending.await;
        // Nobody may be waiting any more.
        _ = sender.send(ending);
    });
    detached::spawn_load(wrap, load);
    receiver
}
