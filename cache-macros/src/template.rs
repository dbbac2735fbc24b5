//! Parses key templates into text and placeholders, with a byte offset for every mistake.
//!
//! ```text
//! template    = { text | placeholder }
//! text        = any character but white space, control characters and "#"; "<<" is "<", ">>" is ">"
//! placeholder = "<" name { "." ( name [ "()" ] | digits ) } ">"
//! ```

use std::fmt;
use std::ops::Range;

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Literal text, its `<<` and `>>` already undoubled.
    Text {
        text: String,
        at: Range<usize>,
    },
    Placeholder(Placeholder),
}

/// `<user.id>`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placeholder {
    /// `["user", "id"]`, or `["user", "id()"]` for a method; never empty.
    pub(crate) path: Vec<String>,
    pub(crate) at: Range<usize>,
}

/// What is wrong, and at which byte of the template.
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

    /// The message, and the template with a caret under the mistake. Stable Rust has no spans within a literal, so the
    /// compiler can only underline all of it.
    pub(crate) fn with_caret(&self, template: &str) -> String {
        let column = template[..self.at].escape_debug().count();
        format!("{}\n\n    {}\n    {:column$}^", self.message, template.escape_debug(), "")
    }
}

impl Placeholder {
    /// The parameter: the first segment of the path.
    pub(crate) fn root(&self) -> &str {
        &self.path[0]
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.path.join("."))
    }
}

/// Parses a template.
///
/// A syntax error is reported alone, since anything after it would be a guess. Broken rules are reported together.
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

/// Parses the text from `start` to the next placeholder or the end.
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
                let name = last_path(&template[start..start + offset]);
                let placeholder = match name.is_empty() {
                    true => String::new(),
                    false => format!("`<{name}>` for a placeholder, or "),
                };
                let message = format!(
                    "this `>` has no `<` before it: write {placeholder}`>>` for the character itself"
                );
                return Err(Mistake::new(start + offset, message));
            }
        }
        text.push(c);
    }
    let at = start..end;
    Ok((Part::Text { text, at }, end))
}

/// Parses the placeholder whose `<` is at `start`.
fn placeholder(template: &str, start: usize) -> Result<(Part, usize), Mistake> {
    let inside = &template[start + 1..];
    let length = match inside.find(['<', '>']) {
        Some(length) if inside.as_bytes()[length] == b'>' => length,
        _ => {
            let name = match first_path(inside) {
                "" => "name",
                name => name,
            };
            let message = format!(
                "this `<` is never closed: write `<{name}>` for a placeholder, or `<<` for the character itself"
            );
            return Err(Mistake::new(start, message));
        }
    };
    let name = &inside[..length];
    if name.is_empty() {
        let message = "this placeholder is empty: write a parameter in it, as in `<id>`";
        return Err(Mistake::new(start, message));
    }
    let end = start + 1 + length + 1;
    let path = path(name, template)
        .map_err(|(offset, message)| Mistake::new(start + 1 + offset, message))?;
    let at = start..end;
    Ok((Part::Placeholder(Placeholder { path, at }), end))
}

/// Parses `user.id`, or returns the offset of what is no path.
fn path(name: &str, template: &str) -> Result<Vec<String>, (usize, String)> {
    let mut offset = 0;
    let mut path = Vec::new();
    for segment in name.split('.') {
        let name_of = match path.is_empty() {
            true => segment,
            false => segment.strip_suffix("()").unwrap_or(segment),
        };
        if !is_name(name_of) || (name_of == "self" && !path.is_empty()) {
            return Err((offset, no_path(name, template)));
        }
        offset += segment.len() + 1;
        path.push(segment.to_owned());
    }
    Ok(path)
}

/// The path with which `text` begins, or nothing.
fn first_path(text: &str) -> &str {
    let is_part = |c: char| unicode_ident::is_xid_continue(c) || c == '.';
    let path = text.split(|c| !is_part(c)).next().unwrap_or_default().trim_end_matches('.');
    if path.split('.').all(is_name) { path } else { "" }
}

/// The path with which `text` ends, or nothing.
fn last_path(text: &str) -> &str {
    let is_part = |c: char| unicode_ident::is_xid_continue(c) || c == '.';
    let path = text.rsplit(|c| !is_part(c)).next().unwrap_or_default().trim_start_matches('.');
    if path.split('.').all(is_name) { path } else { "" }
}

