//! Keys: how they are rendered, so that two different sets of arguments never share a key.
//!
//! A key consists of literal text and parts. Literal text is written unchanged. A part is percent-encoded, except for
//! the unreserved characters of RFC 3986 (ASCII letters, digits, `-._~`). The characters that structure a part
//! (`(`, `,`, `)`, `!`, `'`) are reserved. So the text of a part cannot contain a separator of the key, and cannot look
//! like another part. Every part is non-empty, which makes joined lists decodable.

mod parts;
mod rendered;
mod template;
mod typed;

pub use self::rendered::{Rendered, rendered};
pub(crate) use self::template::Template;

pub use self::typed::{AcceptsValue, AnyValue, KeyOf};

use std::{borrow::Cow, rc::Rc, sync::Arc};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything except the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The maximum length. In a longer key, a digest replaces everything after the literal head.
const MAX_KEY: usize = 512;

/// How many bytes of the literal head a digested key keeps.
const MAX_HEAD: usize = 256;

/// A whole key.
///
/// Derive it for a struct, with the key's template: the fields fill the placeholders.
///
/// ```
/// use cache_runtime::CacheKey;
///
/// #[derive(CacheKey)]
/// #[cache_key("user:<tenant>:<id>")]
/// struct UserKey { tenant: String, id: u64 }
///
/// let key = UserKey { tenant: "acme:eu".into(), id: 42 };
/// assert_eq!(cache_runtime::stored_key(&key), "user:acme%3Aeu:42");
/// ```
///
/// With `value`, the key declares the type of its value, and using another type does not compile:
///
/// ```
/// use cache_runtime::{Cache, CacheKey};
///
/// #[derive(CacheKey)]
/// #[cache_key("user:<id>", value = User)]
/// struct UserKey { id: u64 }
///
/// /// A value can be its own key. Then fields that are not in the template need no `skip`.
/// #[derive(CacheKey, serde::Serialize, serde::Deserialize)]
/// #[cache_key("user:<id>", value = Self)]
/// struct User { id: u64, name: String }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
/// # let cache = Cache::in_memory();
/// let user = User { id: 42, name: "Ann".into() };
/// cache.put(&user, &user, 60).await;
/// let found = cache.get::<User>(UserKey { id: 42 }).await?;
/// assert_eq!(found.unwrap().name, "Ann");
/// cache.invalidate(&user).await;
/// # Ok(()) }
/// ```
///
/// `str` and `String` are keys too, without any encoding: text that users can influence belongs in a
/// placeholder of a template, where it is encoded. Keys with a `#` belong to the cache: tags (`#tag:plans`), queues
/// (`#queue:views`), and side keys of an entry (`user:42#refresh`). No template can render such a key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cache key",
    label = "not a whole key",
    note = "a key is a template (\"user:<id>\"), a string, or a struct with `#[derive(CacheKey)]` and `#[cache_key(\"user:<id>\")]`"
)]
pub trait CacheKey {
    /// The type of the value under the key, or [`AnyValue`]. With a type, using another one does not compile
    /// ([`KeyOf`]).
    type Value: ?Sized;

    /// Writes the key.
    fn write_key(&self, out: &mut KeyWriter<'_>);
}

/// A type that can fill a placeholder of a key.
///
/// Implemented for integers, `bool`, `char`, strings, IP addresses, `Option`, slices, arrays, tuples and
/// smart pointers to those; with the features `uuid`, `chrono` and `time` for the types of these crates.
/// Derive it for newtypes and enums without fields. It is deliberately not implemented for floats: `0.1 + 0.2` and `0.3`
/// would be different keys.
///
/// ```
/// use cache_runtime::KeyPart;
///
/// #[derive(KeyPart)]
/// struct TenantId(u64);
///
/// #[derive(KeyPart)]
/// enum Plan { Free, Paid }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot fill a placeholder of a cache key",
    label = "this type has no `KeyPart`",
    note = "integers, `bool`, `char`, strings, `Uuid`, IP addresses, dates, `Option`, slices and tuples of those can (`Uuid` and dates by the features `uuid`, `chrono`, `time`); floats cannot, as equal numbers may print differently",
    note = "for a type of your own: `#[derive(KeyPart)]` on a newtype or an enum without fields, or name a field of it in the template (`<user.id>`)",
    note = "for a type of another crate: name a method that gives equal values the same text (`<id.to_string()>`, `<timeout.as_millis()>`, of a decimal `<price.normalize().to_string()>`), or wrap it in a newtype with an `impl KeyPart`; for a `Path` take a `&str`, for a `SystemTime` the seconds since `UNIX_EPOCH`"
)]
pub trait KeyPart {
    /// Writes the part with [`KeyWriter::text`] or [`KeyWriter::part`].
    ///
    /// Different values must write different text.
    fn write_part(&self, out: &mut KeyWriter<'_>);
}

/// The output of a key.
#[derive(Debug)]
pub struct KeyWriter<'a> {
    buffer: &'a mut String,
    /// Where the key begins: before that is what the cache puts before it.
    start: usize,
    /// The end of the literal text before the first part, once there is a part.
    head: Option<usize>,
    /// The template that the key is written by, if it says so.
    template: Option<&'static str>,
}

