//! Rules of the house that are kept by a test and not by memory.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The layers of `cache-runtime`: a module imports from layers above its own line, never from below.
/// `ARCHITECTURE.md` says what each is for.
const LAYERS: &[&[&str]] = &[
    &["error", "protocol", "striped", "encoding", "value", "credentials", "telemetry"],
    &["time", "stats"],
    &["key", "policy", "entry"],
    &["expiry", "encryption"],
    &["codec"],
    &["store"],
    &["store_op"],
    &["guard"],
    &["lease", "flight", "active_refreshes", "tag_version"],
    &["return_shape"],
    &["shared"],
    &["read", "write", "write_behind"],
    &["cache"],
    &["builder"],
    &["global"],
    &["tagged"],
    &["read_through"],
    &["dashboard"],
    &["__private", "fuzzing"],
    &["lib"],
];

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
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                found.push((path.strip_prefix(&base).expect("below").to_owned(), text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} holds no source");
    found
}

/// The module at the top of the crate that a file belongs to.
fn module(path: &Path) -> String {
    let first = path.iter().next().expect("a path has parts").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn layer(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|layer| layer.contains(&module))
        .unwrap_or_else(|| panic!("`{module}` stands in no layer: add it to LAYERS"))
}

/// The top-level modules that a file names after `crate::`, alone or in a list.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for after in text.split("crate::").skip(1) {
        let Some(list) = after.strip_prefix('{') else {
            found.push(word(after));
            continue;
        };
        let mut depth = 0;
        let mut item = String::new();
        for c in list.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => found.push(word(&std::mem::take(&mut item))),
                c if depth == 0 => item.push(c),
                _ => {}
            }
        }
        found.push(word(&item));
    }
    found.retain(|word| !word.is_empty());
    found
}

fn word(text: &str) -> String {
    text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn imports_run_in_one_direction() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (path, text) in sources("cache-runtime/src") {
        // Tests may look anywhere.
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let code: String = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        let own = module(&path);
        for import in imports(&code) {
            // Items re-exported at the root, and files that only tests include.
            let only_tests = path.ends_with("tests.rs") || path.to_string_lossy().contains("model");
            if import.starts_with(char::is_uppercase) || only_tests {
                continue;
            }
            seen += 1;
            if own != import && layer(&import) >= layer(&own) {
                wrong.push(format!("{} imports `{import}`", path.display()));
            }
        }
    }
    assert!(seen > 50, "the test has lost its eyes: it saw {seen} imports");
    assert!(wrong.is_empty(), "imports against the direction of the layers:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_says_its_subject_first() {
    for folder in [
        "cache-runtime/src",
        "cache-macros/src",
        "examples/src",
        "tests/src",
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
