//! What happens beside the fast path: many callers at once, an outage, a reader that is overtaken by a writer.

pub mod outage;
pub mod slow_reader;
pub mod stampede;
