//! A load that is under way: the function's future is polled where it is, and the leases are renewed meanwhile.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tracing::Span;

use super::{engine::Engine, function::Function, reentry::Loading};

pub(super) struct Load {
    engine: Engine,
    renewal: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// For calls within it.
    loading: Arc<Loading>,
    span: Span,
}

impl Load {
    pub(super) fn begin(mut engine: Engine) -> Load {
        engine.begin_load();
        let renewal = engine.claims.renewal().map(|renewal| Box::pin(renewal) as Pin<Box<_>>);
        let loading = Loading::new(&engine.request.guard, engine.loading_keys());
        let span = engine.about_call().load();
        Load { engine, renewal, loading, span }
    }

    /// Ready with whether there are values.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, function: &mut dyn Function) -> Poll<bool> {
        let asked = &self.engine.asked;
        let polled = self.loading.within(|| self.span.in_scope(|| function.poll_load(cx, asked)));
        if polled.is_pending()
            && let Some(renewal) = &mut self.renewal
            && renewal.as_mut().poll(cx).is_ready()
        {
            self.renewal = None;
        }
        polled
    }

    /// The call whose load it was.
    pub(super) fn into_engine(self) -> Engine {
        self.engine
    }
}