impl<'a> KeyWriter<'a> {
    pub(crate) fn new(buffer: &'a mut String) -> Self {
        KeyWriter { start: buffer.len(), buffer, head: None, template: None }
    }

    /// Says by which template the key is written. What is derived does.
    #[doc(hidden)]
    #[inline]
    pub fn template(&mut self, template: &'static str) {
        self.template = Some(template);
    }

    /// The template that the key is written by, as far as it has said so.
    #[inline]
    pub(crate) fn template_name(&self) -> Option<&'static str> {
        self.template
    }

    /// What is known of the keys of which this is one, when it is written.
    pub(crate) fn described(&self) -> Template {
        Template::of(self.template, &self.buffer[self.start..])
    }

    /// Writes literal text of the key, unchanged.
    pub fn literal(&mut self, text: &str) {
        self.buffer.push_str(text);
    }

    /// Fills one placeholder.
    pub fn part<P: KeyPart + ?Sized>(&mut self, part: &P) {
        let start = self.buffer.len();
        self.head.get_or_insert(start);
        part.write_part(self);
        if self.buffer.len() == start {
            self.buffer.push_str("''");
        }
    }

    /// Writes text of a part, and percent-encodes reserved characters. For hand-written [`KeyPart`]s.
    pub fn text(&mut self, text: &str) {
        self.head.get_or_insert(self.buffer.len());
        self.buffer.extend(utf8_percent_encode(text, RESERVED));
    }

    /// Writes another key in full.
    pub fn key<K: CacheKey + ?Sized>(&mut self, key: &K) {
        key.write_key(self);
    }

    /// Writes parts that are encoded already, and the text between them.
    pub(crate) fn filled(&mut self, text: &str) {
        self.raw(text);
    }

    /// Writes text that is known to be unreserved, or that structures a part.
    fn raw(&mut self, text: &str) {
        self.head.get_or_insert(self.buffer.len());
        self.buffer.push_str(text);
    }

    /// If the key is too long, replaces everything after the literal head with a digest of the whole key.
    ///
    /// `#` is reserved, so no part can look like a digest.
    fn finish(self) {
        let Some(end) = head_of_overlong(self.buffer, self.head) else { return };
        let digest = blake2b_simd::Params::new().hash_length(16).hash(self.buffer.as_bytes());
        self.buffer.truncate(end);
        self.buffer.push('#');
        self.buffer.push_str(&digest.to_hex());
    }
}

/// The end of the head of a key that is too long. `None` where the length is fine.
fn head_of_overlong(key: &str, head: Option<usize>) -> Option<usize> {
    if key.len() <= MAX_KEY {
        return None;
    }
    let head = head.unwrap_or(key.len()).min(MAX_HEAD);
    Some((0..=head).rev().find(|&at| key.is_char_boundary(at)).unwrap_or(0))
}

