//! The key ring: values are encrypted with XChaCha20-Poly1305. Its nonces are long enough that any number of processes
//! can draw them at random, without coordination.

use std::fmt;

use bytes::BytesMut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::AeadInOut};

use super::id;
use crate::{
    entry::{Entry, IDENTITY, Refused, set_payload_header},
    error::Error,
};

const NONCE: usize = 24;
const TAG: usize = 16;

/// The start of the associated data: nothing that the same key encrypts for another purpose is a valid entry.
const LABEL: &[u8] = b"cache-runtime entry 1";

/// The longest id. The limit is small because every entry stores the id.
const LONGEST_ID: usize = 64;

/// Keys for the values that a cache keeps on a server: one encrypts, all decrypt.
///
/// A key is 32 random bytes, made for example by `openssl rand -hex 32`, and kept where a service keeps its secrets. Do
/// not use a password. Each entry stores the id of its key in the clear, so the id must not change while there are
/// entries, and must not reveal anything secret. [`Builder::encryption`](crate::Builder::encryption) says what this
/// protects against, and how to rotate keys.
///
/// `Debug` shows the ids only. The bytes of the keys are overwritten when the ring is dropped.
///
/// ```
/// use cache_runtime::KeyRing;
///
/// # let (of_may, of_november) = ([1; 32], [2; 32]);
/// let ring = KeyRing::new("2026-11", &of_november).with_decryption_key("2026-05", &of_may);
/// let shown = r#"KeyRing { encrypts: "2026-11", decrypts: ["2026-11", "2026-05"] }"#;
/// assert_eq!(format!("{ring:?}"), shown);
/// ```
#[derive(Clone)]
pub struct KeyRing {
    /// The first one encrypts, if `encrypts` is set.
    keys: Vec<Key>,
    encrypts: bool,
    plaintext: bool,
}

#[derive(Clone)]
struct Key {
    id: Box<str>,
    cipher: XChaCha20Poly1305,
}

impl KeyRing {
    /// A ring that encrypts with this key, and decrypts what this key has encrypted.
    ///
    /// The id is 1 to 64 printable ASCII characters, and no two keys of a ring have the same id; otherwise
    /// [`Builder::build`](crate::Builder::build) fails.
    pub fn new(id: &str, key: &[u8; 32]) -> KeyRing {
        KeyRing { keys: vec![Key::new(id, key)], encrypts: true, plaintext: false }
    }

    /// A ring that encrypts nothing. With [`with_decryption_key`](KeyRing::with_decryption_key) it reads what other
    /// processes already encrypt: the first step of a service that starts to encrypt.
    pub fn plaintext() -> KeyRing {
        KeyRing { keys: Vec::new(), encrypts: false, plaintext: true }
    }

    /// Also decrypts what this key has encrypted: the previous key, or the next one.
    pub fn with_decryption_key(mut self, id: &str, key: &[u8; 32]) -> KeyRing {
        self.keys.push(Key::new(id, key));
        self
    }

    /// Also reads entries that are not encrypted, while a service changes over. As long as a ring does this, whoever can
    /// write to the server can put any value into the cache.
    pub fn and_plaintext(self) -> KeyRing {
        KeyRing { plaintext: true, ..self }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        for (at, Key { id, .. }) in self.keys.iter().enumerate() {
            let visible = id.bytes().all(|byte| byte.is_ascii_graphic());
            if id.is_empty() || id.len() > LONGEST_ID || !visible {
                return Err(Error::Config(format!(
                    "{id:?} is not a valid id of a key: write 1 to {LONGEST_ID} printable ASCII characters, such \
                     as `2026-11`"
                )));
            }
            if self.keys[..at].iter().any(|key| key.id == *id) {
                return Err(Error::Config(format!(
                    "the ring has two keys with the id {id:?}: give every key an id of its own"
                )));
            }
        }
        Ok(())
    }

    pub(super) fn seals(&self) -> bool {
        self.encrypts
    }

    pub(super) fn seal(&self, key: &str, entry: &Entry) -> Result<Entry, Error> {
        let Some(Key { id, cipher }) = self.keys.first().filter(|_| self.encrypts) else {
            return Ok(entry.clone());
        };
        let mut nonce = XNonce::default();
        // A repeated nonce would reveal both payloads, so without randomness nothing is encrypted.
        getrandom::fill(&mut nonce)
            .map_err(|error| Error::Codec(format!("cannot encrypt without randomness: {error}")))?;
        let trailer = TAG + NONCE + id.len() + 1;
        let mut bytes = Vec::with_capacity(entry.bytes().len() + trailer);
        bytes.extend_from_slice(entry.bytes());
        set_payload_header(&mut bytes, true, entry.region().len() + trailer);
        let (header, payload) = bytes.split_at_mut(entry.payload_start());
        let associated = associated_data(header, id.as_bytes(), key);
        let tag = cipher
            .encrypt_inout_detached(&nonce, &associated, payload.into())
            .map_err(|_| Error::Codec("the value is too large to encrypt".to_owned()))?;
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
        let Some(id) = id(entry.region()) else { return entry.refuse(Refused::Forged) };
        let Some(Key { id, cipher }) = self.keys.iter().find(|key| key.id.as_bytes() == id) else {
            return entry.refuse(Refused::UnknownKey);
        };
        let begin = entry.payload_start();
        let Some(length) = entry.region().len().checked_sub(TAG + NONCE + id.len() + 1) else {
            return entry.refuse(Refused::Forged);
        };
        // Nobody else holds the bytes of the reply, so the entry is opened in place.
        let bytes = entry.into_bytes();
        let mut bytes = bytes.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        let (header, payload) = bytes.split_at_mut(begin);
        let associated = associated_data(header, id.as_bytes(), key);
        let (ciphertext, trailer) = payload.split_at_mut(length);
        let (tag, trailer) = trailer.split_at(TAG);
        let (Ok(tag), Ok(nonce)) = (tag.try_into(), (&trailer[..NONCE]).try_into()) else {
            return Entry::from_encoded(bytes).refuse(Refused::Forged);
        };
        if cipher.decrypt_inout_detached(nonce, &associated, ciphertext.into(), tag).is_err() {
            return Entry::from_encoded(bytes).refuse(Refused::Forged);
        }
        bytes.truncate(begin + length);
        set_payload_header(&mut bytes, false, length);
        Entry::from_encoded(bytes)
    }
}

impl Key {
    fn new(id: &str, key: &[u8; 32]) -> Key {
        Key { id: id.into(), cipher: XChaCha20Poly1305::new(key.into()) }
    }
}

/// The data that is authenticated with a payload: the stored header, which gives its own length, the id with its length,
/// and the stored key.
fn associated_data(header: &[u8], id: &[u8], key: &str) -> Vec<u8> {
    [LABEL, &header[IDENTITY..], &[id.len() as u8], id, key.as_bytes()].concat()
}

impl fmt::Debug for KeyRing {
    /// Shows no key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.keys.iter().map(|key| &key.id).collect();
        let mut ring = f.debug_struct("KeyRing");
        if self.encrypts {
            ring.field("encrypts", &ids[0]);
        }
        ring.field("decrypts", &ids);
        if self.plaintext {
            ring.field("plaintext", &true);
        }
        ring.finish()
    }
}
