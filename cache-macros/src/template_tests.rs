//! Templates that are read, and mistakes that are found at the right character.

use super::*;
use crate::template_check::check;

/// The template, its text in quotes and its placeholders as paths.
fn read(template: &str) -> Vec<String> {
    let parts = parse(template).unwrap_or_else(|mistakes| panic!("{template}: {mistakes:?}"));
    let part = |part: &Part| match part {
        Part::Text { text, .. } => format!("{text:?}"),
        Part::Placeholder(placeholder) => placeholder.path.join("/"),
    };
    parts.iter().map(part).collect()
}

/// The first mistake: the template with a mark where it begins, and what is said of it.
fn mistake(template: &str) -> (String, String) {
    let mistake = parse(template).unwrap_err().remove(0);
    let (before, after) = template.split_at(mistake.at);
    (format!("{before}|{after}"), mistake.message)
}

#[test]
fn text_and_placeholders() {
    assert_eq!(read("user:<id>"), ["\"user:\"", "id"]);
    assert_eq!(read("<a>:<b.c>/<self.0.r#type>"), ["a", "\":\"", "b/c", "\"/\"", "self/0/r#type"]);
    assert_eq!(read("users"), ["\"users\""]);
    assert_eq!(read("<größe>"), ["größe"]);
}

#[test]
fn doubled_brackets_are_one() {
    assert_eq!(read("a<<b>>c"), ["\"a<b>c\""]);
    assert_eq!(read("<<<id>>>"), ["\"<\"", "id", "\">\""]);
}

#[test]
fn braces_are_text() {
    assert_eq!(read("{tenant:<tenant>}:user"), ["\"{tenant:\"", "tenant", "\"}:user\""]);
}

#[test]
fn placeholders_are_separated_by_a_reserved_character() {
    for template in ["<a>:<b>", "<a>-:-<b>", "<a>/<b>", "<a>}{<b>", "<a>é<b>", "<a><<<b>"] {
        read(template);
    }
    for between in ["", "-", "a", ".", "_", "~", "%", "!", "-a.9"] {
        let (at, message) = mistake(&format!("x:<a>{between}<b>"));
        assert_eq!(at, format!("x:<a>|{between}<b>"));
        assert!(message.ends_with("write `<a>:<b>`"), "{message}");
    }
}

#[test]
fn mistakes_are_found_where_they_are() {
    let cases = [
        ("user:|<id", "never closed"),
        ("user:|<id<x>", "never closed"),
        ("user:|<", "never closed"),
        ("user:id|>", "no `<` before it"),
        ("user:<id>|>", "no `<` before it"),
        ("user:|<>", "empty"),
        ("user:<|user id>", "must be a parameter"),
        ("user:<user.|id(1)>", "must be a parameter"),
        ("user:<|id()>", "must be a parameter"),
        ("user:<user.|()>", "must be a parameter"),
        ("user:<user.|self()>", "must be a parameter"),
        ("user:<user.|>", "must be a parameter"),
        ("user:<user.|self>", "must be a parameter"),
        ("user:<|_>", "must be a parameter"),
        ("user:<|crate>", "must be a parameter"),
        ("user:<| id >", "write `<id>`"),
        ("|", "the key is empty"),
        ("user:| <id>", "white space"),
        ("a<<b>>:|\n<id>", "white space"),
        ("user:<id>|#refresh", "own keys"),
        ("|#tag:<<>>#", "own keys"),
    ];
    for (marked, part) in cases {
        let (at, message) = mistake(&marked.replace('|', ""));
        assert_eq!(at, marked);
        assert!(message.contains(part), "{marked}: {message}");
    }
}

#[test]
fn what_to_write_is_made_of_what_was_written() {
    let cases = [
        ("user:id>", "write `<id>` for"),
        ("user:user.id>:x", "write `<user.id>` for"),
        ("user:<id>>", "write `>>` for"),
        ("user:<user.id:x", "write `<user.id>` for"),
        ("user:<:x", "write `<name>` for"),
        ("{a}:<id.pow(2)>:<b>", "`format!(\"{{a}}:{}:{}\", id.pow(2), b)`"),
        ("a<<b:<id + 1>", "`format!(\"a<b:{}\", id + 1)`"),
        ("<Self::TABLE>:<id>", "`format!(\"{}:{}\", Self::TABLE, id)`"),
        ("<Self>:<id>", "`format!(\"{}:{}\", Self::NAME, id)`"),
        ("user:<user id>", "`format!(\"user:{}\", id + 1)`"),
    ];
    for (template, part) in cases {
        let (_, message) = mistake(template);
        assert!(message.contains(part), "{template}: {message}");
    }
}

#[test]
fn every_broken_rule_is_reported() {
    let mistakes = parse("a b:<a><b>").unwrap_err();
    assert_eq!(mistakes.len(), 2);
}

#[test]
fn the_caret_stands_under_the_mistake() {
    let template = "größe\t<id";
    let mistake = &parse(template).unwrap_err()[0];
    let drawn = mistake.with_caret(template);
    let lines: Vec<_> = drawn.lines().skip(2).collect();
    assert_eq!(lines, ["    größe\\t<id", "           ^"]);
}

/// Every text of up to six characters over an alphabet that has all that matters to the parser.
#[test]
fn every_short_text() {
    const ALPHABET: [char; 10] = ['<', '>', 'a', '0', '.', ':', '(', ')', ' ', 'é'];
    let mut texts = vec![String::new()];
    for _ in 0..6 {
        let longer = texts.iter().flat_map(|text| ALPHABET.map(|c| format!("{text}{c}")));
        texts = longer.collect();
        texts.iter().for_each(|text| check(text));
    }
}

/// The corpus of the fuzz target `template`, and what was ever found by it, go through without a fuzzer too.
#[test]
fn the_corpus_holds() {
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz");
    let mut inputs = 0;
    for folder in ["corpus/template", "regressions/template"] {
        for file in std::fs::read_dir(fuzz.join(folder)).expect("the corpus is there") {
            let path = file.expect("a folder can be listed").path();
            println!("{}", path.display());
            check(&String::from_utf8_lossy(&std::fs::read(path).expect("an input can be read")));
            inputs += 1;
        }
    }
    assert!(inputs > 20, "the corpus has {inputs} inputs");
}
