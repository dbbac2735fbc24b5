//! Drives one call to its end: polls what the engine waits for, and the function's load while that keeps its leases.

use std::{
    mem,
    pin::pin,
    task::{Context, Poll, ready},
};

use futures_util::FutureExt;

use super::{
    engine::{Ask, Engine},
    function::{Function, Purpose, Spawned},
    keys::Keys,
    request::Request,
    running::Loaded,
    turn::{Ended, Io, Phase, Turn, go_on, loaded},
};

/// A call on its way to an answer.
pub(super) struct Driver {
    /// Until it is polled.
    begin: Option<Begin>,
    phase: Phase,
}

/// A call that has not been polled.
pub(super) struct Begin {
    pub(super) request: Request,
    pub(super) keys: BeginKeys,
    /// Whether it can renew in the background what it serves.
    pub(super) renews: bool,
}

/// The stored keys of a call.
pub(super) enum BeginKeys {
    One(String),
    Many(Vec<String>),
}

impl Driver {
    pub(super) fn new(begin: Begin) -> Driver {
        Driver { begin: Some(begin), phase: Phase::Over }
    }

    /// A call that loads although its key may be cached.
    pub(super) fn reload(begin: Begin) -> Driver {
        Driver::at(Phase::Io(Box::pin(begin.engine().reload())))
    }

    /// A call that another one has handed on to a task.
    pub(super) fn handed_on(engine: Engine, purpose: Purpose) -> Driver {
        Driver::at(Phase::Io(match purpose {
            Purpose::Renew => Box::pin(engine.renew()),
            Purpose::Answer => Box::pin(engine.next()),
        }))
    }

    fn at(phase: Phase) -> Driver {
        Driver { begin: None, phase }
    }

    /// Polls the call.
    ///
    /// # Panics
    ///
    /// After its end, and where the load panics: then the call has to be dropped, which hands its load over.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        function: &mut dyn Function,
    ) -> Poll<Ended> {
        let mut turn = self.begin.take().map(|begin| begin.first_look(function));
        loop {
            match turn {
                Some(Turn::Go(phase)) => self.phase = phase,
                Some(Turn::End(ended)) => return Poll::Ready(ended),
                None => {}
            }
            // A load may be a cached call itself, and so on: what is on the stack while it is polled is kept small.
            turn = Some(match &mut self.phase {
                Phase::Load(load) => {
                    let ended = ready!(load.poll(cx, function));
                    self.end_load(ended, function)
                }
                Phase::Io(io) => ready!(poll_io(io, cx, function)),
                Phase::Spawned(waited) => {
                    let spawned = ready!(waited.poll(cx, function));
                    self.end_wait(spawned)
                }
                Phase::Over => panic!("a cached call was polled after its end"),
            });
        }
    }

    #[inline(never)]
    fn end_load(&mut self, ended: Loaded, function: &mut dyn Function) -> Turn {
        match mem::take(&mut self.phase) {
            Phase::Load(load) => loaded(*load, ended, function),
            _ => unreachable!("it is a load that has ended"),
        }
    }

    #[inline(never)]
    fn end_wait(&mut self, spawned: Spawned) -> Turn {
        match mem::take(&mut self.phase) {
            Phase::Spawned(waited) => {
                let (engine, has_values) = waited.end(spawned);
                Turn::end(&engine, has_values)
            }
            _ => unreachable!("it is a task that was waited for"),
        }
    }
}

#[inline(never)]
fn poll_io(io: &mut Io, cx: &mut Context<'_>, function: &mut dyn Function) -> Poll<Turn> {
    let (engine, ask) = ready!(io.as_mut().poll(cx));
    Poll::Ready(go_on(engine, ask, function))
}

impl Begin {
    fn engine(self) -> Engine {
        let keys = match self.keys {
            BeginKeys::One(key) => Keys::one(key),
            BeginKeys::Many(keys) => Keys::many(keys),
        };
        Engine::new(self.request, keys, self.renews)
    }

    /// Looks into the store. The embedded one answers at once, so a hit on it allocates no future.
    #[inline(never)]
    fn first_look(self, function: &mut dyn Function) -> Turn {
        let mut engine = self.engine();
        // Pinned here, so that the future is not moved.
        if engine.request.guard.is_local() && pin!(engine.look()).now_or_never().is_some() {
            return go_on(engine, Ask::Decode, function);
        }
        Turn::Go(Phase::Io(Box::pin(async move {
            engine.look().await;
            (engine, Ask::Decode)
        })))
    }
}
