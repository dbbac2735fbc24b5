//! Key templates: a plain function from text to parts, with a byte offset for every mistake.
//!
//! ```text
//! template    = { text | placeholder }
//! text        = any character but white space, control characters and "#"; "<<" is "<", ">>" is ">"
//! placeholder = "<" name { "." ( name | digits ) } ">"
//! ```

use std::fmt;
use std::ops::Range;

/// A stretch of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text that is written as it is, its angle brackets no longer doubled.
    Text {
        text: String,
        at: Range<usize>,
    },
    Placeholder(Placeholder),
}

/// `<user.id>`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placeholder {
    /// `["user", "id"]`; never empty.
    pub(crate) path: Vec<String>,
    pub(crate) at: Range<usize>,
}

/// What is wrong, and the byte of the template where it begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) at: usize,
    pub(crate) message: String,
}

impl Mistake {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        let message = message.into();
        Mistake { at, message }
    }

    /// The message, and a caret under the place in the template. Stable Rust has no spans within
    /// a literal, so the whole literal is underlined and this line says where in it.
    pub(crate) fn with_caret(&self, template: &str) -> String {
        let column = template[..self.at].escape_debug().count();
        format!("{}\n\n    {}\n    {:column$}^", self.message, template.escape_debug(), "")
    }
}

impl Placeholder {
    /// The parameter that it names, or whose field it names.
    pub(crate) fn root(&self) -> &str {
        &self.path[0]
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.path.join("."))
    }
}

/// Takes a template apart.
///
/// What is no template at all is reported alone, since the rest would be guesses; what breaks a
/// rule is reported with all else that does.
pub(crate) fn parse(template: &str) -> Result<Vec<Part>, Vec<Mistake>> {
    let parts = split(template).map_err(|mistake| vec![mistake])?;
    let mut mistakes = Vec::new();
    check_not_empty(&parts, &mut mistakes);
    check_visible(&parts, &mut mistakes);
    check_unclaimed(&parts, &mut mistakes);
    check_separated(&parts, &mut mistakes);
    if mistakes.is_empty() { Ok(parts) } else { Err(mistakes) }
}

fn split(template: &str) -> Result<Vec<Part>, Mistake> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < template.len() {
        let rest = &template[at..];
        let (part, end) = match rest.as_bytes() {
            [b'<', ..] if !rest.starts_with("<<") => placeholder(template, at)?,
            _ => text(template, at)?,
        };
        parts.push(part);
        at = end;
    }
    Ok(parts)
}

/// Reads the text from `at` up to the next placeholder or the end.
fn text(template: &str, start: usize) -> Result<(Part, usize), Mistake> {
    let mut text = String::new();
    let mut rest = template[start..].char_indices().peekable();
    let mut end = template.len();
    while let Some((offset, c)) = rest.next() {
        if c == '<' || c == '>' {
            let doubled = rest.next_if(|(_, next)| *next == c).is_some();
            if !doubled && c == '<' {
                end = start + offset;
                break;
            }
            if !doubled {
                let message = "this `>` closes nothing: write `>>` for the character itself";
                return Err(Mistake::new(start + offset, message));
            }
        }
        text.push(c);
    }
    let at = start..end;
    Ok((Part::Text { text, at }, end))
}

/// Reads the placeholder whose `<` stands at `start`.
fn placeholder(template: &str, start: usize) -> Result<(Part, usize), Mistake> {
    let inside = &template[start + 1..];
    let length = match inside.find(['<', '>']) {
        Some(length) if inside.as_bytes()[length] == b'>' => length,
        _ => {
            let message = "this `<` is never closed: write `<name>` for a placeholder, \
                           or `<<` for the character itself";
            return Err(Mistake::new(start, message));
        }
    };
    let name = &inside[..length];
    if name.is_empty() {
        let message = "this placeholder is empty: write a name between the brackets, as in `<id>`";
        return Err(Mistake::new(start, message));
    }
    let end = start + 1 + length + 1;
    let path = path(name).map_err(|(offset, message)| Mistake::new(start + 1 + offset, message))?;
    let at = start..end;
    Ok((Part::Placeholder(Placeholder { path, at }), end))
}

