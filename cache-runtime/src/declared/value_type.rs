//! The type of the values of a function, by its name.

use std::any;

use crate::value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ValueType {
    name: &'static str,
    /// Zero where it has none.
    fingerprint: u64,
}

impl ValueType {
    pub(crate) fn of<T: ?Sized>(fingerprint: u64) -> ValueType {
        ValueType { name: any::type_name::<T>(), fingerprint }
    }

    /// Its name, and its fingerprint.
    pub(crate) fn parts(self) -> (&'static str, u64) {
        (self.name, self.fingerprint)
    }

    /// Whether values of one would be taken for values of the other: they are of two types, and no fingerprint tells them
    /// apart.
    pub(super) fn is_confused_with(self, other: ValueType) -> bool {
        let told = self.fingerprint != 0
            && other.fingerprint != 0
            && self.fingerprint != other.fingerprint;
        !told && self.name != other.name && stored(self.name) != stored(other.name)
    }

    /// The fingerprint that tells it from others under the same key.
    pub(super) fn apart(self) -> u64 {
        value::apart(&stored(self.name), self.fingerprint)
    }

    /// Its name without modules, for people.
    pub(super) fn short(self) -> String {
        let stored = stored(self.name);
        let mut words = stored.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_');
        let mut short = String::new();
        while let Some(word) = words.next() {
            match word.strip_suffix(':') {
                // The second colon follows.
                Some(_) => _ = words.next(),
                None => short.push_str(word),
            }
        }
        short
    }
}

/// Pointers, which are stored as what they point to.
const POINTERS: [&str; 5] = [
    "alloc::sync::Arc<",
    "alloc::rc::Rc<",
    "alloc::boxed::Box<",
    "alloc::borrow::Cow<",
    "core::cell::Ref<",
];

const INTEGERS: [&str; 12] =
    ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize"];

/// The name of the type that `name` is stored as.
fn stored(name: &str) -> String {
    // Compilers differ in whether they write lifetimes.
    let name = name.replace("'_, ", "").replace("<'_>", "").replace("'_ ", "");
    let mut name = without_pointers(&name);
    while let Some(inner) =
        name.strip_prefix("core::option::Option<").and_then(|n| n.strip_suffix('>'))
    {
        name = inner.to_owned();
    }
    match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(element) if !element.contains(';') => format!("alloc::vec::Vec<{element}>"),
        _ if name == "str" => "alloc::string::String".to_owned(),
        // One is read as the other, or not at all; and a literal has whatever type fits.
        _ if INTEGERS.contains(&&*name) => "integer".to_owned(),
        _ => name,
    }
}

fn without_pointers(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    // For each open bracket, whether it is a pointer's.
    let mut open = Vec::new();
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        let begins = !plain.ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c));
        let pointer = POINTERS.iter().find(|pointer| begins && rest.starts_with(**pointer));
        if let Some(pointer) = pointer {
            open.push(true);
            rest = &rest[pointer.len()..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '&' => rest = rest.strip_prefix("mut ").unwrap_or(rest),
            '<' => {
                open.push(false);
                plain.push(c);
            }
            // The arrow of a function's type closes nothing.
            '>' if !plain.ends_with('-') && open.pop() == Some(true) => {}
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, collections::HashMap, sync::Arc};

    use super::*;

    struct User;
    struct Other;

    fn of<T: ?Sized>() -> ValueType {
        ValueType::of::<T>(0)
    }

    #[test]
    fn types_that_are_stored_alike_are_one() {
        let alike = [
            (of::<User>(), of::<Option<Arc<User>>>()),
            (of::<Vec<Arc<User>>>(), of::<[User]>()),
            (of::<Vec<&User>>(), of::<Vec<Box<User>>>()),
            (of::<str>(), of::<Cow<'_, str>>()),
            (of::<HashMap<u8, Arc<Vec<Other>>>>(), of::<HashMap<u8, Vec<Box<Other>>>>()),
            (of::<String>(), of::<&str>()),
        ];
        for (one, other) in alike {
            assert!(!one.is_confused_with(other), "{one:?} {other:?}");
        }
        assert!(of::<User>().is_confused_with(of::<Other>()));
        assert!(of::<Vec<User>>().is_confused_with(of::<User>()));
        assert!(of::<Vec<Option<User>>>().is_confused_with(of::<Vec<User>>()));
        assert!(of::<u32>().is_confused_with(of::<f64>()));
        assert!(!of::<u32>().is_confused_with(of::<Option<i64>>()));
    }

    #[test]
    fn fingerprints_tell_types_apart_where_they_differ() {
        let (user, other) = (ValueType::of::<User>(7), ValueType::of::<Other>(8));
        assert!(!user.is_confused_with(other));
        assert!(user.is_confused_with(ValueType::of::<Other>(7)), "they have the same fields");
        assert!(user.is_confused_with(of::<Other>()));
        assert_ne!(user.apart(), ValueType::of::<Other>(7).apart());
        assert_eq!(user.apart(), ValueType::of::<Arc<User>>(7).apart());
    }

    #[test]
    fn names_are_shown_without_their_modules() {
        assert_eq!(of::<Arc<User>>().short(), "User");
        assert_eq!(of::<HashMap<u8, Vec<(User, &str)>>>().short(), "HashMap<u8, Vec<(User, str)>>");
    }
}
