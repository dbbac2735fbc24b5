//! Arguments that an attribute does not take, and another one does.

/// Of readers: `#[cached]`.
const READERS: [&str; 14] = [
    "audit",
    "background",
    "group",
    "id",
    "load_timeout",
    "local",
    "lock",
    "negative",
    "negative_error",
    "negative_ttl",
    "refresh_ahead",
    "skip",
    "soft_timeout",
    "unless",
];

/// Of attributes that store a value, which is all but `#[invalidates]`.
const STORING: [&str; 9] = [
    "codec",
    "compress",
    "jitter",
    "key",
    "max_bytes",
    "policy",
    "same",
    "stale_if_error",
    "stale_while_revalidate",
];

/// Of some writers.
const WRITERS: [&str; 4] = ["hold", "invalidates", "on_unavailable", "value"];

/// Of `#[write_behind]`.
const QUEUES: [&str; 9] =
    ["attempts", "batch", "capacity", "enqueue", "lease", "linger", "patience", "queue", "wait"];

/// What to do with the argument `name` of another attribute than `attribute`; `None` if no attribute takes it.
pub(crate) fn message(name: &str, attribute: &str) -> Option<String> {
    let of_an_attribute = ["cached", "invalidates", "write_through", "write_behind"];
    if !of_an_attribute.iter().any(|known| attribute == format!("`#[{known}]`")) {
        return None;
    }
    let has = |names: &[&str]| names.contains(&name);
    let message = match name {
        "ttl" | "tags" | "each" | "when" | "transaction" | "outside_transaction" => {
            format!("{attribute} has no `{name}`: remove it")
        }
        "lease" | "wait" if attribute.contains("cached") => {
            format!("`{name}` is for `lock`: write `lock({name} = \"5s\")`")
        }
        _ if has(&READERS) => {
            format!(
                "`{name}` is for readers: remove it, or put it on the function with `#[cached]`"
            )
        }
        _ if has(&STORING) && attribute.contains("invalidates") => {
            format!(
                "`{name}` is for values that are stored, and {attribute} stores none: remove it"
            )
        }
        _ if has(&WRITERS) && attribute.contains("cached") => {
            format!("`{name}` is for writers: remove it, or put it on the function that writes")
        }
        _ if has(&STORING) || has(&WRITERS) => format!("{attribute} has no `{name}`: remove it"),
        _ if has(&QUEUES) => format!("`{name}` is for `#[write_behind]`: remove it"),
        _ => return None,
    };
    Some(message)
}
