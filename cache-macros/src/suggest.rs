//! Suggestions for misspelt names.

use proc_macro2::Ident;

/// The known name nearest to `name`, if it is near enough to be a typo: at most one edit for every three letters, as in
/// `rustc`.
pub(crate) fn closest<'a, S: AsRef<str> + ?Sized + 'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a S>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(AsRef::as_ref)
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= 1.max(name.len().max(candidate.len()) / 3))
        // One letter is not a typo of another.
        .filter(|(edits, candidate)| *edits < candidate.len().max(name.len()))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// The end of a message about `name`, which is not a parameter: the one that was meant, or all of them.
pub(crate) fn parameter(name: &Ident, names: &[String]) -> String {
    match closest(&name.to_string(), names) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; {}", parameters(names)),
    }
}

/// All parameters, in a sentence.
pub(crate) fn parameters(names: &[String]) -> String {
    match names {
        [] => "the function has no parameters".to_owned(),
        [only] => format!("the only parameter is `{only}`"),
        names => format!("the parameters are {}", list(names)),
    }
}

/// `` `a`, `b` and `c` ``
pub(crate) fn list<S: AsRef<str>>(names: &[S]) -> String {
    joined(names, "and")
}

/// `` `a`, `b` or `c` ``
pub(crate) fn choice<S: AsRef<str>>(names: &[S]) -> String {
    joined(names, "or")
}

fn joined<S: AsRef<str>>(names: &[S], word: &str) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} {word} {last}", rest.join(", ")),
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
        assert_eq!(choice(&["a", "b"]), "`a` or `b`");
    }
}
