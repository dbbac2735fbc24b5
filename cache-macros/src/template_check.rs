//! What holds of the template parser for any text: for its tests, and for the fuzz target `template`.

use super::template::{Part, Placeholder, parse};

/// Parses `text`, and looks at what comes of it.
///
/// # Panics
///
/// Where something does not hold that should, whatever the text is.
pub(crate) fn check(text: &str) {
    match parse(text) {
        Ok(parts) => {
            assert_eq!(written(&parts), text, "what is read can be written again");
            assert_places(&parts, text);
            assert_separated(&parts);
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            for mistake in mistakes {
                assert!(text.is_char_boundary(mistake.at), "{text:?}: {mistake:?}");
                assert!(mistake.with_caret(text).ends_with('^'));
            }
        }
    }
}

/// The template that `parts` were read from.
fn written(parts: &[Part]) -> String {
    let part = |part: &Part| match part {
        Part::Text { text, .. } => text.replace('<', "<<").replace('>', ">>"),
        Part::Placeholder(placeholder) => placeholder.to_string(),
    };
    parts.iter().map(part).collect()
}

/// The parts lie side by side, from the first byte to the last.
fn assert_places(parts: &[Part], text: &str) {
    let mut end = 0;
    for part in parts {
        let (Part::Text { at, .. } | Part::Placeholder(Placeholder { at, .. })) = part;
        assert_eq!(at.start, end, "{text:?}");
        end = at.end;
    }
    assert_eq!(end, text.len());
}

/// Between two placeholders there is something that no value can contain; no text is empty, or invisible; no path is
/// empty.
fn assert_separated(parts: &[Part]) {
    let mut may_follow = true;
    for part in parts {
        match part {
            Part::Text { text, .. } => {
                let bad = |c: char| c.is_whitespace() || c.is_control() || c == '#';
                assert!(!text.is_empty() && !text.contains(bad));
                let in_a_value = |c: char| c.is_ascii_alphanumeric() || "-._~%!".contains(c);
                may_follow |= !text.chars().all(in_a_value);
            }
            Part::Placeholder(placeholder) => {
                assert!(may_follow, "{parts:?}");
                assert!(placeholder.root().len() <= placeholder.path.concat().len());
                may_follow = false;
            }
        }
    }
}
