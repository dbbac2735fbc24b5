//! A call for one key of a function whose types are known: a future that holds its value, its closures and its body.
//!
//! All that is compiled for each function is what depends on it: polling its body and asking its closures. What depends
//! on the shape of its result alone is compiled for each shape, and everything else once ([`Driver`]).

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::oneshot;

use super::{
    decision::{Decided, Decision},
    detached::{self, DynFuture},
    driver::{Begin, BeginKeys, Driver},
    emptied::empty,
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
    flight::SharedError,
    guard::Guard,
    keep::Keep,
    policy::Policy,
    protocol::Nonce,
    return_shape::Shape,
};

/// One call of a cached function.
///
/// # Panics
///
/// Where it is polled after its end.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Run<S: Shape, B> {
    way: Way,
    values: Values<S::Stored>,
    same: Same<S::Value>,
    body: B,
    /// The key that nothing older must be under than this call, if it is one that refreshes.
    refreshes: Option<(Arc<Guard>, String)>,
}

/// How a call comes to its output.
#[allow(clippy::large_enum_variant, reason = "a call allocates nothing for it")]
enum Way {
    /// Past the cache.
    Past,
    Driven(Driver),
    /// Its answer was at hand.
    Answered,
}

/// The body of a function, and the closures that look at its value.
pub(crate) trait Body<S: Shape> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<S::Output>;

    /// Asks the closures of a loaded value, once.
    fn decide(&mut self, value: &S::Value, decision: &mut Decision);

    /// Takes the body to a task of its own.
    fn spawn(&mut self, _engine: Engine, _same: Same<S::Value>, _purpose: Purpose) {}

    /// The output of that task, and whether it is the value that has expired. None where it has panicked.
    fn poll_spawned(&mut self, _cx: &mut Context<'_>) -> Poll<Option<(S::Output, bool)>> {
        Poll::Ready(None)
    }
}

impl<S: Shape, B> Run<S, B> {
    /// A call that looks up `key`, or goes past the cache where there is no request.
    pub(crate) fn new(request: Option<Request>, key: String, renews: bool, body: B) -> Self {
        let refreshes = request
            .as_ref()
            .filter(|it| it.refreshes)
            .map(|it| (Arc::clone(&it.guard), key.clone()));
        let keys = BeginKeys::One(key);
        let way = match request {
            Some(request) => Way::Driven(match request.refreshes {
                true => Driver::reload(Begin { request, keys, renews: false }),
                false => Driver::new(Begin { request, keys, renews }),
            }),
            None => Way::Past,
        };
        Run { way, values: Values::new(1), same: None, body, refreshes }
    }

    /// A call whose answer is at hand.
    pub(crate) fn answered(value: S::Stored, body: B) -> Self {
        let mut values = Values::new(1);
        values.answer(0, value);
        Run { way: Way::Answered, values, same: None, body, refreshes: None }
    }

    /// Keeps values beside local copies.
    pub(crate) fn keeping(self, keep: Option<Keep<S::Stored>>) -> Self {
        Run { values: self.values.keeping(keep), ..self }
    }

    /// Compares a loaded value with what its encoding gives back.
    pub fn same(self, same: Same<S::Value>) -> Self {
        Run { same, ..self }
    }
}

/// It pins nothing that is a part of it.
impl<S: Shape, B> Unpin for Run<S, B> {}

impl<S, B> Future for Run<S, B>
where
    S: Shape,
    S::Stored: Serialize + DeserializeOwned,
    B: Body<S>,
{
    type Output = S::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<S::Output> {
        let Run { way, values, same, body, refreshes } = self.get_mut();
        match way {
            Way::Past => body.poll(cx),
            Way::Answered => match values.take(0) {
                Some(value) => Poll::Ready(S::join(value)),
                None => panic!("a cached call was polled after its end"),
            },
            Way::Driven(driver) => match ready!(answer::<S>(driver, values, *same, body, cx)) {
                Some(answer) => {
                    if let Some((guard, key)) = refreshes.take().filter(|_| !answer.replaced) {
                        empty(&guard, key);
                    }
                    Poll::Ready(answer.output)
                }
                None => unreachable!("a call that nobody has handed on ends with an answer"),
            },
        }
    }
}

