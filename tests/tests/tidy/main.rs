//! Rules of the house that are kept by a test and not by memory.

mod circles;
mod imports;
mod words;

use std::{
    fs,
    path::{Path, PathBuf},
};

use self::{
    circles::{Circle, circles},
    imports::{Modules, is_test},
};

/// The layers of `cache-runtime`: a module imports from layers above its own line, never from below.
/// `ARCHITECTURE.md` says what each is for.
const LAYERS: &[&[&str]] = &[
    &[
        "error",
        "protocol",
        "striped",
        "encoding",
        "value",
        "credentials",
        "stop",
        "telemetry",
        "decoded",
        "look",
        "boot_clock",
    ],
    &["time", "stats"],
    &["key", "policy", "entry"],
    &["declared"],
    &["expiry", "encryption"],
    &["codec"],
    &["store"],
    &["store_op"],
    &["guard"],
    &["fences", "lease", "flight", "active_refreshes", "tag_version"],
    &["return_shape"],
    &["keep"],
    &["shared", "transaction", "detour"],
    &["read", "write", "write_behind"],
    &["cache"],
    &["outbox"],
    &["builder"],
    &["global"],
    &["tagged", "also"],
    &["read_through", "explain"],
    &["dashboard"],
    &["__private", "fuzzing", "guide"],
    &["lib"],
];

/// The circles that stood when the rule was made. The list only shrinks.
const KNOWN: &[&str] = &[];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Rust files below `folder`, with their paths from there.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let base = root().join(folder);
    let mut found = Vec::new();
    let mut folders = vec![base.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the workspace is there") {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() {
                // What is no member of the workspace is built where it stands.
                if !path.ends_with("target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                found.push((path.strip_prefix(&base).expect("below").to_owned(), text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} holds no source");
    found
}

fn layer(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|layer| layer.contains(&module))
        .unwrap_or_else(|| panic!("`{module}` stands in no layer: add it to LAYERS"))
}

#[test]
fn imports_run_in_one_direction() {
    let files = sources("cache-runtime/src");
    let modules = Modules::of(&files);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (module, others) in modules.imports() {
        // The root passes on what others define, and tests may look anywhere.
        let Some(own) = module.first().filter(|_| !is_test(module)) else { continue };
        for other in others {
            let theirs = other.first().map_or("lib", String::as_str);
            seen += 1;
            if own != theirs && layer(theirs) >= layer(own) {
                wrong.push(format!(
                    "{} imports from {}",
                    modules.file(module),
                    modules.file(other)
                ));
            }
        }
    }
    assert!(seen > 500, "the test has lost its eyes: it saw {seen} imports");
    assert!(wrong.is_empty(), "imports against the direction of the layers:\n{}", wrong.join("\n"));
}

#[test]
fn modules_beside_each_other_import_in_one_direction() {
    let folders = ["cache-runtime/src", "cache-macros/src"];
    let (known, new): (Vec<Circle>, _) = folders
        .iter()
        .flat_map(|folder| circles(&sources(folder)))
        .partition(|circle| KNOWN.contains(&circle.name.as_str()));
    assert!(new.is_empty(), "modules that import from each other: {new:#?}");
    let known: Vec<&str> = known.iter().map(|circle| circle.name.as_str()).collect();
    assert_eq!(known, KNOWN, "a known circle is gone: take it off the list");
}

/// The runtime sees through aliases, the macros do not: those have two names more.
#[test]
fn macros_and_runtime_know_the_same_transactions() {
    let names = |file: &str, list: &str| {
        let text = fs::read_to_string(root().join(file)).expect("the source is there");
        let (_, text) = text.split_once(list).unwrap_or_else(|| panic!("{file} has lost `{list}`"));
        let (_, text) = text.split_once('=').expect("it is a constant");
        let (text, _) = text.split_once(']').expect("it is a list");
        let names = text.split('"').skip(1).step_by(2).map(str::to_owned);
        names.collect::<std::collections::BTreeSet<_>>()
    };
    let mut macros = names("cache-macros/src/transactions/found.rs", "const TRANSACTIONS");
    let runtime = names("cache-runtime/src/transaction.rs", "const NAMES");
    for alias in ["Tx", "Txn"] {
        assert!(macros.remove(alias), "{macros:?}");
    }
    assert!(runtime.len() >= 6, "{runtime:?}");
    assert_eq!(macros, runtime);
}

#[test]
fn every_file_says_its_subject_first() {
    for folder in [
        "cache-runtime/src",
        "cache-macros/src",
        "examples/src",
        "tests/src",
        "tests/compare/src",
        "tests/support/src",
        "tests/tests",
    ] {
        for (path, text) in sources(folder) {
            // Expansions are what the macros wrote.
            if path.iter().any(|part| part == "snapshots") {
                continue;
            }
            assert!(
                text.starts_with("//! "),
                "{folder}/{} does not begin with `//! ` and its subject",
                path.display()
            );
        }
    }
}

#[test]
fn every_misuse_is_explained() {
    for folder in ["tests/ui/ours", "tests/ui/rustc"] {
        for (path, text) in sources(folder) {
            for part in ["// Misuse: ", "// Why: ", "// Instead: "] {
                assert!(text.contains(part), "{folder}/{} has no `{part}` line", path.display());
            }
        }
    }
}

#[test]
fn nothing_is_ignored_or_left_open() {
    // Written so that this file does not find itself.
    let banned = [concat!("#[", "ignore"), concat!("todo", "!("), concat!("unimplemented", "!(")];
    for folder in ["cache-runtime", "cache-macros", "examples", "tests"] {
        for (path, text) in sources(folder) {
            for word in banned {
                assert!(!text.contains(word), "{folder}/{} has `{word}`", path.display());
            }
        }
    }
}

#[test]
fn files_that_the_architecture_names_exist() {
    let folders = ["cache-runtime", "cache-macros", "examples", "tests"];
    let paths: Vec<String> = folders
        .iter()
        .flat_map(|folder| sources(folder).into_iter().map(move |(path, _)| (folder, path)))
        .map(|(folder, path)| format!("/{folder}/{}", path.display()))
        .collect();
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("it is there");
    let named: Vec<&str> =
        text.split('`').skip(1).step_by(2).filter(|word| word.ends_with(".rs")).collect();
    assert!(named.len() > 40, "the test has lost its eyes: {named:?}");
    for name in named {
        let exists = paths.iter().any(|path| path.ends_with(&format!("/{name}")));
        assert!(exists, "ARCHITECTURE.md names `{name}`, which there is not");
    }
}