/// `format!("user:{}", id + 1)` for `user:<id + 1>`. `written` gives what stands in the place of a placeholder.
pub(crate) fn as_format(template: &str, written: impl Fn(&str) -> String) -> String {
    let (mut text, mut arguments) = (String::new(), String::new());
    let mut rest = template;
    while let Some(c) = rest.chars().next() {
        let inside = rest.strip_prefix('<').filter(|inside| !inside.starts_with('<'));
        if let Some((name, after)) = inside.and_then(|inside| inside.split_once('>')) {
            text.push_str("{}");
            arguments.push_str(", ");
            arguments.push_str(&written(name));
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '<' | '>' => rest = rest.strip_prefix(c).unwrap_or(rest),
            '{' | '}' => text.push(c),
            _ => {}
        }
        text.push(c);
    }
    format!("format!({text:?}{arguments})")
}

/// Whether `name` may be an expression, such as `id.pow(2)` or `id + 1`.
fn may_be_an_expression(name: &str) -> bool {
    let count = |c: char| name.matches(c).count();
    let begins = name.starts_with(unicode_ident::is_xid_start);
    begins && name.contains(['(', '[', '+', '*', '/', '%']) && count('(') == count(')')
}

/// What to write in the place of `<name>`, which is no path.
fn no_path(name: &str, template: &str) -> String {
    let is_path = |name: &str| name.split('.').all(is_name);
    let trimmed = name.trim();
    if trimmed != name && is_path(trimmed) {
        return format!("a placeholder has no spaces: write `<{trimmed}>`");
    }
    let bare = trimmed.trim_start_matches(['&', '*']);
    if bare != trimmed && is_path(bare) {
        return format!("a placeholder takes a reference or a value alike: write `<{bare}>`");
    }
    if name == "Self" || name.contains("::") {
        let written =
            |name: &str| if name == "Self" { "Self::NAME".to_owned() } else { name.to_owned() };
        return format!(
            "`<{name}>` is not a parameter, and a template cannot contain a type or a constant: write the key as an \
             expression, such as `{}`",
            as_format(template, written)
        );
    }
    if let Some((path, _)) = trimmed.split_once(':')
        && is_path(path)
    {
        return format!("a placeholder has no format: write `<{path}>`");
    }
    let expression = match may_be_an_expression(trimmed) {
        true => as_format(template, str::to_owned),
        false => "format!(\"user:{}\", id + 1)".to_owned(),
    };
    format!(
        "`<{name}>` must be a parameter, or a field or a method without arguments of one, such as `<user>`, \
         `<user.id>`, `<pair.0>` or `<user.id()>`: for anything else, write the key as an expression, such as `{expression}`"
    )
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

/// An empty key would be the same for every call of every function with one.
fn check_not_empty(parts: &[Part], mistakes: &mut Vec<Mistake>) {
    if parts.is_empty() {
        let message = "the key is empty: begin it with the kind of value, as in `user:<id>`";
        mistakes.push(Mistake::new(0, message));
    }
}

/// People read keys and type them into `redis-cli`, so keys have no invisible characters and none that need quoting.
fn check_visible(parts: &[Part], mistakes: &mut Vec<Mistake>) {
    let message = "a key cannot contain white space or control characters: write `:`, `-` or `_`";
    check_free_of(|c| c.is_whitespace() || c.is_control(), message, parts, mistakes);
}

/// The cache's own keys contain a `#`, such as `user:42#refresh`, `#tag:tenant:7` and `#queue:users`. Parts encode it, so
/// without a `#` in templates no entry can have such a key.
fn check_unclaimed(parts: &[Part], mistakes: &mut Vec<Mistake>) {
    let message = "a key cannot contain `#`, which marks the cache's own keys, such as tags and \
                   queues: write `:`, `-` or `_`";
    check_free_of(|c| c == '#', message, parts, mistakes);
}

/// Reports the first such character of each text.
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

/// Two placeholders need a separator that no value can contain. Values are percent-encoded except for unreserved
/// characters, so a separator is any other character. In `<a>-<b>` the pairs ("x-y", "z") and ("x", "y-z") would share a key.
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
        format!("`{between}` can be part of a value, so it does not separate")
    };
    format!(
        "{reason} `{last}` from `{next}`, and different values could make the same key: \
         write `{last}:{next}`"
    )
}

/// Whether the text of a placeholder may contain `c`: an unreserved character of RFC 3986, the `%` of an encoded one, or
/// the `!` that marks `None`.
fn may_be_in_a_value(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '%' | '!')
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
