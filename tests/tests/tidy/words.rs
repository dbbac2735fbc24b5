//! A source taken apart into words and signs, without comments and literals.

/// The names of a source, and the signs of which paths and `use` are made.
pub(crate) fn words(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = comment(rest).or_else(|| literal(rest));
        let length = skipped.unwrap_or_else(|| match first {
            ':' if rest.starts_with("::") => 2,
            c if is_of_name(c) => rest.find(|c| !is_of_name(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        });
        let (word, after) = rest.split_at(length);
        // `use<…>` in a type says what the type captures, and imports nothing.
        let captures = word == "use" && after.starts_with('<');
        if skipped.is_none()
            && !captures
            && (is_of_name(first) || ["::", "{", "}", ","].contains(&word))
        {
            found.push(word);
        }
        rest = after;
    }
    found
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the comment that a text begins with.
fn comment(text: &str) -> Option<usize> {
    text.starts_with("//").then(|| text.find('\n').unwrap_or(text.len()))
}

/// The length of the string or character that a text begins with.
fn literal(text: &str) -> Option<usize> {
    let prefix = text.find(|c| !matches!(c, 'b' | 'c' | 'r' | '#'))?;
    let raw = text[..prefix].contains('r');
    let end = match text[prefix..].chars().next()? {
        '"' => format!("\"{}", "#".repeat(text[..prefix].matches('#').count())),
        // A lifetime has no second quote behind its first character.
        '\'' if text[prefix + 1..].starts_with('\\') => "'".to_owned(),
        '\'' if text[prefix + 1..].chars().nth(1) == Some('\'') => "'".to_owned(),
        _ => return None,
    };
    let mut at = prefix + 1;
    while !text.get(at..)?.starts_with(&end) || at == prefix + 1 && end == "'" {
        let c = text[at..].chars().next()?;
        at += c.len_utf8();
        if c == '\\' && !raw {
            at += text[at..].chars().next()?.len_utf8();
        }
    }
    Some(at + end.len())
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn literals_and_comments_are_left_out() {
        let text = r####"a "b\"c" d r#"e"f"# 'g' '\'' 'h::i b'j' // k
            l "\\" m 'n: '\u{2019}' o r"\" p b"q" r "####;
        assert_eq!(words(text), ["a", "d", "h", "::", "i", "l", "m", "n", "o", "p", "r"]);
    }

    #[test]
    fn what_a_type_captures_is_no_import() {
        assert_eq!(
            words("fn f() -> impl F + use<T> { use a::b; }")[4..],
            ["T", "{", "use", "a", "::", "b", "}"]
        );
    }
}
