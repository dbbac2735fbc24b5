//! A load that is under way: the function's future is polled where it is, and the leases are renewed meanwhile, for no longer
//! than `load_timeout` says.

use std::{
    future::{Future, pending},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{runtime::Handle, time::timeout};
use tracing::Span;

use super::{engine::Engine, function::Function, reentry::Loading};

pub(super) struct Load {
    engine: Engine,
    /// Renews the leases, and ends when the load has had its time, if there is such a time. A load that is ready at once needs
    /// none.
    watch: Watch,
    /// For calls within it.
    loading: Arc<Loading>,
    span: Span,
}

enum Watch {
    NotYet,
    Running(Pin<Box<dyn Future<Output = ()> + Send>>),
    Over,
}

/// The end of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loaded {
    /// The function holds a value for each key.
    Values,
    /// The function holds an output without values.
    Output,
    /// It has had its time, and something else is done than waiting for it.
    TimedOut,
}

impl Load {
    pub(super) fn begin(mut engine: Engine) -> Load {
        engine.begin_load();
        let loading = Loading::new(&engine.request.guard, engine.loading_keys());
        let span = engine.about_call().load();
        Load { engine, watch: Watch::NotYet, loading, span }
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        function: &mut dyn Function,
    ) -> Poll<Loaded> {
        let asked = &self.engine.asked;
        let polled = self.loading.within(|| self.span.in_scope(|| function.poll_load(cx, asked)));
        match polled {
            Poll::Ready(true) => Poll::Ready(Loaded::Values),
            Poll::Ready(false) => Poll::Ready(Loaded::Output),
            Poll::Pending if self.watch.poll(cx, &self.engine).is_ready() => self.overrun(),
            Poll::Pending => Poll::Pending,
        }
    }

    /// The load has had its time.
    fn overrun(&mut self) -> Poll<Loaded> {
        if self.engine.can_give_up_load() {
            return Poll::Ready(Loaded::TimedOut);
        }
        self.engine.give_up_claims();
        Poll::Pending
    }

    /// The call whose load it was.
    pub(super) fn into_engine(self) -> Engine {
        self.engine
    }
}

impl Watch {
    /// Ready when the load has had its time, once.
    fn poll(&mut self, cx: &mut Context<'_>, engine: &Engine) -> Poll<()> {
        if let Watch::NotYet = self {
            *self = Watch::begin(engine);
        }
        let Watch::Running(watch) = self else { return Poll::Pending };
        let polled = watch.as_mut().poll(cx);
        if polled.is_ready() {
            *self = Watch::Over;
        }
        polled
    }

    /// Outside of a runtime there is no timer to watch by.
    fn begin(engine: &Engine) -> Watch {
        if Handle::try_current().is_err() {
            return Watch::Over;
        }
        let renewal = engine.claims.renewal();
        let limit = engine.load_timeout();
        if renewal.is_none() && limit.is_none() {
            return Watch::Over;
        }
        Watch::Running(Box::pin(async move {
            let renewed = async {
                if let Some(renewal) = renewal {
                    renewal.await;
                }
                pending::<()>().await;
            };
            match limit {
                Some(limit) => _ = timeout(limit, renewed).await,
                None => renewed.await,
            }
        }))
    }
}