/// Loads what is under `key` anew, and stores it in the place of what was there before, if nothing was written
/// meanwhile. The second of the results is whether nothing is cached that is older.
///
/// What is there is served until then, and stays where the body fails. No other call's load is shared: it may have
/// begun before this call.
pub(crate) async fn reload<S, B>(
    request: Request,
    key: String,
    same: Same<S::Value>,
    mut body: B,
) -> (S::Output, bool)
where
    S: Shape,
    S::Stored: Serialize + DeserializeOwned,
    B: Body<S>,
{
    let begin = Begin { request, keys: BeginKeys::One(key), renews: false };
    let (mut driver, mut values) = (Driver::reload(begin), Values::new(1));
    let ended = poll_fn(|cx| answer::<S>(&mut driver, &mut values, same, &mut body, cx)).await;
    let Some(Answer { output, replaced, .. }) = ended else { unreachable!("it has loaded") };
    (output, replaced)
}

/// The end of a call.
struct Answer<O> {
    output: O,
    /// Whether it is the value that has expired.
    stale: bool,
    /// Whether nothing is cached that is older than the output, or the load has failed.
    replaced: bool,
}

/// Polls a call. None is the end of one that was handed on for nothing.
fn answer<S>(
    driver: &mut Driver,
    values: &mut Values<S::Stored>,
    same: Same<S::Value>,
    body: &mut dyn Body<S>,
    cx: &mut Context<'_>,
) -> Poll<Option<Answer<S::Output>>>
where
    S: Shape,
    S::Stored: Serialize + DeserializeOwned,
{
    let mut function = Single::<S> { values, same, output: None, body };
    let ended = ready!(driver.poll(cx, &mut function));
    let value = function.values.take(0).filter(|_| ended.has_values);
    let replaced = ended.stored || !ended.has_values;
    let output = value.map(S::join).or(function.output);
    let stale = !ended.stale.is_empty();
    Poll::Ready(output.map(|output| Answer { output, stale, replaced }))
}

/// A function while it is polled.
struct Single<'a, S: Shape> {
    values: &'a mut Values<S::Stored>,
    same: Same<S::Value>,
    output: Option<S::Output>,
    body: &'a mut dyn Body<S>,
}

impl<S> Function for Single<'_, S>
where
    S: Shape,
    S::Stored: Serialize + DeserializeOwned,
{
    values::functions!(S::Stored, S::value);

    fn poll_load(&mut self, cx: &mut Context<'_>, _: &[usize]) -> Poll<bool> {
        let loaded = S::split(ready!(self.body.poll(cx)));
        let loaded = loaded.map_err(|output| self.output = Some(output)).ok();
        Poll::Ready(loaded.map(|loaded| self.values.loaded(0, loaded)).is_some())
    }

    fn decide(&mut self, at: usize, of: (&Policy, Option<&str>)) -> Option<Decided> {
        let stored = self.values.last(at)?;
        Some(Decision::of(stored, of, |decision| {
            if let Some(value) = S::value(stored) {
                self.body.decide(value, decision);
            }
        }))
    }

    fn share_error(&self) -> Option<SharedError> {
        self.output.as_ref().and_then(S::share)
    }

    fn adopt_error(&mut self, error: &SharedError) -> bool {
        self.output = S::unshare(error);
        self.output.is_some()
    }

    fn spawn(&mut self, engine: Engine, _: &[usize], purpose: Purpose) {
        self.body.spawn(engine, self.same, purpose);
    }

    fn poll_spawned(&mut self, cx: &mut Context<'_>) -> Poll<Spawned> {
        self.body.poll_spawned(cx).map(|ended| match ended {
            None => Spawned::Lost,
            Some((output, stale)) => {
                self.output = Some(output);
                Spawned::Output(vec![stale])
            }
        })
    }
}

