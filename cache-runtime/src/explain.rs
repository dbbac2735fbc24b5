//! What stands under a key, and whether readers are answered by it: the look of somebody who wants to know why.

mod text;

use std::time::Duration;

use futures_util::future::join;

use crate::{
    cache::{Cache, WithPolicy},
    codec,
    encoding::{Codec, Compression, Encoding},
    encryption,
    entry::Entry,
    error::Error,
    guard::Guard,
    key::{self, CacheKey},
    protocol::{Incarnation, Nonce, Reply, State, Step},
    shared::{Inner, Tag},
    store::inspected::Inspected,
    tag_version::current_stamp,
    tagged::Tagged,
};

/// What stands under a key: what [`Cache::explain`] returns.
///
/// It prints as some lines for people. Times are those of the moment at which the store answered.
#[derive(Clone, Debug)]
pub struct Explanation {
    key: String,
    status: KeyStatus,
    unreadable: Option<String>,
    pending: bool,
    value: Option<StoredValue>,
    left: Option<Duration>,
    tags: Vec<TagExplanation>,
    incarnation: Option<Incarnation>,
    /// That of the server now.
    current: Incarnation,
    beside: Option<Box<Explanation>>,
}

/// What is known of a value from its header.
#[derive(Clone, Debug)]
struct StoredValue {
    codec: Option<Codec>,
    compression: Option<Compression>,
    layout: Option<u64>,
    size: usize,
    sealed_by: Option<String>,
    age: Duration,
    fresh: Duration,
    stale: Duration,
    load: Duration,
    carried: usize,
}

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyStatus {
    /// Nothing.
    Vacant,
    /// A value.
    Value,
    /// A remembered `None`.
    Absent,
    /// A value that waits in a write-behind queue: readers are answered by it, and it is not in the database yet.
    Queued,
    /// The lease of a call that is loading.
    Leased,
    /// The fence of a writer at work, or of one that has died: calls load, and store nothing.
    Fenced,
    /// What this cache cannot read: bytes of another program, or a value that `Builder::encryption` refuses.
    /// The next load replaces it.
    Unreadable,
    /// What is left from before the server was restarted or replaced. It is not used, and the next load replaces it.
    Void,
    /// The cache is disabled, so there is no store to look into.
    Disabled,
}

/// A tag that was asked about, or that of the namespace, and what it means to the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagExplanation {
    name: String,
    status: TagStatus,
}

/// What a tag means to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TagStatus {
    /// The value carries it, and it has not been invalidated since.
    Stands,
    /// It was invalidated after the value was loaded, or its stamp was evicted: the value is not used.
    Ended,
    /// A writer of it is at work: the value is not used, and none that carries it is stored.
    Fenced,
    /// The value does not carry it: who reads it under this tag does not find it.
    NotCarried,
    /// There is no value that could carry it.
    NoValue,
}

impl Explanation {
    /// The key as it is stored, with the namespace and the version.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What it holds.
    pub fn status(&self) -> KeyStatus {
        self.status
    }

    /// Why it cannot be read, of a key that is [`Unreadable`](KeyStatus::Unreadable).
    pub fn unreadable(&self) -> Option<&str> {
        self.unreadable.as_deref()
    }

    /// Whether an invalidation of the key is pending: the store has not confirmed it, and this process uses nothing that stands
    /// there.
    pub fn has_pending_invalidation(&self) -> bool {
        self.pending
    }

    /// Whether a reader that names these tags is answered by the value now. None where that is not known: the value carries
    /// tags that were not named, or it has expired, and its reader's policy decides whether it is served.
    pub fn is_served(&self) -> Option<bool> {
        let holds = matches!(self.status, KeyStatus::Value | KeyStatus::Absent | KeyStatus::Queued);
        let Some(value) = self.value.as_ref().filter(|_| holds && !self.pending) else {
            return Some(false);
        };
        if self.status == KeyStatus::Queued {
            return Some(true);
        }
        if self.tags.iter().any(|tag| tag.status != TagStatus::Stands) {
            return Some(false);
        }
        (self.unnamed_tags() == 0 && !value.fresh.is_zero()).then_some(true)
    }

    /// How long ago the value was stored. None where there is no value.
    pub fn age(&self) -> Option<Duration> {
        self.value.as_ref().map(|value| value.age)
    }

