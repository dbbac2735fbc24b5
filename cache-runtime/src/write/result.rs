//! What a writer leaves behind: a value in the entry's place, and keys that are emptied because they were not known
//! before.

use std::{sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    codec::{self, Compare, Packed, Same, Unstorable},
    declared::{Declaration, Identity, ValueType},
    entry::Entry,
    key::{self, KeyWriter},
    policy::Policy,
    protocol::Nonce,
    shared::Inner,
    stats::{Counters, NotStored},
    telemetry::About,
    time::IntoTtl,
};

/// What closures over the result of a writer decide.
pub struct Leave {
    inner: Arc<Inner>,
    counters: Arc<Counters>,
    policy: Policy,
    /// Which function it is.
    id: Identity,
    /// What the function is, at its first call.
    declaration: Option<Box<Declaration>>,
    stores: Stores,
    value: Option<Entry>,
    /// Why there is none, where there should be one.
    unstored: Option<NotStored>,
    emptied: Vec<String>,
}

/// Whether there is a key under which a value can be left.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stores {
    /// There is no such key.
    Nothing,
    /// There is, and this call leaves nothing under it.
    Not(NotStored),
    Value,
}

impl Leave {
    pub(crate) fn new(
        inner: &Arc<Inner>,
        counters: &Arc<Counters>,
        policy: &Policy,
        id: Identity,
        stores: Stores,
    ) -> Leave {
        Leave {
            inner: Arc::clone(inner),
            counters: Arc::clone(counters),
            policy: *policy,
            id,
            declaration: None,
            stores,
            value: None,
            unstored: None,
            emptied: Vec::new(),
        }
    }

    /// Takes note of what the function is, as far as it is known before the body.
    pub(crate) fn declares(&mut self, mut declaration: Option<Box<Declaration>>) {
        if let Some(new) = &mut declaration {
            new.value = self.declaration.as_ref().and_then(|known| known.value);
        }
        self.declaration = declaration;
    }

    /// The function has succeeded, so that all of what it is has become known.
    pub(super) fn declare(&self) {
        if let Some(declaration) = &self.declaration {
            self.inner.declared.add(declaration);
        }
    }

    /// This value's time to live.
    pub fn ttl(&mut self, ttl: impl IntoTtl) {
        self.policy.ttl = ttl.into_ttl();
    }

    /// The fingerprint of the value's type.
    pub fn fingerprint(&mut self, fingerprint: u64) {
        self.policy.encoding.fingerprint = fingerprint;
    }

    /// The value that takes the entry's place, if the write succeeds and nobody else writes meanwhile.
    ///
    /// A `None`, whatever it is wrapped in, is not stored, and neither is what does not read back as what it is,
    /// nor what is larger than `max_bytes`.
    pub fn value<T: Serialize + DeserializeOwned>(&mut self, value: &T, same: Same<T>) {
        if let Some(declaration) = &mut self.declaration {
            let fingerprint = self.policy.encoding.fingerprint;
            declaration.value = Some(ValueType::of::<T>(fingerprint));
            self.inner.declared.add(declaration);
        }
        match self.stores {
            Stores::Nothing => return,
            Stores::Not(why) => {
                self.unstored = Some(why);
                return;
            }
            Stores::Value => {}
        }
        let encoding = &mut self.policy.encoding;
        encoding.fingerprint = self.inner.declared.fingerprint(self.id, encoding.fingerprint);
        // Stamp, life and tags are put into the header when they are known.
        let stamp = Nonce([0; 16]);
        let meta = codec::Meta::default();
        let encoding = &self.policy.encoding;
        let same: Compare<'_, T> = &|a, b| same.map(|same| same(a, b));
        let encoded = codec::encode_verified(value, same, stamp, encoding, meta);
        self.keep(encoded);
    }

    fn keep(&mut self, encoded: Result<Entry, Unstorable>) {
        let packed = codec::packed(encoded, &self.policy.encoding, &self.counters, self.about());
        let value = match packed {
            Packed::Fits(entry) if entry.negative() => Err(NotStored::Absent),
            Packed::Fits(entry) => Ok(entry),
            Packed::TooLarge(_) => Err(NotStored::TooLarge),
            Packed::Refused(why) => Err(why),
        };
        self.unstored = value.as_ref().err().copied();
        self.value = value.ok();
    }

    /// A key that is known only now: it is emptied after the write.
    pub fn empty(&mut self, write: impl FnOnce(&mut KeyWriter<'_>)) {
        let namespace = self.inner.namespace.as_deref();
        self.emptied.push(key::stored(namespace, self.policy.version, |out| {
            write(out);
            if let Some(declaration) = &mut self.declaration {
                Declaration::note(&mut declaration.fenced, out.described());
            }
        }));
    }

    /// A tag that is known only now, likewise.
    pub fn empty_tag(&mut self, write: impl FnOnce(&mut KeyWriter<'_>)) {
        self.emptied.push(key::stored_tag(self.inner.namespace.as_deref(), |out| {
            write(out);
            if let Some(declaration) = &mut self.declaration {
                Declaration::note(&mut declaration.fenced_tags, out.described());
            }
        }));
    }

    /// What an event is about that concerns the value.
    fn about(&self) -> About<'_> {
        About { function: self.counters.name, template: self.policy.template, key: None }
    }

    /// No value after all: the write has failed.
    pub(super) fn nothing(&mut self) {
        (self.value, self.unstored) = (None, None);
    }

    /// The write has returned `None`.
    pub(super) fn absent(&mut self) {
        let stores = !matches!(self.stores, Stores::Nothing);
        (self.value, self.unstored) = (None, stores.then_some(NotStored::Absent));
    }

    /// The value with its time to live, or why there is none if there should be; and the keys to be emptied.
    #[allow(clippy::type_complexity, reason = "its parts have names where it is taken apart")]
    pub(super) fn decided(self) -> (Result<(Entry, Duration), Option<NotStored>>, Vec<String>) {
        let ttl = self.policy.ttl;
        let value = match self.value {
            Some(_) if ttl.is_zero() => Err(Some(NotStored::ZeroTtl)),
            Some(entry) => Ok((entry, ttl)),
            None => Err(self.unstored),
        };
        (value, self.emptied)
    }
}

impl std::fmt::Debug for Leave {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Leave")
            .field("value", &self.value)
            .field("emptied", &self.emptied)
            .finish_non_exhaustive()
    }
}
