//! What follows from what the engine asks: values are decoded, a load begins, a task takes over, or the call ends.

use std::{future::Future, mem, pin::Pin};

use super::{
    engine::{Ask, Engine},
    function::Function,
    running::{Load, Loaded},
    spawned::{self, Waited},
};

/// What a call waits for.
#[derive(Default)]
pub(super) enum Phase {
    Io(Io),
    Load(Box<Load>),
    /// A task loads, and is waited for no longer than `soft_timeout` says.
    Spawned(Box<Waited>),
    #[default]
    Over,
}

/// A step of the engine that takes time.
pub(super) type Io = Pin<Box<dyn Future<Output = (Engine, Ask)> + Send>>;

/// What follows.
pub(super) enum Turn {
    Go(Phase),
    End(Ended),
}

/// The end of a call.
pub(super) struct Ended {
    /// The function holds a value for each key. Otherwise it holds an output.
    pub(super) has_values: bool,
    /// Whether what was loaded is stored now.
    pub(super) stored: bool,
    /// The keys, of a call that another one has handed on, whose answer is the value that has expired.
    pub(super) stale: Vec<usize>,
}

impl Turn {
    pub(super) fn end(engine: &Engine, has_values: bool) -> Turn {
        Turn::End(Ended::of(engine, has_values))
    }

    fn next(engine: Engine) -> Turn {
        Turn::Go(Phase::Io(Box::pin(engine.next())))
    }

    fn load(engine: Engine) -> Turn {
        Turn::Go(Phase::Load(Box::new(Load::begin(engine))))
    }
}

/// Does what the engine asks.
#[inline]
pub(super) fn go_on(mut engine: Engine, ask: Ask, function: &mut dyn Function) -> Turn {
    match ask {
        // A hit ends here, and its engine has not been moved.
        Ask::Decode => match decode(&mut engine, function) {
            Some(ended) => Turn::End(ended),
            None => unanswered(engine, function),
        },
        Ask::Load => Turn::load(engine),
        Ask::Fail(error) => match function.adopt_error(&error) {
            true => Turn::end(&engine, false),
            // It is the error of another function with the same key.
            false => Turn::next(engine),
        },
        Ask::Settle => settle(engine, function),
        Ask::Return => Turn::end(&engine, true),
    }
}

/// Decodes what was found. The end of the call, if that is all it asks for.
fn decode(engine: &mut Engine, function: &mut dyn Function) -> Option<Ended> {
    read(engine, function);
    if engine.has_failed {
        return Some(Ended::of(engine, engine.is_answered()));
    }
    if !engine.first_look.over {
        spawned::renew(engine, function);
        engine.missed();
    }
    let served = engine.is_answered() && engine.first_look.audited.is_empty();
    served.then(|| Ended::of(engine, true))
}

/// The cache does not have everything, or what it has is to be audited.
#[inline(never)]
fn unanswered(mut engine: Engine, function: &mut dyn Function) -> Turn {
    if engine.is_answered() {
        return Turn::load(engine);
    }
    match !mem::replace(&mut engine.first_look.used, true)
        && spawned::may_load(&mut engine, function)
    {
        true => Turn::Go(Phase::Spawned(Box::new(spawned::load(engine, function)))),
        false => Turn::next(engine),
    }
}

impl Ended {
    fn of(engine: &Engine, has_values: bool) -> Ended {
        let stale = (0..engine.keys.len()).filter(|&at| engine.keys[at].is_stale()).collect();
        Ended { has_values, stored: engine.stored, stale }
    }
}

/// Decodes the values that were found.
fn read(engine: &mut Engine, function: &mut dyn Function) {
    for at in 0..engine.keys.len() {
        let Some(hit) = engine.keys[at].take_found() else { continue };
        match function.decode(at, &hit.entry, &engine.request.policy.encoding) {
            Ok(()) => engine.answered(at, hit),
            Err(error) => engine.reject(at, &hit.entry, error),
        }
    }
}

/// What is to become of the loaded values is known.
fn settle(mut engine: Engine, function: &mut dyn Function) -> Turn {
    let settlement = engine.plan(function);
    engine.asked.iter().for_each(|at| function.accept(*at));
    match settlement.is_nothing() {
        true => Turn::end(&engine, true),
        false => Turn::Go(Phase::Io(Box::pin(engine.settle(settlement)))),
    }
}

/// A load has come to its end.
pub(super) fn loaded(load: Load, ended: Loaded, function: &mut dyn Function) -> Turn {
    let mut engine = load.into_engine();
    engine.end_load(ended == Loaded::Values);
    if ended == Loaded::Values {
        engine.count_unmatched(function.unmatched());
        return match engine.decide(function) {
            true => Turn::Go(Phase::Io(Box::pin(engine.learn()))),
            false => settle(engine, function),
        };
    }
    match ended {
        Loaded::TimedOut => engine.timed_out(),
        _ => engine.failed(function),
    }
    if engine.is_answered() {
        // It was only to be compared with what the caller has.
        return Turn::end(&engine, true);
    }
    if !engine.falls_back || !engine.can_fall_back() {
        return Turn::end(&engine, false);
    }
    engine.has_failed = true;
    match engine.is_single() {
        // The value was seen by this very call, so serving it undoes no write that the caller could know of.
        true => {
            engine.fall_back();
            go_on(engine, Ask::Decode, function)
        }
        false => Turn::Go(Phase::Io(Box::pin(engine.look_for_stale()))),
    }
}