    /// How much longer the value is fresh; zero of one that has expired. None where there is no value.
    pub fn fresh_for(&self) -> Option<Duration> {
        self.value.as_ref().map(|value| value.fresh)
    }

    /// How much longer it is kept after that, for readers with `stale_while_revalidate` or `stale_if_error`. None where there
    /// is no value.
    pub fn stale_for(&self) -> Option<Duration> {
        self.value.as_ref().map(|value| value.stale)
    }

    /// How much longer the store keeps what the key holds, a lease or a fence too. None where it is for ever, or the store does
    /// not tell.
    pub fn kept_for(&self) -> Option<Duration> {
        self.left
    }

    /// How long the load of the value took.
    pub fn load_time(&self) -> Option<Duration> {
        self.value.as_ref().map(|value| value.load)
    }

    /// The codec of the value, if this version of the library knows it.
    pub fn codec(&self) -> Option<Codec> {
        self.value.as_ref().and_then(|value| value.codec)
    }

    /// How the value is compressed, if it is.
    pub fn compression(&self) -> Option<Compression> {
        self.value.as_ref().and_then(|value| value.compression)
    }

    /// The fingerprint of the layout of the value's type, if it has one (`#[derive(CacheValue)]`).
    pub fn layout(&self) -> Option<u64> {
        self.value.as_ref().and_then(|value| value.layout)
    }

    /// The size of the value in bytes, as it is stored: encoded, compressed and encrypted.
    pub fn size(&self) -> Option<usize> {
        self.value.as_ref().map(|value| value.size)
    }

    /// The id of the encryption key that has sealed the value, if it is encrypted.
    pub fn encryption_key(&self) -> Option<&str> {
        self.value.as_ref().and_then(|value| value.sealed_by.as_deref())
    }

    /// The tags that were named, and that of the namespace.
    pub fn tags(&self) -> &[TagExplanation] {
        &self.tags
    }

    /// How many tags the value carries that were not named. An entry has the stamps of its tags and not their names, so nobody
    /// can tell which they are: name them by [`Cache::tagged`].
    pub fn unnamed_tags(&self) -> usize {
        let named = self.tags.iter().filter(|tag| {
            matches!(tag.status, TagStatus::Stands | TagStatus::Ended | TagStatus::Fenced)
        });
        self.value.as_ref().map_or(0, |value| value.carried.saturating_sub(named.count()))
    }

    /// The incarnation of the server to which the entry belongs: a digest of its history since it was started or promoted. None
    /// for the embedded store, and where the server does not tell.
    pub fn incarnation(&self) -> Option<u32> {
        self.incarnation.map(Incarnation::digest)
    }

    /// The incarnation that the server has now. None as for [`incarnation`](Explanation::incarnation).
    pub fn server_incarnation(&self) -> Option<u32> {
        (self.current != Incarnation::NONE).then(|| self.current.digest())
    }

    /// The entry that readers with this policy have beside this one, which is of another layout.
    pub fn beside(&self) -> Option<&Explanation> {
        self.beside.as_deref()
    }
}

impl TagExplanation {
    /// The tag, without the namespace. That of the namespace is `#all`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it means to the value.
    pub fn status(&self) -> TagStatus {
        self.status
    }
}

impl Cache {
    /// What stands under `key`, and whether readers are answered by it: for somebody who asks why it is cached, or why it is
    /// not. Nothing is loaded, decoded or changed.
    ///
    /// The key is one without a version: [`with`](Cache::with) a policy, or with `:v2` at its end, it is one with. The tags of
    /// its readers are named by [`tagged`](Cache::tagged). Why a load has stored nothing is told by
    /// [`FunctionStats::not_stored`](crate::FunctionStats::not_stored).
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] or [`Error::Refused`] where the store does not answer in time.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// use cache_runtime::{Cache, KeyStatus, TagStatus};
    ///
    /// let cache = Cache::in_memory();
    /// assert_eq!(cache.explain("user:42").await?.status(), KeyStatus::Vacant);
    ///
    /// let minute = cache_runtime::Policy::ttl(60);
    /// let tenant = cache.tagged(["tenant:7"]);
    /// tenant.get_or_load("user:42", &minute, || async { Some("Ann".to_owned()) }).await;
    /// let user = tenant.explain("user:42").await?;
    /// assert_eq!((user.status(), user.is_served()), (KeyStatus::Value, Some(true)));
    /// println!("{user}");
    ///
    /// cache.invalidate_tags(["tenant:7"]).await;
    /// let user = tenant.explain("user:42").await?;
    /// assert_eq!((user.is_served(), user.tags()[0].status()), (Some(false), TagStatus::Ended));
    /// # Ok(()) }
    /// ```
    pub async fn explain(&self, key: impl CacheKey) -> Result<Explanation, Error> {
        let key = self.key(None, |out| out.key(&key));
        explain(&self.inner, key, &[], &Encoding::DEFAULT).await
    }
}

