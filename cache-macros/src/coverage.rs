//! Tests that keep rules of this crate: every message has a compile-fail case that shows it, and every argument stands in
//! the documentation.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

use crate::args::Spec;
use crate::cached::CACHED;
use crate::elsewhere;
use crate::invalidates::INVALIDATES;
use crate::write_behind::WRITE_BEHIND;
use crate::write_through::WRITE_THROUGH;

/// Files whose prose is no message: tests and their helpers, a bug of ours, and documentation of what is generated.
const NO_MESSAGES: [&str; 12] = [
    "cached/mistakes.rs",
    "cached/tests.rs",
    "coverage.rs",
    "ctxt.rs",
    "derive/tests.rs",
    "invalidates/tests.rs",
    "snapshot.rs",
    "template_check.rs",
    "template_tests.rs",
    "write_behind/expand.rs",
    "write_behind/tests.rs",
    "write_through/tests.rs",
];

#[test]
fn every_message_has_a_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The cases are not part of the published crate.
    let Ok(cases) = fs::read_dir(root.join("../tests/ui/ours")) else {
        return;
    };
    let shown: String = cases
        .map(|case| case.expect("a case").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "stderr"))
        .map(|path| fs::read_to_string(path).expect("a case's messages"))
        .collect();
    let src = root.join("src");
    let mut unseen = Vec::new();
    for path in sources(&src) {
        let file = path.strip_prefix(&src).expect("a source").display().to_string();
        if NO_MESSAGES.contains(&&*file) {
            continue;
        }
        let source = fs::read_to_string(&path).expect("a source");
        let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let tokens: TokenStream = source.parse().expect("Rust");
        for text in messages(tokens) {
            let unshown = |part: &&str| part.len() > 12 && !shown.contains(part);
            unseen
                .extend(text.split(['{', '}']).find(unshown).map(|part| format!("{file}: {part}")));
        }
    }
    assert!(unseen.is_empty(), "no case under tests/ui/ours shows\n{}", unseen.join("\n"));
}

/// All files of Rust in a folder, but for snapshots.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let found = entries.flat_map(|path| match path.is_dir() {
        true if path.ends_with("snapshots") => Vec::new(),
        true => sources(&path),
        false => vec![path],
    });
    found.collect()
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

#[test]
fn every_argument_is_documented() {
    let source = include_str!("lib.rs");
    let attributes = [
        ("cached", &CACHED),
        ("invalidates", &INVALIDATES),
        ("write_through", &WRITE_THROUGH),
        ("write_behind", &WRITE_BEHIND),
    ];
    for (attribute, spec) in attributes {
        let (before, _) =
            source.split_once(&format!("\npub fn {attribute}(")).expect("an attribute");
        let docs = before.rsplit("\n\n").next().expect("its documentation").replace("/// ", "");
        assert_eq!(documented(&docs), arguments(spec), "`{attribute}` in lib.rs");
    }
}

#[test]
fn an_argument_of_another_attribute_is_told_so() {
    let specs = [&CACHED, &INVALIDATES, &WRITE_THROUGH, &WRITE_BEHIND];
    for spec in specs {
        let names = specs.iter().flat_map(|other| other.names());
        let refused = |name: &str| spec.refused.iter().any(|(refused, _)| *refused == name);
        for name in names.filter(|name| !spec.names().contains(name) && !refused(name)) {
            let message = elsewhere::message(name, spec.attribute);
            assert!(message.is_some_and(|it| it.contains(name)), "`{name}` on {}", spec.attribute);
        }
    }
}

fn arguments(spec: &Spec) -> BTreeSet<String> {
    spec.names().into_iter().map(str::to_owned).collect()
}

/// The names in the first column of a table of arguments.
fn documented(docs: &str) -> BTreeSet<String> {
    let rows = docs.lines().skip_while(|line| !line.starts_with("| argument |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let first = rows.filter_map(|row| row.split('|').nth(1));
    first.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}
