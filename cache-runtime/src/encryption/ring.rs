//! The keys under which values are encrypted: XChaCha20-Poly1305, whose nonces are long enough to be drawn at random
//! by any number of processes that know nothing of each other.

use std::fmt;

use bytes::BytesMut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::AeadInOut};

use super::id;
use crate::{
    entry::{Entry, IDENTITY, Refused, relabel},
    error::Error,
};

const NONCE: usize = 24;
const TAG: usize = 16;

/// What begins the associated data, so that what the same key seals for another purpose is no entry.
const LABEL: &[u8] = b"cache-runtime entry 1";

/// The longest id: it is stored with every entry.
const LONGEST_ID: usize = 64;

/// Keys for the values that a cache keeps on a server: one encrypts, all decrypt.
///
/// A key is 32 random bytes, made by `openssl rand -hex 32`, say, and kept where a service keeps its secrets; a
/// password is none. Its id is stored with each entry in the clear, so it has to stay the same for as long as there
/// are entries, and says nothing that must not be known. What this protects against, and how keys are
/// exchanged, is told at [`Builder::encryption`](crate::Builder::encryption).
///
/// `Debug` shows the ids alone, and the bytes of keys are overwritten when the ring is dropped.
///
/// ```
/// use cache_runtime::KeyRing;
///
/// # let (of_may, of_november) = ([1; 32], [2; 32]);
/// let ring = KeyRing::new("2026-11", &of_november).with_decryption_key("2026-05", &of_may);
/// assert_eq!(format!("{ring:?}"), r#"KeyRing { seals: "2026-11", opens: ["2026-11", "2026-05"] }"#);
/// ```
#[derive(Clone)]
pub struct KeyRing {
    /// The first one seals, unless none does.
    keys: Vec<Key>,
    seals: bool,
    plaintext: bool,
}

#[derive(Clone)]
struct Key {
    id: Box<str>,
    cipher: XChaCha20Poly1305,
}

impl KeyRing {
    /// Encrypts with this key, and decrypts what it has encrypted.
    ///
    /// The id is 1 to 64 printable ASCII characters; another one is an error of
    /// [`Builder::build`](crate::Builder::build), and so is one that the ring has already.
    pub fn new(id: &str, key: &[u8; 32]) -> KeyRing {
        KeyRing { keys: vec![Key::new(id, key)], seals: true, plaintext: false }
    }

    /// Encrypts nothing. With [`with_decryption_key`](KeyRing::with_decryption_key) it reads what others encrypt already: the first of the
    /// steps in which a service begins to encrypt.
    pub fn plaintext() -> KeyRing {
        KeyRing { keys: Vec::new(), seals: false, plaintext: true }
    }

    /// Decrypts also what this key has encrypted: the key before the present one, or the one that is to come.
    pub fn with_decryption_key(mut self, id: &str, key: &[u8; 32]) -> KeyRing {
        self.keys.push(Key::new(id, key));
        self
    }

    /// Reads also what is not encrypted, while a service changes over. Until then whoever can write to the server can
    /// put any value into the cache.
    pub fn and_plaintext(self) -> KeyRing {
        KeyRing { plaintext: true, ..self }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        for (at, Key { id, .. }) in self.keys.iter().enumerate() {
            let visible = id.bytes().all(|byte| byte.is_ascii_graphic());
            if id.is_empty() || id.len() > LONGEST_ID || !visible {
                return Err(Error::Config(format!(
                    "{id:?} is no id of a key: write 1 to {LONGEST_ID} printable ASCII characters, such as \
                     `2026-11`"
                )));
            }
            if self.keys[..at].iter().any(|key| key.id == *id) {
                return Err(Error::Config(format!(
                    "the ring has two keys of the id {id:?}: give every key an id of its own"
                )));
            }
        }
        Ok(())
    }

    pub(super) fn seals(&self) -> bool {
        self.seals
    }

    pub(super) fn seal(&self, key: &str, entry: &Entry) -> Result<Entry, Error> {
        let Some(Key { id, cipher }) = self.keys.first().filter(|_| self.seals) else {
            return Ok(entry.clone());
        };
        let mut nonce = XNonce::default();
        // A nonce that came twice would give both payloads away: without randomness there is none.
        getrandom::fill(&mut nonce).map_err(|error| {
            Error::Codec(format!("without randomness nothing can be encrypted: {error}"))
        })?;
        let behind = TAG + NONCE + id.len() + 1;
        let mut bytes = Vec::with_capacity(entry.bytes().len() + behind);
        bytes.extend_from_slice(entry.bytes());
        relabel(&mut bytes, true, entry.payload().len() + behind);
        let (header, payload) = bytes.split_at_mut(entry.payload_start());
        let bound = associated(header, id.as_bytes(), key);
        let tag = cipher
            .encrypt_inout_detached(&nonce, &bound, payload.into())
            .map_err(|_| Error::Codec("the value is too large to be encrypted".to_owned()))?;
        bytes.extend_from_slice(&tag);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(id.as_bytes());
        bytes.push(id.len() as u8);
        Ok(Entry::from_encoded(bytes))
    }

    pub(super) fn open(&self, key: &str, entry: Entry) -> Entry {
        if !entry.is_sealed() {
            return if self.plaintext { entry } else { entry.refuse(Refused::Plain) };
        }
        let Some(id) = id(entry.payload()) else { return entry.refuse(Refused::Forged) };
        let Some(Key { id, cipher }) = self.keys.iter().find(|key| key.id.as_bytes() == id) else {
            return entry.refuse(Refused::UnknownKey);
        };
        let begin = entry.payload_start();
        let Some(length) = entry.payload().len().checked_sub(TAG + NONCE + id.len() + 1) else {
            return entry.refuse(Refused::Forged);
        };
        // Nobody else has the reply of the server, so it is opened where it is.
        let bytes = entry.into_bytes();
        let mut bytes = bytes.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        let (header, payload) = bytes.split_at_mut(begin);
        let bound = associated(header, id.as_bytes(), key);
        let (ciphertext, behind) = payload.split_at_mut(length);
        let (tag, behind) = behind.split_at(TAG);
        let (Ok(tag), Ok(nonce)) = (tag.try_into(), (&behind[..NONCE]).try_into()) else {
            return Entry::from_encoded(bytes).refuse(Refused::Forged);
        };
        if cipher.decrypt_inout_detached(nonce, &bound, ciphertext.into(), tag).is_err() {
            return Entry::from_encoded(bytes).refuse(Refused::Forged);
        }
        bytes.truncate(begin + length);
        relabel(&mut bytes, false, length);
        Entry::from_encoded(bytes)
    }
}

impl Key {
    fn new(id: &str, key: &[u8; 32]) -> Key {
        Key { id: id.into(), cipher: XChaCha20Poly1305::new(key.into()) }
    }
}

/// What is authenticated with a payload: the header as it is stored, which says how long it is, the id with its length,
/// and the key's name.
fn associated(header: &[u8], id: &[u8], key: &str) -> Vec<u8> {
    [LABEL, &header[IDENTITY..], &[id.len() as u8], id, key.as_bytes()].concat()
}

impl fmt::Debug for KeyRing {
    /// No key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.keys.iter().map(|key| &key.id).collect();
        let mut ring = f.debug_struct("KeyRing");
        if self.seals {
            ring.field("seals", &ids[0]);
        }
        ring.field("opens", &ids);
        if self.plaintext {
            ring.field("plaintext", &true);
        }
        ring.finish()
    }
}
