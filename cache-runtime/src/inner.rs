//! What the clones of one cache share.

use std::{sync::Arc, time::Duration};

use crate::{flight::Flights, guard::Guard, lease::Lease, stats::Registry};

pub(crate) struct Inner {
    /// None where the cache is disabled.
    pub(crate) guard: Option<Arc<Guard>>,
    pub(crate) namespace: Option<Box<str>>,
    pub(crate) fence_life: Duration,
    pub(crate) flights: Arc<Flights<Lease>>,
    pub(crate) registry: Registry,
    /// What `Debug` says of the store: never a credential.
    pub(crate) description: String,
}
