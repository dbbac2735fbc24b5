//! The values of a call, by the index of their key: what is compiled for each type of value.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    codec::{self, Same},
    encoding::{Codec, Encoding},
    entry::Entry,
    error::Error,
    keep::Keep,
    protocol::Nonce,
};

/// What a call holds of each of its keys.
pub(super) struct Values<T> {
    /// How values are kept beside local copies.
    keep: Option<Keep<T>>,
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
        Values { keep: None, first: Pair::NONE, rest }
    }

    /// The same, for a function with local copies.
    pub(super) fn keeping(self, keep: Option<Keep<T>>) -> Self {
        Values { keep, ..self }
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

    /// The answer and what was loaded.
    pub(super) fn both(&self, at: usize) -> Option<(&T, &T)> {
        let Pair { answer, loaded } = self.pair(at);
        answer.as_ref().zip(loaded.as_ref())
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
    /// Reads an entry, or takes its value if that is kept.
    pub(super) fn decode(
        &mut self,
        at: usize,
        entry: &Entry,
        encoding: &Encoding,
    ) -> Result<(), Error> {
        let kept = self.keep.zip(entry.decoded());
        let known = kept.and_then(|(keep, decoded)| keep.get(decoded));
        let value = match known {
            Some(value) => value,
            None => {
                let value = codec::decode_checked(entry, encoding)?;
                kept.inspect(|(keep, decoded)| keep.put(decoded, &value));
                value
            }
        };
        self.answer(at, value);
        Ok(())
    }

    /// The answer and what was loaded, as JSON.
    pub(super) fn compared(&self, at: usize) -> Option<(Vec<u8>, Vec<u8>)> {
        let (answer, loaded) = self.both(at)?;
        Some((json(answer)?, json(loaded)?))
    }
}

/// Whether two values, either of which may be `None`, are the same.
pub(super) fn same<T>(same: Same<T>, a: Option<&T>, b: Option<&T>) -> Option<bool> {
    let same = same?;
    Some(match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        (a, b) => a.is_none() && b.is_none(),
    })
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
///
/// `same` is a field with what compares two values, and `$value` gives the value of what is stored.
macro_rules! functions {
    ($stored:ty, $value:path) => {
        fn decode(&mut self, at: usize, entry: &Entry, encoding: &Encoding) -> Result<(), Error> {
            self.values.decode(at, entry, encoding)
        }

        fn encode(
            &self,
            at: usize,
            stamp: Nonce,
            encoding: &Encoding,
            meta: Meta<'_>,
        ) -> Result<Entry, Unstorable> {
            let Some(value) = self.values.last(at) else {
                return Err(Error::Codec("nothing was loaded".to_owned()).into());
            };
            let same: Compare<'_, $stored> = &|a, b| values::same(self.same, $value(a), $value(b));
            crate::codec::encode_verified(value, same, stamp, encoding, meta)
        }

        fn same(&self, at: usize) -> Option<bool> {
            let (a, b) = self.values.both(at)?;
            let same = |a, b| values::same(self.same, $value(a), $value(b));
            // What is not equal to itself can be compared by its encoding only.
            same(a, b).filter(|&is_same| is_same || same(a, a) == Some(true))
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