impl Tagged<'_> {
    /// What stands under `key`, and which of these tags has ended it: as [`Cache::explain`].
    ///
    /// # Errors
    ///
    /// As [`Cache::explain`].
    pub async fn explain(&self, key: impl CacheKey) -> Result<Explanation, Error> {
        let key = self.cache.key(None, |out| out.key(&key));
        explain(&self.cache.inner, key, &self.tags, &Encoding::DEFAULT).await
    }
}

impl WithPolicy<'_> {
    /// What stands under `key`, for functions with this policy: as [`Cache::explain`]. If the entry has another layout than the
    /// policy ([`Policy::value`](crate::Policy::value)), what stands [beside](Explanation::beside) it is explained too.
    ///
    /// # Errors
    ///
    /// As [`Cache::explain`].
    pub async fn explain(&self, key: impl CacheKey) -> Result<Explanation, Error> {
        let key = self.cache.key(self.policy.version, |out| out.key(&key));
        explain(&self.cache.inner, key, &self.tags, &self.policy.encoding).await
    }
}

/// Explains what stands under a stored key, for readers of these tags.
async fn explain(
    inner: &Inner,
    key: String,
    tags: &[Tag],
    encoding: &Encoding,
) -> Result<Explanation, Error> {
    let Some(guard) = &inner.guard else {
        return Ok(Explanation::of_nothing(key, KeyStatus::Disabled));
    };
    let names = inner.entry_tags(tags.iter().map(|tag| tag.name.clone()).collect());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut own = look(guard, key, &names).await?;
    if let (Some(fingerprint), Some(stamp)) = (own.other_layout(encoding), own.stamp) {
        let beside = key::side_key(&own.told.key, &format!("{fingerprint:016x}"));
        let mut beside = look(guard, beside, &names).await?;
        // It ends with the entry that it stands beside.
        beside.named.push((own.told.key.clone(), Some(State::Value(stamp, Entry::tag(stamp)))));
        own.told.beside = Some(Box::new(beside.explained(inner)));
    }
    Ok(own.explained(inner))
}

/// What was found under a key, and under tags.
struct Found {
    told: Explanation,
    entry: Option<Entry>,
    stamp: Option<Nonce>,
    /// The tags in the order of the entry's, each with what it holds.
    named: Vec<(String, Option<State<Entry>>)>,
}

async fn look(guard: &Guard, key: String, tags: &[&str]) -> Result<Found, Error> {
    let looked = async {
        match tags {
            [] => Ok(Vec::new()),
            tags => {
                let steps: Vec<_> = tags.iter().map(|&tag| (tag, Step::Read)).collect();
                guard.run_many(&steps).await
            }
        }
    };
    let (found, states) = join(guard.inspect(&key), looked).await;
    let found = found?;
    let state = |reply| match reply {
        Ok(Reply::Found(state)) => Some(state),
        _ => None,
    };
    let named =
        tags.iter().map(|&tag| tag.to_owned()).zip(states?.into_iter().map(state)).collect();
    let (entry, stamp) = (found.state.entry().cloned(), found.state.nonce());
    let (status, unreadable) = status_of(&found.state);
    let mut told = Explanation::of_nothing(key, status);
    told.unreadable = unreadable;
    told.pending = guard.has_pending(&told.key);
    told.left = found.left;
    told.current = found.incarnation;
    let is_known = found.incarnation != Incarnation::NONE;
    told.incarnation = stamp.filter(|_| is_known).map(Nonce::incarnation);
    // The header of an entry that cannot be trusted cannot be trusted either.
    let entry = entry.filter(|_| status != KeyStatus::Unreadable);
    told.value = entry.as_ref().map(|entry| StoredValue::of(entry, &found, guard.clock().now_ms()));
    Ok(Found { told, entry, stamp, named })
}

