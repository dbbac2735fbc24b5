//! Tests of what is kept of declarations. What is said of them is tested through functions, in the integration tests.

use super::*;

fn declaration(number: u64) -> Declaration {
    let id = Identity::of_words(&["find"], &[number]);
    let key = Some(Template::Of("user:<id>"));
    Declaration { key, ..Declaration::new(id, "find", Role::Reads, None) }
}

#[test]
fn a_function_is_new_until_it_has_said_what_it_is() {
    let declared = Declarations::default();
    // More than there are slots, so that some share one.
    let all: Vec<_> = (0..2_000).map(declaration).collect();
    assert!(all.iter().all(|it| declared.is_new(it.id)));
    let (some, others) = all.split_at(1_000);
    for it in some {
        // Its rules look at all others.
        declared.known().declared.insert(it.id, it.clone());
    }
    for _ in 0..2 {
        assert!(!some.iter().any(|it| declared.is_new(it.id)));
        assert!(others.iter().all(|it| declared.is_new(it.id)));
    }
}

#[test]
fn a_function_that_has_no_key_yet_remains_new() {
    let declared = Declarations::default();
    let empty = Declaration { key: None, ..declaration(1) };
    declared.add(&empty);
    assert!(declared.is_new(empty.id));
    declared.add(&declaration(1));
    assert!(!declared.is_new(empty.id));
    assert_eq!(declared.check(), Ok(()));
}

#[test]
fn keys_that_are_written_alike_are_noted_once() {
    let mut templates = Vec::new();
    for id in 0..10 {
        Declaration::note(&mut templates, Template::Of("user:<id>"));
        Declaration::note(&mut templates, Template::Example(format!("row:{id}")));
    }
    assert_eq!(templates, [Template::Of("user:<id>"), Template::Example("row:0".into())]);
}
