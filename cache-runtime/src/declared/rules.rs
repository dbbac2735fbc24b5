//! The rules by which functions fit together, one for each mistake.

use std::fmt;

use super::{Declaration, Identity, Role};
use crate::key::Template;

/// Functions that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The one that has to be changed, as far as one can say.
    function: &'static str,
    message: String,
    /// Those whose types share a key.
    pub(super) apart: Vec<Identity>,
}

impl Found {
    fn new(function: &'static str, message: String) -> Found {
        Found { function, message, apart: Vec::new() }
    }

    pub(super) fn log(&self) {
        tracing::warn!(function = self.function, "{self}");
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What is wrong with `new` beside others, whatever else may yet be declared.
pub(super) fn certain(new: &Declaration, others: &[&Declaration]) -> Vec<Found> {
    let mut found = Vec::new();
    for other in others {
        found.extend(types(new, other));
        found.extend(tags(new, other));
    }
    found.extend(versions_of(new, others));
    if new.role == Role::Reads {
        let mut all = others.to_vec();
        all.push(new);
        let writers = others.iter().filter(|other| keys(other).any(|key| is_read_by(key, new)));
        found.extend(writers.flat_map(|writer| versions_of(writer, &all)));
    }
    found
}

/// Two types under one key: a value of one would be served as the other.
fn types(one: &Declaration, other: &Declaration) -> Option<Found> {
    let (one, other) = in_order(one, other);
    let (key, types) = (shared_key(one, other)?, (one.value?, other.value?));
    if !types.0.is_confused_with(types.1) {
        return None;
    }
    let message = format!(
        "`{}` and `{}` have the key {key} and values of two types, `{}` and `{}`: each has entries of its own from now on, \
         but an entry of another process may have been taken for one of theirs; give them different keys, or one type",
        one.function,
        other.function,
        types.0.short(),
        types.1.short(),
    );
    Some(Found { apart: vec![one.id, other.id], ..Found::new(one.function, message) })
}

/// An entry is valid for readers that name the tags that it carries. Any other one takes it for a stale one.
fn tags(one: &Declaration, other: &Declaration) -> Option<Found> {
    let (reader, other) = match (one.role, other.role) {
        (Role::Reads, Role::Reads) => in_order(one, other),
        (Role::Reads, _) => (one, other),
        (_, Role::Reads) => (other, one),
        _ => return None,
    };
    let key = shared_key(reader, other)?;
    let covers = |some: &[Template], all: &[Template]| {
        all.iter().all(|tag| some.iter().any(|same| same.overlaps(tag)))
    };
    if covers(&reader.tags, &other.tags) && covers(&other.tags, &reader.tags) {
        return None;
    }
    let does = if other.role == Role::Reads { "reads" } else { "stores" };
    let message = format!(
        "`{}` {does} {key} with {}, and its reader `{}` names {}, so neither finds the other's entries: give both the same \
         `tags = [...]`",
        other.function,
        Tags(&other.tags),
        reader.function,
        Tags(&reader.tags),
    );
    Some(Found::new(other.function, message))
}

struct Tags<'a>(&'a [Template]);

impl fmt::Display for Tags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("no tags"),
            tags => {
                let tags: Vec<_> = tags.iter().map(Template::to_string).collect();
                write!(f, "the tags {}", tags.join(", "))
            }
        }
    }
}

/// A writer of another version than all readers of its key invalidates nothing that they have.
pub(super) fn versions_of(writer: &Declaration, others: &[&Declaration]) -> Vec<Found> {
    let mut found = Vec::new();
    for key in keys(writer).filter(|_| writer.role != Role::Reads) {
        let readers = || others.iter().filter(|reader| is_read_by(key, reader));
        if readers().any(|reader| reader.version == writer.version) {
            continue;
        }
        let Some(reader) = readers().min_by_key(|reader| reader.function) else { continue };
        let instead = match reader.version {
            Some(version) => format!(
                "write `version = {version}`, or `cache.with(&POLICY)` with the reader's policy"
            ),
            None => "remove its version, or give the reader the same".to_owned(),
        };
        let message = format!(
            "`{}` writes {key} {}, and its reader `{}` reads it {}, so nothing is invalidated: {instead}",
            writer.function,
            version(writer),
            reader.function,
            version(reader),
        );
        found.push(Found::new(writer.function, message));
    }
    found
}

