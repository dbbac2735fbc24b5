//! The values of a call, by the index of their key: what is compiled for each type of value.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    codec,
    encoding::{Codec, Encoding},
    protocol::Nonce,
};

/// What a call holds of each of its keys.
pub(super) struct Values<T> {
    first: Pair<T>,
    /// Those of the other keys of a batch.
    rest: Vec<Pair<T>>,
}

/// The answer for a key, and what was loaded for it.
struct Pair<T> {
    answer: Option<T>,
    loaded: Option<T>,
}

impl<T> Pair<T> {
    const NONE: Pair<T> = Pair { answer: None, loaded: None };
}

impl<T> Values<T> {
    /// Room for the values of so many keys.
    pub(super) fn new(keys: usize) -> Self {
        let rest = (1..keys).map(|_| Pair::NONE).collect();
        Values { first: Pair::NONE, rest }
    }

    fn pair(&self, at: usize) -> &Pair<T> {
        at.checked_sub(1).map_or(&self.first, |at| &self.rest[at])
    }

    fn pair_mut(&mut self, at: usize) -> &mut Pair<T> {
        match at.checked_sub(1) {
            None => &mut self.first,
            Some(at) => &mut self.rest[at],
        }
    }

    pub(super) fn answer(&mut self, at: usize, value: T) {
        self.pair_mut(at).answer = Some(value);
    }

    pub(super) fn loaded(&mut self, at: usize, value: T) {
        self.pair_mut(at).loaded = Some(value);
    }

    /// What was loaded is the answer.
    pub(super) fn accept(&mut self, at: usize) {
        let pair = self.pair_mut(at);
        pair.answer = pair.loaded.take();
    }

    /// What was loaded last.
    pub(super) fn last(&self, at: usize) -> Option<&T> {
        self.pair(at).loaded.as_ref()
    }

    /// The answer.
    pub(super) fn take(&mut self, at: usize) -> Option<T> {
        self.pair_mut(at).answer.take()
    }

    /// All answers, in the order of their keys.
    pub(super) fn into_answers(self) -> impl Iterator<Item = Option<T>> {
        std::iter::once(self.first).chain(self.rest).map(|pair| pair.answer)
    }
}

impl<T: Serialize + DeserializeOwned> Values<T> {
    /// The answer and what was loaded, as JSON.
    pub(super) fn compared(&self, at: usize) -> Option<(Vec<u8>, Vec<u8>)> {
        let Pair { answer, loaded } = self.pair(at);
        Some((json(answer.as_ref()?)?, json(loaded.as_ref()?)?))
    }
}

fn json<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    let encoding = Encoding { codec: Codec::Json, compression: None, ..Encoding::DEFAULT };
    let entry = codec::encode(value, Nonce([0; 16]), &encoding, codec::Meta::default()).ok()?;
    Some(entry.payload().to_vec())
}

/// JSON of a `T`, read and written again.
pub(super) fn rewritten<T: Serialize + DeserializeOwned>(written: &[u8]) -> Option<Vec<u8>> {
    json(&serde_json::from_slice::<T>(written).ok()?)
}

/// What every function does with its `values`.
macro_rules! functions {
    ($stored:ty) => {
        fn decode(&mut self, at: usize, entry: &Entry, encoding: &Encoding) -> Result<(), Error> {
            self.values.answer(at, crate::codec::decode_checked::<$stored>(entry, encoding)?);
            Ok(())
        }

        fn encode(
            &self,
            at: usize,
            stamp: Nonce,
            encoding: &Encoding,
            meta: Meta<'_>,
        ) -> Result<Entry, Error> {
            match self.values.last(at) {
                Some(value) => crate::codec::encode_verified(value, stamp, encoding, meta),
                None => Err(Error::Codec("nothing was loaded".to_owned())),
            }
        }

        fn compared(&self, at: usize) -> Option<(Vec<u8>, Vec<u8>)> {
            self.values.compared(at)
        }

        fn rewritten(&self, json: &[u8]) -> Option<Vec<u8>> {
            values::rewritten::<$stored>(json)
        }

        fn accept(&mut self, at: usize) {
            self.values.accept(at);
        }
    };
}

pub(super) use functions;
