//! What the library logs, all of it.

use std::{
    fmt::{Debug, Write},
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::DefaultGuard,
};

/// Everything that has been logged on this thread since it was made, at every level, as text. A test that runs on a
/// runtime of one thread sees what its tasks log.
#[derive(Debug)]
pub struct Log {
    text: Arc<Mutex<String>>,
    _guard: DefaultGuard,
}

impl Log {
    /// Listens from now on, until it is dropped.
    pub fn listen() -> Log {
        keep_all_events();
        let text = Arc::<Mutex<String>>::default();
        let listener = Listener { text: Arc::clone(&text), spans: AtomicU64::new(1) };
        Log { text, _guard: tracing::subscriber::set_default(listener) }
    }

    /// What has been logged so far: a line for each event and span, its level first.
    pub fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a line of this level holds all of these words.
    pub fn says(&self, level: &str, words: &[&str]) -> bool {
        let text = self.text();
        text.lines().any(|line| line.starts_with(level) && words.iter().all(|w| line.contains(w)))
    }
}

/// Makes sure that whoever listens on a thread of this process hears every event.
///
/// Where two threads reach an event at once for the first time, and nobody listens on either of them, `tracing` can take it
/// for one that nobody will ever listen to.
pub fn keep_all_events() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| _ = tracing::subscriber::set_global_default(Interested));
}

/// Wants to hear everything, and keeps nothing.
struct Interested;

impl Subscriber for Interested {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Listener {
    text: Arc<Mutex<String>>,
    spans: AtomicU64,
}

impl Listener {
    fn write(&self, metadata: Option<&Metadata<'_>>, record: impl FnOnce(&mut Line)) {
        let mut line = Line(String::new());
        if let Some(metadata) = metadata {
            _ = write!(line.0, "{} {} {}", metadata.level(), metadata.target(), metadata.name());
        }
        record(&mut line);
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(&line.0.replace('\n', " "));
        text.push('\n');
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.write(Some(span.metadata()), |line| span.record(line));
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.write(None, |line| values.record(line));
    }

    fn event(&self, event: &Event<'_>) {
        self.write(Some(event.metadata()), |line| event.record(line));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
