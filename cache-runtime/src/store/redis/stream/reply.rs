//! Reads the server's replies about queues.

use std::collections::HashMap;

use bytes::Bytes;
use redis::{RedisError, Value};

use crate::{
    encryption::Encryptor,
    entry::{self, Entry},
    error::Error,
    protocol::State,
    store::{
        queue::{Durability, Item, Letter},
        redis::reply::unavailable,
    },
};

/// An item with its value opened. A value in a queue is sealed as under its key.
pub(super) fn open(encryption: &Encryptor, item: Item) -> Item {
    let entry = item.entry.map(|entry| encryption.open(&item.key, entry));
    Item { entry, ..item }
}

/// Entries of a queue.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) items: Vec<Item>,
    /// The ids of entries that no write has put there.
    pub(super) strange: Vec<String>,
}

pub(super) fn entries(values: Vec<Value>) -> Entries {
    let mut entries = Entries::default();
    for value in values {
        let seq = place(&value);
        let Some((id, mut fields)) = fields(value) else { continue };
        match (seq, item(seq.unwrap_or_default(), &mut fields)) {
            (Some(_), Some(item)) => entries.items.push(item),
            _ => entries.strange.push(id),
        }
    }
    entries
}

/// The place of an entry. None where no write gives such an id.
pub(super) fn place(entry: &Value) -> Option<i64> {
    let Value::Array(parts) = entry else { return None };
    let Some(Value::BulkString(id)) = parts.first() else { return None };
    std::str::from_utf8(id).ok()?.strip_suffix("-0")?.parse().ok()
}

/// A dead letter. None where the entry is malformed.
pub(super) fn letter(value: Value) -> Option<Letter> {
    let (id, mut fields) = fields(value)?;
    let seq = text(fields.remove(&b's'))?.parse().ok()?;
    let attempts = text(fields.remove(&b'a'))?.parse().ok()?;
    let error = text(fields.remove(&b'e'))?;
    Some(Letter { id, item: item(seq, &mut fields)?, error, attempts })
}

type Fields = HashMap<u8, Vec<u8>>;

/// An entry's id, and its fields by the first byte of their names, which is all of the name for ours.
fn fields(entry: Value) -> Option<(String, Fields)> {
    let Value::Array(parts) = entry else { return None };
    let mut parts = parts.into_iter();
    let id = text(parts.next().and_then(bytes))?;
    let Some(Value::Array(all)) = parts.next() else { return None };
    let mut all = all.into_iter();
    let mut fields = Fields::new();
    while let (Some(name), Some(value)) = (all.next(), all.next()) {
        if let (Some(name), Some(value)) = (bytes(name), bytes(value))
            && let [name] = name[..]
        {
            fields.insert(name, value);
        }
    }
    Some((id, fields))
}

fn item(seq: i64, fields: &mut Fields) -> Option<Item> {
    let key = text(fields.remove(&b'k'))?.into();
    let entry = readable(fields.remove(&b'v')?);
    Some(Item { seq, key, entry })
}

fn readable(bytes: Vec<u8>) -> Option<Entry> {
    match entry::decode(Bytes::from(bytes)) {
        State::Value(_, entry) => Some(entry),
        _ => None,
    }
}

fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}

fn text(bytes: Option<Vec<u8>>) -> Option<String> {
    String::from_utf8(bytes?).ok()
}

/// What `CONFIG GET` says of what a crash would lose.
pub(super) fn durability(settings: Value) -> Durability {
    let pairs: Vec<Value> = match settings {
        Value::Array(pairs) => pairs,
        Value::Map(pairs) => pairs.into_iter().flat_map(|(name, value)| [name, value]).collect(),
        _ => Vec::new(),
    };
    let texts: Vec<String> = pairs.into_iter().filter_map(|value| text(bytes(value))).collect();
    let setting = |name: &str| {
        texts.chunks_exact(2).find(|pair| pair[0] == name).map(|pair| pair[1].as_str())
    };
    let policy = setting("maxmemory-policy").unwrap_or_default();
    if policy.starts_with("allkeys-") && setting("maxmemory") != Some("0") {
        return Durability::Evicted(policy.to_owned());
    }
    match (setting("appendonly"), setting("save")) {
        (Some("yes"), _) => Durability::Log,
        (Some(_), Some("")) => Durability::None,
        (Some(_), Some(_)) => Durability::Snapshots,
        _ => Durability::Unknown("the server does not say how it persists".to_owned()),
    }
}

/// The error of an answer that is not what was asked for.
pub(super) fn expected(what: &str, answer: Result<Value, RedisError>) -> Error {
    match answer {
        Err(error) => unavailable(&error),
        Ok(_) => Error::Unavailable(format!("the server's answer is not {what}")),
    }
}
