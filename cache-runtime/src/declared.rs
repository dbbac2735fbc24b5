//! What the functions of a cache are: each says it at its first call. What does not fit together is logged once, and found
//! by [`Cache::check`](crate::Cache::check).

mod mismatch;
mod rules;
mod seen;
mod value_type;

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

pub use self::mismatch::Mismatches;
use self::{rules::Found, seen::Seen};
pub(crate) use self::{seen::Identity, value_type::ValueType};
use crate::key::Template;

/// What a function is.
#[derive(Clone, Debug)]
pub(crate) struct Declaration {
    pub(crate) id: Identity,
    /// Its name in the statistics.
    pub(crate) function: &'static str,
    pub(crate) role: Role,
    pub(crate) version: Option<u32>,
    /// The keys whose values it reads or stores.
    pub(crate) key: Option<Template>,
    pub(crate) value: Option<ValueType>,
    /// The tags that these carry.
    pub(crate) tags: Vec<Template>,
    /// The keys that it invalidates, besides.
    pub(crate) fenced: Vec<Template>,
    pub(crate) fenced_tags: Vec<Template>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Reads,
    /// It writes values that others read.
    Stores,
    Invalidates,
}

impl Declaration {
    pub(crate) fn new(
        id: Identity,
        function: &'static str,
        role: Role,
        version: Option<u32>,
    ) -> Declaration {
        Declaration {
            id,
            function,
            role,
            version,
            key: None,
            value: None,
            tags: Vec::new(),
            fenced: Vec::new(),
            fenced_tags: Vec::new(),
        }
    }

    /// Adds one to `templates`, once however many keys are written by it.
    pub(crate) fn note(templates: &mut Vec<Template>, template: Template) {
        let is_known = |known: &Template| match (known, &template) {
            // Of keys that are written without a template, one is enough.
            (Template::Example(_), Template::Example(_)) => true,
            (known, template) => known == template,
        };
        if !templates.iter().any(is_known) {
            templates.push(template);
        }
    }

    /// Whether it says anything yet: a list of keys may have been empty.
    fn is_empty(&self) -> bool {
        self.key.is_none() && self.fenced.is_empty() && self.fenced_tags.is_empty()
    }
}

/// What the functions of one cache have said.
#[derive(Debug, Default)]
pub(crate) struct Declarations {
    seen: Seen,
    /// Whether there are two types under one key.
    are_apart: AtomicBool,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    declared: HashMap<Identity, Declaration>,
    /// The tags that values have named, one of each kind.
    value_tags: Vec<Template>,
    /// The fingerprints of functions whose types share their keys with others.
    apart: HashMap<Identity, u64>,
    /// What does not fit together, whatever else is declared.
    found: Vec<Found>,
}

impl Known {
    /// Keeps what has been found, and returns what was not known before.
    fn note(&mut self, mut found: Vec<Found>) -> Vec<Found> {
        found.retain(|found| !self.found.contains(found));
        self.found.extend(found.iter().cloned());
        found
    }
}

impl Declarations {
    /// Whether the function has not said yet what it is.
    #[inline]
    pub(crate) fn is_new(&self, id: Identity) -> bool {
        !self.seen.has(id) && self.is_unknown(id)
    }

    #[cold]
    fn is_unknown(&self, id: Identity) -> bool {
        let is_known = self.known().declared.contains_key(&id);
        if is_known {
            self.seen.note(id);
        }
        !is_known
    }

    /// Takes note of what a function is, or of more that has become known of it.
    #[cold]
    pub(crate) fn add(&self, declaration: &Declaration) {
        if declaration.is_empty() {
            return;
        }
        let mut known = self.known();
        known.declared.insert(declaration.id, declaration.clone());
        let others: Vec<&Declaration> =
            known.declared.values().filter(|other| other.id != declaration.id).collect();
        let found = rules::certain(declaration, &others);
        let likely = rules::likely(declaration, &others);
        for id in found.iter().flat_map(|found| found.apart.iter()) {
            let Some(value) = known.declared.get(id).and_then(|it| it.value) else { continue };
            known.apart.insert(*id, value.apart());
            self.are_apart.store(true, Ordering::Relaxed);
        }
        let new = known.note(found);
        drop(known);
        new.iter().for_each(Found::log);
        // In a debug build there may be somebody who reads it. A reader may yet be called for the first time.
        if let (true, Some(likely)) = (cfg!(debug_assertions), likely) {
            likely.log();
        }
    }

    /// Takes note of tags that a loaded value names.
    pub(crate) fn note_value_tags(&self, tags: &[Template]) {
        if tags.is_empty() {
            return;
        }
        let known = &mut self.known().value_tags;
        for tag in tags {
            if !known.iter().any(|known| known.kind() == tag.kind()) {
                known.push(tag.clone());
            }
        }
    }

    /// Looks whether readers have these keys under another version, in a build for debugging: the keys are written as
    /// text, so that each of them may be of other readers.
    pub(crate) fn look_at(&self, declaration: &Declaration) {
        if cfg!(debug_assertions) {
            let mut known = self.known();
            let found =
                rules::versions_of(declaration, &known.declared.values().collect::<Vec<_>>());
            let new = known.note(found);
            drop(known);
            new.iter().for_each(Found::log);
        }
    }

    /// The fingerprint of a function's values: the one that is `given`, unless another type is under the same key.
    #[inline]
    pub(crate) fn fingerprint(&self, id: Identity, given: u64) -> u64 {
        match self.are_apart.load(Ordering::Relaxed) {
            true => self.known().apart.get(&id).copied().unwrap_or(given),
            false => given,
        }
    }

    /// What does not fit together.
    pub(crate) fn check(&self) -> Result<(), Mismatches> {
        let known = self.known();
        let all: Vec<&Declaration> = known.declared.values().collect();
        let unread = rules::unread(&all, &known.value_tags);
        Mismatches::of(known.found.iter().chain(&unread).map(Found::to_string).collect())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
