//! Encryption: the payload of an entry is sealed before it goes to a server, and bound to its key and its header.
//!
//! ```text
//! sealed payload = ciphertext, tag(16), nonce(24), id of the key, length of the id(1)
//! ```
//!
//! The associated data are the header without the identity, the id of the encryption key, and the stored key of the
//! entry. So nobody can move an entry to another key, or change its codec, fingerprint, expiry or tags. The identity is
//! not authenticated, because scripts change it, and scripts have no encryption keys: a write-behind value becomes an
//! ordinary one, and a dead letter is replayed under another stamp. The trailer follows the ciphertext, so that an entry
//! is opened in place.
//!
//! A stamp (of a tag, or the mark of a failed load) contains no user data and is not sealed.
#![cfg_attr(not(feature = "redis"), allow(dead_code, reason = "nothing leaves the process"))]

#[cfg(feature = "encryption")]
mod ring;

use std::fmt;

#[cfg(feature = "encryption")]
pub use self::ring::KeyRing;
use crate::{
    entry::{Entry, Refused},
    error::Error,
    protocol::{Pending, Reply, State, Step},
};

/// Seals values on their way to a server and opens them on the way back, if the cache has a key ring.
#[derive(Clone, Default)]
pub(crate) struct Encryptor {
    #[cfg(feature = "encryption")]
    ring: Option<std::sync::Arc<KeyRing>>,
}

impl Encryptor {
    #[cfg(feature = "encryption")]
    pub(crate) fn with(ring: KeyRing) -> Encryptor {
        Encryptor { ring: Some(ring.into()) }
    }

    /// Whether values are sealed.
    #[cfg(feature = "encryption")]
    pub(crate) fn seals(&self) -> bool {
        self.ring.as_ref().is_some_and(|ring| ring.seals())
    }

    #[cfg(not(feature = "encryption"))]
    pub(crate) fn seals(&self) -> bool {
        false
    }

    /// Checks the ids of the ring, if there is one.
    pub(crate) fn check(&self) -> Result<(), Error> {
        #[cfg(feature = "encryption")]
        if let Some(ring) = &self.ring {
            return ring.check();
        }
        Ok(())
    }

    /// The entry to store under `key`.
    pub(crate) fn seal(&self, key: &str, entry: &Entry) -> Result<Entry, Error> {
        #[cfg(feature = "encryption")]
        if let Some(ring) = &self.ring
            && !entry.is_stamp_only()
        {
            return ring.seal(key, entry);
        }
        #[cfg(not(feature = "encryption"))]
        let _ = key;
        Ok(entry.clone())
    }

    /// The step to send for `key`, with a sealed value.
    pub(crate) fn step(&self, key: &str, step: Step<Entry>) -> Result<Step<Entry>, Error> {
        if !self.seals() {
            return Ok(step);
        }
        let value = |value| self.seal(key, &value);
        Ok(match step {
            Step::Fill { expected, stamp, value: plain, life } => {
                Step::Fill { expected, stamp, value: value(plain)?, life }
            }
            Step::Settle { epoch, value: Some((stamp, plain, life)) } => {
                Step::Settle { epoch, value: Some((stamp, value(plain)?, life)) }
            }
            Step::Pend { stamp, value: plain } => Step::Pend { stamp, value: value(plain)? },
            // A tag has no value but its stamp.
            step => step,
        })
    }

    /// Opens an entry that was stored under `key`. Where a cache with these encryption keys cannot have stored it, the
    /// entry is marked as refused, and decoding it is an error.
    pub(crate) fn open(&self, key: &str, entry: Entry) -> Entry {
        #[cfg(feature = "encryption")]
        if let Some(ring) = &self.ring {
            return ring.open(key, entry);
        }
        #[cfg(not(feature = "encryption"))]
        let _ = key;
        if entry.is_sealed() { entry.refuse(Refused::NoRing) } else { entry }
    }

    /// Opens the value in the state of `key`.
    pub(crate) fn open_state(&self, key: &str, state: State<Entry>) -> State<Entry> {
        match state {
            State::Value(stamp, value) => State::Value(stamp, self.open(key, value)),
            State::Pending(Pending { stamp, value, contended }) => {
                State::Pending(Pending { stamp, value: self.open(key, value), contended })
            }
            state => state,
        }
    }

    /// Opens the value in the reply to a step on `key`.
    pub(crate) fn open_reply(&self, key: &str, reply: Reply<Entry>) -> Reply<Entry> {
        match reply {
            Reply::Found(state) => Reply::Found(self.open_state(key, state)),
            reply => reply,
        }
    }
}

impl fmt::Debug for Encryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "encryption")]
        if let Some(ring) = &self.ring {
            return ring.fmt(f);
        }
        f.write_str("none")
    }
}

/// An error where an entry was refused.
pub(crate) fn check(entry: &Entry) -> Result<(), Error> {
    let Some(refused) = entry.refused() else { return Ok(()) };
    Err(Error::Codec(match refused {
        Refused::NoRing if cfg!(feature = "encryption") => {
            "the entry is encrypted, and this cache has no keys: set them with \
             `Builder::encryption`"
                .to_owned()
        }
        Refused::NoRing => "the entry is encrypted: enable the feature `encryption` of `cache-runtime`, and set the keys with \
             `Builder::encryption`"
            .to_owned(),
        Refused::UnknownKey => {
            let id = id(entry.region()).unwrap_or_default();
            format!(
                "the entry is encrypted with a key that the ring does not have, {:?}: add it with \
                 `KeyRing::with_decryption_key` if it is yours",
                String::from_utf8_lossy(id)
            )
        }
        Refused::Forged => "the entry was changed after encryption, or belongs to another key".to_owned(),
        Refused::Plain => "the entry is not encrypted, so anybody could have written it: `KeyRing::and_plaintext` accepts it \
             while a service changes over"
            .to_owned(),
    }))
}

/// The id of the encryption key of a payload.
pub(crate) fn id(payload: &[u8]) -> Option<&[u8]> {
    let (length, rest) = payload.split_last()?;
    rest.get(rest.len().checked_sub(usize::from(*length))?..)
}