/// The stored key in `namespace` and `version`: `shop:user:42:v2`.
pub(crate) fn stored(
    namespace: Option<&str>,
    version: Option<u32>,
    write: impl FnOnce(&mut KeyWriter<'_>),
) -> String {
    stored_after(namespace, "", version, write)
}

/// The stored key, with `prefix` between the namespace and what is written.
fn stored_after(
    namespace: Option<&str>,
    prefix: &str,
    version: Option<u32>,
    write: impl FnOnce(&mut KeyWriter<'_>),
) -> String {
    let mut buffer = String::with_capacity(64);
    if let Some(namespace) = namespace {
        buffer.push_str(namespace);
        buffer.push(':');
    }
    buffer.push_str(prefix);
    let mut writer = KeyWriter::new(&mut buffer);
    write(&mut writer);
    if let Some(version) = version {
        writer.literal(":v");
        writer.literal(itoa::Buffer::new().format(version));
    }
    writer.finish();
    buffer
}

/// A key without namespace and version, whatever its length: its literal head, and the rest.
pub(crate) fn pieces(write: impl FnOnce(&mut KeyWriter<'_>)) -> (String, String) {
    let mut buffer = String::new();
    let mut writer = KeyWriter::new(&mut buffer);
    write(&mut writer);
    let head = writer.head.unwrap_or(writer.buffer.len());
    let rest = buffer.split_off(head);
    (buffer, rest)
}

/// What the stored key of a tag begins with, after the namespace.
pub(crate) const TAG: &str = "#tag:";

/// The stored key of a tag in `namespace`: `shop:#tag:tenant:7`.
///
/// `#` is reserved: no template can render it.
pub(crate) fn stored_tag(
    namespace: Option<&str>,
    write: impl FnOnce(&mut KeyWriter<'_>),
) -> String {
    stored_after(namespace, TAG, None, write)
}

/// The stored key of the tag of a whole namespace: `shop:#all`.
pub(crate) fn stored_namespace(namespace: &str) -> String {
    format!("{namespace}:#all")
}

/// The stored key under which processes agree on how local copies are kept: `shop:#local`.
#[cfg(feature = "redis")]
pub(crate) fn stored_agreement(namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}:#local"),
        None => "#local".to_owned(),
    }
}

/// A side key of another key: `user:42#refresh{user:42}`.
///
/// It has the same prefix as the other key, so that access rights by prefix cover it too. The braces put
/// both into one hash slot of a Redis Cluster, so that steps on both keep their order. A key with a hash tag of its own
/// needs no braces.
pub(crate) fn side_key(key: &str, what: &str) -> String {
    match key.contains(['{', '}']) {
        true => format!("{key}#{what}"),
        false => format!("{key}#{what}{{{key}}}"),
    }
}

/// The stored key of one structure of a queue in `namespace`: `shop:#queue:users`.
pub(crate) fn stored_queue(namespace: Option<&str>, kind: &str, queue: &str) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}:#{kind}:{queue}"),
        None => format!("#{kind}:{queue}"),
    }
}

/// The stored key of `key` in a cache without a namespace.
///
/// Use it to look at an entry with `redis-cli`, and in tests.
///
/// ```
/// assert_eq!(cache_runtime::stored_key("user:42"), "user:42");
/// ```
pub fn stored_key<K: CacheKey + ?Sized>(key: &K) -> String {
    stored(None, None, |out| out.key(key))
}

impl CacheKey for str {
    type Value = AnyValue;

    fn write_key(&self, out: &mut KeyWriter<'_>) {
        out.literal(self);
    }
}

impl CacheKey for String {
    type Value = AnyValue;

    fn write_key(&self, out: &mut KeyWriter<'_>) {
        out.literal(self);
    }
}

macro_rules! through_pointers {
    ($($pointer:ty),*) => {$(
        impl<T: CacheKey + ?Sized> CacheKey for $pointer {
            type Value = T::Value;

            fn write_key(&self, out: &mut KeyWriter<'_>) {
                (**self).write_key(out);
            }
        }

        impl<T: KeyPart + ?Sized> KeyPart for $pointer {
            fn write_part(&self, out: &mut KeyWriter<'_>) {
                (**self).write_part(out);
            }
        }
    )*};
}

through_pointers!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

impl<T: CacheKey + ToOwned + ?Sized> CacheKey for Cow<'_, T> {
    type Value = T::Value;

    fn write_key(&self, out: &mut KeyWriter<'_>) {
        (**self).write_key(out);
    }
}

impl<T: KeyPart + ToOwned + ?Sized> KeyPart for Cow<'_, T> {
    fn write_part(&self, out: &mut KeyWriter<'_>) {
        (**self).write_part(out);
    }
}

#[cfg(test)]
mod tests;
