//! Near-miss hints: which known name was probably meant.

use proc_macro2::Ident;

/// The known name nearest to `name`, if one is near enough to be a slip of the fingers:
/// at most one edit for every three letters, as in `rustc`.
pub(crate) fn closest<'a, S: AsRef<str> + ?Sized + 'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a S>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(AsRef::as_ref)
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= 1.max(name.len().max(candidate.len()) / 3))
        // One letter is not a slip of another single letter.
        .filter(|(edits, candidate)| *edits < candidate.len().max(name.len()))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// What to say after a name that is no parameter, of those that are.
pub(crate) fn parameter(name: &Ident, names: &[String]) -> String {
    match closest(&name.to_string(), names) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if names.is_empty() => String::new(),
        None => format!("; there is {}", list(names)),
    }
}

/// `` `a`, `b` and `c` ``
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        let known = ["key", "ttl", "lock", "negative_ttl"];
        assert_eq!(closest("tll", known), Some("ttl"));
        assert_eq!(closest("loock", known), Some("lock"));
        assert_eq!(closest("negativ_tl", known), Some("negative_ttl"));
        assert_eq!(closest("policy", known), None);
        assert_eq!(closest("a", ["b"]), None);
        assert_eq!(closest("uid", ["id"]), Some("id"));
    }

    #[test]
    fn lists_read_as_prose() {
        assert_eq!(list(&["a"]), "`a`");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
