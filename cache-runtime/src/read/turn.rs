//! What follows from what the engine asks: values are decoded, a load begins, a task takes over, or the call ends.

use super::{
    driver::Phase,
    engine::{Ask, Engine},
    function::Function,
    running::Load,
    spawned,
};

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
    pub(super) fn end(engine: Engine, has_values: bool) -> Turn {
        let stale = (0..engine.keys.len()).filter(|&at| engine.keys[at].is_stale()).collect();
        Turn::End(Ended { has_values, stored: engine.stored, stale })
    }

    fn next(engine: Engine) -> Turn {
        Turn::Go(Phase::Io(Box::pin(engine.next())))
    }

    fn load(engine: Engine) -> Turn {
        Turn::Go(Phase::Load(Box::new(Load::begin(engine))))
    }
}

/// Does what the engine asks.
#[inline(never)]
pub(super) fn go_on(engine: Engine, ask: Ask, function: &mut dyn Function) -> Turn {
    match ask {
        Ask::Decode => decode(engine, function),
        Ask::Load => Turn::load(engine),
        Ask::Fail(error) => match function.adopt_error(&error) {
            true => Turn::end(engine, false),
            // It is the error of another function with the same key.
            false => Turn::next(engine),
        },
        Ask::Return => Turn::end(engine, true),
    }
}

fn decode(mut engine: Engine, function: &mut dyn Function) -> Turn {
    read(&mut engine, function);
    if engine.has_failed {
        let has_values = engine.is_answered();
        return Turn::end(engine, has_values);
    }
    if !engine.first_look.over {
        spawned::renew(&mut engine, function);
        engine.missed();
        if spawned::may_load(&mut engine, function) {
            return Turn::Go(Phase::Spawned(Box::new(spawned::load(engine, function))));
        }
    }
    match (engine.is_answered(), engine.first_look.audited.is_empty()) {
        (true, true) => Turn::end(engine, true),
        (true, false) => Turn::load(engine),
        (false, _) => Turn::next(engine),
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

/// The load has come to its end.
pub(super) fn loaded(mut engine: Engine, succeeded: bool, function: &mut dyn Function) -> Turn {
    engine.end_load(succeeded);
    if succeeded {
        let settlement = engine.plan(function);
        engine.asked.iter().for_each(|at| function.accept(*at));
        return match settlement.is_nothing() {
            true => Turn::end(engine, true),
            false => Turn::Go(Phase::Io(Box::pin(engine.settle(settlement)))),
        };
    }
    engine.failed(function);
    if engine.is_answered() {
        // It was only to be compared with what the caller has.
        return Turn::end(engine, true);
    }
    if !engine.falls_back || !engine.can_fall_back() {
        return Turn::end(engine, false);
    }
    engine.has_failed = true;
    match engine.is_single() {
        // The value was seen by this very call, so serving it undoes no write that the caller could know of.
        true => {
            engine.fall_back();
            decode(engine, function)
        }
        false => Turn::Go(Phase::Io(Box::pin(engine.look_for_stale()))),
    }
}
