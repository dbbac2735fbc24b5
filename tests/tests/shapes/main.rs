//! Every form that an annotated function can have, run for real: the second call is a hit, and the
//! body does what it does without the attribute.

use std::collections::HashMap;
use std::fmt::{Debug, Display};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_runtime::{Cache, CacheKey, KeyPart, cached, invalidates};
use serde::{Deserialize, Serialize};

/// Counts how often a body ran.
#[derive(Default)]
struct Loads(AtomicU32);

impl Loads {
    fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn take(&self) -> u32 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// An error that cannot be cloned.
#[derive(Debug, PartialEq)]
struct Failed;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
}

fn user(id: u64) -> User {
    let name = format!("user {id}");
    User { id, name }
}

/// Awaits the same call twice, in a cache of its own; the body must have run once.
macro_rules! loads_once {
    ($loads:expr, $call:expr) => {
        Cache::in_memory()
            .scope(async {
                let first = $call.await;
                assert_eq!(first, $call.await);
                assert_eq!($loads.take(), 1, "the second call was no hit");
                first
            })
            .await
    };
}

mod background;
mod batches;
mod bodies;
mod constants;
mod desugared;
mod fragments;
mod futures;
mod methods;
mod nesting;
mod options;
mod parameters;
mod repositories;
mod returns;
mod traits;
mod transactions;
mod writers;