/// A body that ends with its caller, and borrows what it likes.
pub struct Attended<H, F> {
    hooks: Option<H>,
    body: F,
}

impl<H, F> Attended<H, F> {
    pub(crate) fn new(hooks: H, body: F) -> Self {
        Attended { hooks: Some(hooks), body }
    }
}

impl<S, H, F> Body<S> for Attended<H, F>
where
    S: Shape,
    H: FnOnce(&S::Value, &mut Decision),
    F: Future<Output = S::Output> + Unpin,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<S::Output> {
        Pin::new(&mut self.body).poll(cx)
    }

    fn decide(&mut self, value: &S::Value, decision: &mut Decision) {
        if let Some(hooks) = self.hooks.take() {
            hooks(value, decision);
        }
    }
}

/// A body that can go on without its caller: `load` makes it, of clones of what it uses.
pub struct Owned<S: Shape, H, L> {
    hooks: Option<H>,
    load: Option<L>,
    running: Option<DynFuture<S::Output>>,
    spawned: Option<oneshot::Receiver<(S::Output, bool)>>,
}

impl<S: Shape, H, L> Owned<S, H, L> {
    pub(crate) fn new(hooks: H, load: L) -> Self {
        Owned { hooks: Some(hooks), load: Some(load), running: None, spawned: None }
    }
}

impl<S, H, L> Owned<S, H, L>
where
    S: Shape,
    L: FnOnce() -> DynFuture<S::Output>,
{
    fn start(&mut self) -> Option<DynFuture<S::Output>> {
        self.load.take().map(|load| load())
    }
}

impl<S, H, L> Body<S> for Owned<S, H, L>
where
    S: Shape + 'static,
    S::Output: Send + 'static,
    S::Stored: Serialize + DeserializeOwned + Send,
    H: FnOnce(&S::Value, &mut Decision) + Send + 'static,
    L: FnOnce() -> DynFuture<S::Output>,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<S::Output> {
        if self.running.is_none() {
            self.running = self.start();
        }
        match &mut self.running {
            Some(running) => running.as_mut().poll(cx),
            None => unreachable!("a body is run once, or taken to a task"),
        }
    }

    fn decide(&mut self, value: &S::Value, decision: &mut Decision) {
        if let Some(hooks) = self.hooks.take() {
            hooks(value, decision);
        }
    }

    fn spawn(&mut self, engine: Engine, same: Same<S::Value>, purpose: Purpose) {
        let (Some(body), Some(hooks)) = (self.start(), self.hooks.take()) else { return };
        let body = Box::new(Attended::new(hooks, body));
        self.spawned = Some(spawn::<S>(engine, same, purpose, body));
    }

    fn poll_spawned(&mut self, cx: &mut Context<'_>) -> Poll<Option<(S::Output, bool)>> {
        match &mut self.spawned {
            Some(spawned) => Pin::new(spawned).poll(cx).map(Result::ok),
            None => Poll::Ready(None),
        }
    }
}

/// Answers a call in a task, which goes on when nobody waits for it any more.
fn spawn<S>(
    engine: Engine,
    same: Same<S::Value>,
    purpose: Purpose,
    mut body: Box<dyn Body<S> + Send>,
) -> oneshot::Receiver<(S::Output, bool)>
where
    S: Shape + 'static,
    S::Output: Send + 'static,
    S::Stored: Serialize + DeserializeOwned + Send,
{
    let (sender, receiver) = oneshot::channel();
    let wrap = engine.wrap_background();
    let (mut driver, mut values) = (Driver::handed_on(engine, purpose), Values::new(1));
    let load = Box::pin(async move {
        let ended = poll_fn(|cx| answer::<S>(&mut driver, &mut values, same, &mut *body, cx)).await;
        if let Some(answer) = ended {
            // Nobody may be waiting any more.
            _ = sender.send((answer.output, answer.stale));
        }
    });
    detached::spawn_load(wrap, load);
    receiver
}
