//! The label of a function: `module::Type::function`, wherever the function stands.
//!
//! It is made of the name that the compiler gives to an item inside of the function:
//!
//! | the function stands in | the compiler's name of the function |
//! |---|---|
//! | a module | `app::repo::find` |
//! | `impl Users` | `app::repo::Users::find` |
//! | `impl Repo for Users` | `<app::repo::Users as app::Repo>::find` |
//! | the same, in another module than `Users` | `app::other::<impl app::Repo for app::repo::Users>::find` |
//! | `impl Users`, in another module | `app::other::<impl app::repo::Users>::find` |
//! | the body of a trait's default | `app::Repo::find` |

use std::borrow::Cow;

/// The label of the function that has `inner` in it: `app::repo::Users::find`, from
/// `app::repo::Users::find::{{closure}}::__here`.
pub(super) fn label(inner: &'static str) -> &'static str {
    match of_function(function_path(inner)) {
        Cow::Borrowed(path) => path,
        // Each function asks once.
        Cow::Owned(path) => path.leak(),
    }
}

fn function_path(inner: &str) -> &str {
    let outer = inner.rsplit_once("::").map_or(inner, |(outer, _)| outer);
    outer.trim_end_matches("::{{closure}}")
}

fn of_function(path: &str) -> Cow<'_, str> {
    let path = of_type(path).map_or(Cow::Borrowed(path), Cow::Owned);
    match path.contains('<') {
        true => Cow::Owned(without_generics(&path)),
        false => path,
    }
}

/// The same function as one of its type's, if it stands in an `impl` that the compiler names.
fn of_type(path: &str) -> Option<String> {
    let (inside, function) = match path.strip_prefix('<') {
        Some(after) => {
            let (inside, function) = after.split_at(end(after)?);
            (outermost(inside, " as ").map_or(inside, |(own, _)| own), function)
        }
        None => {
            let (_, after) = path.split_once("::<impl ")?;
            let (inside, function) = after.split_at(end(after)?);
            (outermost(inside, " for ").map_or(inside, |(_, own)| own), function)
        }
    };
    Some(format!("{inside}{}", function.strip_prefix('>')?))
}

/// Where the bracket ends that was opened before `text`.
fn end(text: &str) -> Option<usize> {
    depths(text).find(|(at, depth)| *depth == 0 && text[*at..].starts_with('>')).map(|(at, _)| at)
}

/// What is before and after `between`, outside of all brackets.
fn outermost<'t>(text: &'t str, between: &str) -> Option<(&'t str, &'t str)> {
    let mut places = depths(text);
    let (at, _) = places.find(|(at, depth)| *depth == 1 && text[*at..].starts_with(between))?;
    Some((&text[..at], &text[at + between.len()..]))
}

/// Each character's place, and how deep it is within brackets that were opened before or in `text`.
fn depths(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut depth = 1_usize;
    let mut last = ' ';
    text.char_indices().map(move |(at, char)| {
        match char {
            '<' => depth += 1,
            '>' if last != '-' => depth = depth.saturating_sub(1),
            _ => {}
        }
        last = char;
        (at, depth)
    })
}

/// The path without what is in brackets: `app::Repo::find`, from `app::Repo<alloc::string::String>::find::<u8>`.
fn without_generics(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    for (at, depth) in depths(path) {
        let rest = &path[at..];
        if depth > 1 || rest.starts_with('>') && !path[..at].ends_with('-') {
            continue;
        }
        plain.extend(rest.chars().next());
    }
    plain.replace("::::", "::").trim_end_matches("::").to_owned()
}

#[cfg(test)]
mod tests {
    use super::of_function;

    #[test]
    fn a_function_is_called_after_its_type_wherever_it_stands() {
        for (path, label) in [
            ("app::find", "app::find"),
            ("app::Users::find", "app::Users::find"),
            ("app::Users<_>::find", "app::Users::find"),
            ("app::Page<N>::find", "app::Page::find"),
            ("app::find<_>", "app::find"),
            ("app::find::<_, u8>", "app::find"),
            ("<app::Users as app::Repo>::find", "app::Users::find"),
            ("<app::Users as app::Repo<app::Key<u8>>>::find", "app::Users::find"),
            ("<app::Users<_> as app::Repo>::find", "app::Users::find"),
            ("<app::Users<app::Db<u8>>>::find", "app::Users::find"),
            ("app::other::<impl app::Users>::find", "app::Users::find"),
            ("app::other::<impl app::Repo for app::Users<_>>::find", "app::Users::find"),
            (
                "app::<impl app::Repo<app::Key<u8>> for alloc::vec::Vec<app::Users<u8>>>::find",
                "alloc::vec::Vec::find",
            ),
            ("app::<impl app::Repo for (u8, app::Users)>::find", "(u8, app::Users)::find"),
            ("app::<impl app::Repo for [u8; 4]>::find", "[u8; 4]::find"),
            (
                "app::<impl app::Repo for alloc::boxed::Box<dyn core::ops::function::Fn(u8) -> u8>>::find",
                "alloc::boxed::Box::find",
            ),
            ("<app::Users as app::Repo>::find::within", "app::Users::find::within"),
            ("app::Repo::by_default", "app::Repo::by_default"),
        ] {
            assert_eq!(of_function(path), label, "{path}");
        }
    }
}