fn status_of(state: &State<Entry>) -> (KeyStatus, Option<String>) {
    let status = match state {
        State::Vacant => KeyStatus::Vacant,
        State::Value(_, entry) if entry.negative() => KeyStatus::Absent,
        State::Value(..) => KeyStatus::Value,
        State::Pending(_) => KeyStatus::Queued,
        State::Leased(_) => KeyStatus::Leased,
        State::Fenced(_) => KeyStatus::Fenced,
        State::Void(_) => KeyStatus::Void,
        State::Unreadable => {
            return (
                KeyStatus::Unreadable,
                Some("the key holds what is no entry of a cache".to_owned()),
            );
        }
    };
    match state.entry().map(encryption::check) {
        Some(Err(Error::Codec(why))) => (KeyStatus::Unreadable, Some(why)),
        Some(Err(other)) => (KeyStatus::Unreadable, Some(other.to_string())),
        _ => (status, None),
    }
}

impl StoredValue {
    fn of(entry: &Entry, found: &Inspected, now_ms: u64) -> StoredValue {
        let header = entry.header();
        let until = |at: u64| Duration::from_millis(at.saturating_sub(now_ms));
        let stored_at = header.soft_expiry.saturating_sub(header.ttl);
        let kept = found.left.unwrap_or_else(|| until(header.soft_expiry));
        // Without a grace period the store's clock alone ends it.
        let fresh = if header.graceful { until(header.soft_expiry).min(kept) } else { kept };
        StoredValue {
            codec: Codec::of_mark(header.codec),
            compression: Compression::of_mark(header.compression),
            layout: Some(header.fingerprint).filter(|layout| *layout != 0),
            size: found.size,
            sealed_by: found.sealed_by.clone(),
            age: Duration::from_millis(now_ms.saturating_sub(stored_at)),
            fresh,
            stale: kept.saturating_sub(fresh),
            load: Duration::from_micros(header.cost.into()),
            carried: entry.tags().len(),
        }
    }
}

impl Found {
    /// The layout of readers with this encoding, if the entry has another one, so that they have one of their own beside it.
    fn other_layout(&self, encoding: &Encoding) -> Option<u64> {
        let entry = self.entry.as_ref()?;
        let is_value = matches!(self.told.status, KeyStatus::Value | KeyStatus::Absent);
        let fits = encoding.fingerprint == 0 || codec::fits(entry, encoding);
        (is_value && !fits).then_some(encoding.fingerprint)
    }

    fn explained(self, inner: &Inner) -> Explanation {
        let Found { mut told, entry, named, .. } = self;
        let carried: Vec<Nonce> = entry.iter().flat_map(Entry::tags).collect();
        let stamps: Vec<Option<Nonce>> =
            named.iter().map(|(_, state)| current_stamp(state.as_ref()?)).collect();
        // Where all are named, each has its place.
        let all_named = carried.len() == named.len();
        let stands = |at: usize| match stamps[at] {
            Some(now) if all_named => carried[at] == now,
            Some(now) => carried.contains(&now),
            None => false,
        };
        let standing = (0..named.len()).filter(|&at| stands(at)).count();
        // So many of its tags have another stamp by now, or were not named.
        let mut others = carried.len() - standing;
        told.tags = named
            .iter()
            .enumerate()
            .map(|(at, (tag, state))| {
                let status = match state {
                    _ if stands(at) => TagStatus::Stands,
                    Some(State::Fenced(_)) => TagStatus::Fenced,
                    _ if entry.is_none() => TagStatus::NoValue,
                    _ if others == 0 => TagStatus::NotCarried,
                    _ => {
                        others -= 1;
                        TagStatus::Ended
                    }
                };
                TagExplanation { name: inner.tag_name(tag).to_owned(), status }
            })
            .collect();
        told
    }
}

impl Explanation {
    fn of_nothing(key: String, status: KeyStatus) -> Explanation {
        Explanation {
            key,
            status,
            unreadable: None,
            pending: false,
            value: None,
            left: None,
            tags: Vec::new(),
            incarnation: None,
            current: Incarnation::NONE,
            beside: None,
        }
    }
}