/// Reads `user.id`, or says where it is no path.
fn path(name: &str) -> Result<Vec<String>, (usize, String)> {
    let mut offset = 0;
    let mut path = Vec::new();
    for segment in name.split('.') {
        if !is_name(segment) || (segment == "self" && !path.is_empty()) {
            let trimmed = name.trim();
            let message = if trimmed != name && trimmed.split('.').all(is_name) {
                format!("no spaces in a placeholder: write `<{trimmed}>`")
            } else {
                format!(
                    "`<{name}>` is neither a name nor a field of one, such as `<user>`, \
                     `<user.id>` or `<pair.0>`; compute anything else in a `key = ...` expression"
                )
            };
            return Err((offset, message));
        }
        offset += segment.len() + 1;
        path.push(segment.to_owned());
    }
    Ok(path)
}

/// Whether `segment` is an identifier, a raw one or a tuple index.
fn is_name(segment: &str) -> bool {
    let plain = segment.strip_prefix("r#").unwrap_or(segment);
    let start = |c| c == '_' || unicode_ident::is_xid_start(c);
    let identifier = plain.starts_with(start)
        && plain.chars().all(unicode_ident::is_xid_continue)
        && !matches!(plain, "_" | "Self" | "super" | "crate");
    let index = !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit());
    identifier || index
}

/// An empty key would be the same for every call, and for every other function with one.
fn check_not_empty(parts: &[Part], mistakes: &mut Vec<Mistake>) {
    if parts.is_empty() {
        let message = "the key is empty: begin it with what is cached, as in `user:<id>`";
        mistakes.push(Mistake::new(0, message));
    }
}

/// Keys are read by people and typed into `redis-cli`: what cannot be seen or needs quoting
/// has no place in one.
fn check_visible(parts: &[Part], mistakes: &mut Vec<Mistake>) {
    let message = "white space and control characters have no place in a key: \
                   write `:`, `-` or `_`";
    check_free_of(|c| c.is_whitespace() || c.is_control(), message, parts, mistakes);
}

/// What the cache keeps for itself has a `#` in its key, as `user:42#refresh`, `#tag:tenant:7` and `#queue:users`
/// do, and values are encoded; so nothing that is cached can be under such a key.
fn check_unclaimed(parts: &[Part], mistakes: &mut Vec<Mistake>) {
    let message = "`#` has no place in a key: it marks what the cache keeps for itself, such as \
                   tags and queues; write `:`, `-` or `_`";
    check_free_of(|c| c == '#', message, parts, mistakes);
}

/// Each text without such a character; only its first one is reported.
fn check_free_of(
    bad: impl Fn(char) -> bool,
    message: &str,
    parts: &[Part],
    mistakes: &mut Vec<Mistake>,
) {
    for part in parts {
        let Part::Text { text, at } = part else {
            continue;
        };
        if let Some(offset) = text.find(&bad) {
            let doubled = text[..offset].matches(['<', '>']).count();
            mistakes.push(Mistake::new(at.start + offset + doubled, message));
        }
    }
}

/// A value is percent-encoded but for unreserved characters, so only a character outside those
/// shows where one value ends and the next begins: in `<a>-<b>` the pairs ("x-y", "z") and
/// ("x", "y-z") would share a key.
fn check_separated(parts: &[Part], mistakes: &mut Vec<Mistake>) {
    let mut last: Option<&Placeholder> = None;
    let mut between = String::new();
    for part in parts {
        match part {
            Part::Text { text, .. } => between.clone_from(text),
            Part::Placeholder(next) => {
                if let Some(last) = last.filter(|_| between.chars().all(may_be_in_a_value)) {
                    let message = not_separated(last, &between, next);
                    mistakes.push(Mistake::new(last.at.end, message));
                }
                last = Some(next);
                between.clear();
            }
        }
    }
}

fn not_separated(last: &Placeholder, between: &str, next: &Placeholder) -> String {
    let reason = if between.is_empty() {
        "nothing separates".to_owned()
    } else {
        format!("`{between}`, which a value may contain, does not separate")
    };
    format!(
        "{reason} `{last}` from `{next}`, so two different calls could share a key: \
         write `{last}:{next}`"
    )
}

/// Whether a placeholder's text may contain `c`: the unreserved characters of RFC 3986, the `%`
/// that stands before the code of every other one, and the `!` that marks a `None`.
fn may_be_in_a_value(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '%' | '!')
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