fn version(of: &Declaration) -> String {
    of.version.map_or("without a version".to_owned(), |version| format!("with version {version}"))
}

/// A writer of keys that no reader has, of those that were called, while readers have keys of this kind.
pub(super) fn likely(new: &Declaration, others: &[&Declaration]) -> Option<Found> {
    let key = unread_keys(new, others).find(|key| {
        let kind = key.kind();
        !kind.is_empty() && reads(others).any(|(_, read)| read.kind() == kind)
    })?;
    Some(no_reader(new, key, others))
}

/// Writers of keys and tags that no reader has, and no value names.
pub(super) fn unread(all: &[&Declaration], value_tags: &[Template]) -> Vec<Found> {
    let mut found = Vec::new();
    for writer in all {
        found.extend(unread_keys(writer, all).map(|key| no_reader(writer, key, all)));
        let readers = || all.iter().filter(|it| it.role == Role::Reads);
        let tags = || readers().flat_map(|it| &it.tags).chain(value_tags);
        for tag in writer.fenced_tags.iter().filter(|tag| !tags().any(|named| named.overlaps(tag)))
        {
            let message = format!(
                "`{}` invalidates the tag {tag}, which no reader names that was called: name it in `tags = [...]` of those \
                 that it is to invalidate",
                writer.function,
            );
            found.push(Found::new(writer.function, message));
        }
    }
    found
}

fn unread_keys<'a>(
    writer: &'a Declaration,
    others: &[&Declaration],
) -> impl Iterator<Item = &'a Template> {
    let is_read = |key: &Template| {
        reads(others).any(|(_, read)| {
            // Other keys that are written as text may be of the same kind.
            let is_text = matches!(read, Template::Example(_));
            read.overlaps(key) || is_text && read.kind() == key.kind()
        })
    };
    let unread: Vec<_> =
        keys(writer).filter(|key| writer.role != Role::Reads && !is_read(key)).collect();
    unread.into_iter()
}

fn no_reader(writer: &Declaration, key: &Template, others: &[&Declaration]) -> Found {
    let mut near: Vec<_> = reads(others).filter(|(_, read)| read.kind() == key.kind()).collect();
    if near.is_empty() {
        near = reads(others).collect();
    }
    let mut near: Vec<_> =
        near.into_iter().map(|(reader, read)| format!("{read} of `{}`", reader.function)).collect();
    near.sort_unstable();
    near.dedup();
    let (shown, more) = near.split_at(near.len().min(4));
    let there_are = match (shown, more.len()) {
        ([], _) => "no reader was called".to_owned(),
        (shown, 0) => format!("readers have {}", shown.join(", ")),
        (shown, more) => format!("readers have {} and {more} more", shown.join(", ")),
    };
    let message = format!(
        "`{}` writes {key}, which no reader has that was called so far: {there_are}",
        writer.function,
    );
    Found::new(writer.function, message)
}

/// The readers, with their keys.
fn reads<'a>(all: &'a [&'a Declaration]) -> impl Iterator<Item = (&'a Declaration, &'a Template)> {
    let readers = all.iter().filter(|it| it.role == Role::Reads);
    readers.filter_map(|reader| Some((*reader, reader.key.as_ref()?)))
}

/// The keys that a writer writes.
fn keys(writer: &Declaration) -> impl Iterator<Item = &Template> {
    writer.key.iter().chain(&writer.fenced)
}

fn is_read_by(key: &Template, reader: &Declaration) -> bool {
    reader.role == Role::Reads && reader.key.as_ref().is_some_and(|read| read.overlaps(key))
}

/// The key of both, if every key of one can be one of the other: a constant may be left out by the other.
fn shared_key<'a>(one: &'a Declaration, other: &Declaration) -> Option<&'a Template> {
    let (key, same) = (one.key.as_ref()?, other.key.as_ref()?);
    let shared = match (key, same) {
        (Template::Of(_), Template::Of(_)) => key.has_shape_of(same),
        _ => key.overlaps(same),
    };
    (shared && one.version == other.version).then_some(key)
}

/// Both in the order of their names, so that it does not matter which was called first.
fn in_order<'a>(
    one: &'a Declaration,
    other: &'a Declaration,
) -> (&'a Declaration, &'a Declaration) {
    if one.function <= other.function { (one, other) } else { (other, one) }
}
