//! A test that keeps a rule of this crate: every message has a compile-fail case that shows it.

use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};

/// Where messages are written.
const SOURCES: &[(&str, &str)] = &[
    ("args.rs", include_str!("args.rs")),
    ("cached/check.rs", include_str!("cached/check.rs")),
    ("cached/each.rs", include_str!("cached/each.rs")),
    ("cached/parse.rs", include_str!("cached/parse.rs")),
    ("common.rs", include_str!("common.rs")),
    ("derive/cache_key.rs", include_str!("derive/cache_key.rs")),
    ("derive/cache_value.rs", include_str!("derive/cache_value.rs")),
    ("derive/key_part.rs", include_str!("derive/key_part.rs")),
    ("duration.rs", include_str!("duration.rs")),
    ("encoding.rs", include_str!("encoding.rs")),
    ("fresh.rs", include_str!("fresh.rs")),
    ("invalidates/check.rs", include_str!("invalidates/check.rs")),
    ("invalidates/parse.rs", include_str!("invalidates/parse.rs")),
    ("owned.rs", include_str!("owned.rs")),
    ("part.rs", include_str!("part.rs")),
    ("refuse.rs", include_str!("refuse.rs")),
    ("rules.rs", include_str!("rules.rs")),
    ("template.rs", include_str!("template.rs")),
    ("write_behind/check.rs", include_str!("write_behind/check.rs")),
    ("write_behind/parse.rs", include_str!("write_behind/parse.rs")),
    ("write_through/check.rs", include_str!("write_through/check.rs")),
    ("write_through/parse.rs", include_str!("write_through/parse.rs")),
];

#[test]
fn every_message_has_a_case() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui/ours");
    // The cases are not part of the published crate.
    let Ok(cases) = fs::read_dir(cases) else { return };
    let shown: String = cases
        .map(|case| case.expect("a case").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "stderr"))
        .map(|path| fs::read_to_string(path).expect("a case's messages"))
        .collect();
    let mut unseen = Vec::new();
    for (file, source) in SOURCES {
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        let tokens: TokenStream = source.parse().expect("Rust");
        for text in messages(tokens) {
            let unshown = |part: &&str| part.len() > 12 && !shown.contains(part);
            unseen
                .extend(text.split(['{', '}']).find(unshown).map(|part| format!("{file}: {part}")));
        }
    }
    assert!(unseen.is_empty(), "no case under tests/ui/ours shows\n{}", unseen.join("\n"));
}

/// The string literals that are prose: several words, and no documentation.
fn messages(tokens: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut attribute = false;
    for token in tokens {
        match token {
            TokenTree::Punct(punct) => {
                attribute = punct.as_char() == '#' || attribute && punct.as_char() == '!'
            }
            TokenTree::Group(group) if !attribute => found.extend(messages(group.stream())),
            TokenTree::Literal(literal) => {
                let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                found.extend(text.map(|text| text.value()).ok().filter(|text| is_prose(text)));
            }
            _ => attribute = false,
        }
    }
    found
}

fn is_prose(text: &str) -> bool {
    text.split(' ').filter(|word| word.len() > 1).count() > 3
}
