//! A server's store with the seal before it: what goes there is sealed under its key's name, what comes from there is
//! opened.
//!
//! All that carries no value is the store's own, to which this dereferences.

use std::ops::{Deref, DerefMut};

use super::{
    Replies, States,
    queue::{Enqueued, Item, Letter, Names, Taken},
    redis::{RedisStore, stream},
};
use crate::{
    encryption::Encryptor,
    entry::Entry,
    error::Error,
    protocol::{Nonce, Reply, State, Step},
};

pub(crate) struct Sealed<S> {
    store: S,
    encryptor: Encryptor,
}

impl<S> Sealed<S> {
    pub(crate) fn new(store: S, encryptor: Encryptor) -> Self {
        Sealed { store, encryptor }
    }
}

impl Sealed<RedisStore> {
    pub(crate) async fn read(&self, key: &str) -> Result<State<Entry>, Error> {
        Ok(self.encryptor.open_state(key, self.store.read(key).await?))
    }

    pub(crate) async fn read_many(&self, keys: &[&str]) -> Result<States, Error> {
        let states = self.store.read_many(keys).await?.into_iter();
        let opened =
            |(key, state): (&&str, Result<_, _>)| Ok(self.encryptor.open_state(key, state?));
        Ok(keys.iter().zip(states).map(opened).collect())
    }

    pub(crate) async fn run(&self, key: &str, step: Step<Entry>) -> Result<Reply<Entry>, Error> {
        let reply = self.store.run(key, self.encryptor.step(key, step)?).await?;
        Ok(self.encryptor.open_reply(key, reply))
    }

    pub(crate) async fn run_many(&self, steps: &[(&str, Step<Entry>)]) -> Result<Replies, Error> {
        let replies = if self.encryptor.seals() {
            let sealed =
                |(key, step): &(&'_ str, Step<Entry>)| self.encryptor.step(key, step.clone());
            let sealed: Vec<_> = steps.iter().map(sealed).collect::<Result<_, _>>()?;
            let sealed: Vec<_> = steps.iter().map(|(key, _)| *key).zip(sealed).collect();
            self.store.run_many(&sealed).await?
        } else {
            self.store.run_many(steps).await?
        };
        let opened = steps.iter().zip(replies).map(|((key, _), reply)| {
            let reply = reply?;
            Ok(self.encryptor.open_reply(key, reply))
        });
        Ok(opened.collect())
    }

    pub(crate) async fn enqueue(
        &self,
        names: &Names,
        key: &str,
        entry: &Entry,
        capacity: u64,
    ) -> Result<Enqueued, Error> {
        self.store.enqueue(names, key, &self.encryptor.seal(key, entry)?, capacity).await
    }

    pub(crate) async fn letters(&self, names: &Names, most: usize) -> Result<Vec<Letter>, Error> {
        let letters = self.store.letters(names, most).await?.into_iter();
        let opened = |letter: Letter| Letter { item: open(&self.encryptor, letter.item), ..letter };
        Ok(letters.map(opened).collect())
    }

    /// What a flusher needs of its own.
    pub(crate) fn source(&self) -> Sealed<stream::Source> {
        Sealed::new(self.store.source(), self.encryptor.clone())
    }
}

impl Sealed<stream::Source> {
    pub(crate) async fn take(
        &mut self,
        names: &Names,
        token: Nonce,
        most: usize,
        again: Option<i64>,
    ) -> Result<Taken, Error> {
        Ok(match self.store.take(names, token, most, again).await? {
            Taken::Items { items, more } => {
                let items = items.into_iter().map(|item| open(&self.encryptor, item)).collect();
                Taken::Items { items, more }
            }
            Taken::Deposed => Taken::Deposed,
        })
    }
}

/// An entry of a queue is sealed as it is under its key.
fn open(encryptor: &Encryptor, item: Item) -> Item {
    let entry = item.entry.map(|entry| encryptor.open(&item.key, entry));
    Item { entry, ..item }
}

impl<S> Deref for Sealed<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.store
    }
}

impl<S> DerefMut for Sealed<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.store
    }
}
