//! What a service can watch: metrics, spans and events.
//!
//! METRICS_DOC

pub(crate) mod metric;
#[cfg(feature = "metrics")]
mod series;
#[cfg(not(feature = "metrics"))]
mod silent;

#[cfg(feature = "metrics")]
pub(crate) use self::series::{Count, Measure, Times};
#[cfg(not(feature = "metrics"))]
pub(crate) use self::silent::{Count, Measure, Times};

use tracing::{Span, debug_span};

/// What an event is about.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) function: &'a str,
    /// The template of the key, where it is known.
    pub(crate) template: Option<&'static str>,
    /// The key itself, where logs may show it.
    pub(crate) key: Option<&'a str>,
}

impl About<'_> {
    /// The span of a load.
    pub(crate) fn load(&self) -> Span {
        let About { function, template, key } = self;
        debug_span!("cache.load", function, template, key)
    }
}

/// Emits an event of a `level` about something. Nothing is evaluated where nobody listens.
macro_rules! tell {
    ($level:ident, $about:expr, $($fields:tt)+) => {
        tracing::$level!(
            function = $about.function,
            template = $about.template,
            key = $about.key,
            $($fields)+
        )
    };
}

pub(crate) use tell;
