//! One record of an outbox: a key or a tag that a committed transaction has made stale.

use std::time::Duration;

use crate::{
    key::{self, CacheKey, KeyWriter},
    shared::Inner,
};

/// A key or a tag that a committed transaction has made stale.
///
/// It is written as the readers' attribute writes it, in two pieces: the literal text before the first placeholder, and
/// everything after it, with each placeholder percent-encoded as [`KeyPart`](crate::KeyPart) does. For `"user:<tenant>:<id>"`
/// these are `user:` and `acme%3Aeu:42`. The cache needs to know the first piece, because a key of more than 512 bytes is
/// stored as that piece and a digest. The namespace is not part of either. `version = 2` is a part of the key: `:v2` at
/// its end.
///
/// ```
/// use std::time::Duration;
/// use cache_runtime::outbox::Change;
///
/// let user = Change::key("user:", "acme%3Aeu:42").aged(Duration::from_millis(7));
/// let tenant = Change::tag("tenant:", "acme%3Aeu");
/// # _ = (user, tenant);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    kind: Kind,
    head: String,
    rest: String,
    age: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Key,
    Tag,
}

impl Change {
    /// A key: its text before the first placeholder, and everything after it.
    pub fn key(head: impl Into<String>, rest: impl Into<String>) -> Self {
        Change { kind: Kind::Key, head: head.into(), rest: rest.into(), age: Duration::ZERO }
    }

    /// A tag, in the same two pieces.
    pub fn tag(head: impl Into<String>, rest: impl Into<String>) -> Self {
        Change { kind: Kind::Tag, ..Change::key(head, rest) }
    }

    /// How long ago it was recorded, by the database's clock. The lag in the statistics is counted from then.
    #[must_use]
    pub fn aged(self, age: Duration) -> Self {
        Change { age, ..self }
    }

    /// A key, as its readers name it: for a program that records what it changes.
    ///
    /// ```
    /// use cache_runtime::{CacheKey, outbox::Change};
    ///
    /// #[derive(CacheKey)]
    /// #[cache_key("user:<tenant>:<id>")]
    /// struct UserKey { tenant: String, id: u64 }
    ///
    /// let change = Change::of(&UserKey { tenant: "acme:eu".into(), id: 42 });
    /// assert_eq!((change.head(), change.rest()), ("user:", "acme%3Aeu:42"));
    /// ```
    pub fn of<K: CacheKey + ?Sized>(key: &K) -> Self {
        let (head, rest) = key::pieces(|out| out.key(key));
        Change::key(head, rest)
    }

    /// A tag, likewise.
    pub fn of_tag<K: CacheKey + ?Sized>(tag: &K) -> Self {
        Change { kind: Kind::Tag, ..Change::of(tag) }
    }

    /// Whether it is a tag.
    pub fn is_tag(&self) -> bool {
        self.kind == Kind::Tag
    }

    /// The text before the first placeholder.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Everything after that.
    pub fn rest(&self) -> &str {
        &self.rest
    }

    /// The age when it was taken.
    pub(super) fn age(&self) -> Duration {
        self.age
    }

    /// The stored key.
    pub(super) fn stored(&self, inner: &Inner) -> String {
        let text = Text { head: &self.head, rest: &self.rest };
        match self.kind {
            Kind::Key => key::stored(inner.namespace.as_deref(), None, |out| out.key(&text)),
            Kind::Tag => inner.tag(|out| out.key(&text)),
        }
    }
}

/// The text of a key whose placeholders are filled already.
struct Text<'a> {
    head: &'a str,
    rest: &'a str,
}

impl CacheKey for Text<'_> {
    type Value = key::AnyValue;

    fn write_key(&self, out: &mut KeyWriter<'_>) {
        out.literal(self.head);
        if !self.rest.is_empty() {
            out.filled(self.rest);
        }
    }
}
