//! What rustc and clippy find fault with in a function does not depend on its attribute: no warning is added, none is lost, and
//! each is at the line where it was.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// The functions. Each has a comment that becomes an attribute.
const BODIES: &str = include_str!("../lints/bodies.rs");

/// An attribute: the name of a module in which the functions have it, and how it is written. `KEY` and `ARGS` are what the
/// comment says.
struct Attribute {
    module: &'static str,
    of_one: Option<&'static str>,
    /// Of a function with a list.
    of_each: Option<&'static str>,
    /// Of one that writes a list.
    of_batch: Option<&'static str>,
}

const ATTRIBUTES: [Attribute; 6] = [
    Attribute {
        module: "attended",
        of_one: Some("cached(key = KEY, ttl = 60, lock, ARGS)"),
        of_each: Some("cached(key = KEY, ttl = 60, lock, each = ids)"),
        of_batch: None,
    },
    Attribute {
        module: "background",
        of_one: Some("cached(key = KEY, ttl = 60, stale_while_revalidate = 30, ARGS)"),
        of_each: Some("cached(key = KEY, ttl = 60, stale_while_revalidate = 30, each = ids)"),
        of_batch: None,
    },
    Attribute {
        module: "kept",
        of_one: Some("cached(key = KEY, ttl = 60, local, ARGS)"),
        of_each: Some("cached(key = KEY, ttl = 60, local, each = ids)"),
        of_batch: None,
    },
    Attribute {
        module: "invalidated",
        of_one: Some("invalidates(KEY)"),
        of_each: Some("invalidates(KEY, each = ids)"),
        of_batch: Some("invalidates(\"one:<ids>\", each = ids)"),
    },
    Attribute {
        module: "written",
        of_one: Some("write_through(key = KEY, ttl = 60)"),
        of_each: Some("write_through(key = \"all\", ttl = 60, invalidates(KEY), each = ids)"),
        of_batch: None,
    },
    Attribute {
        module: "batched",
        of_one: None,
        of_each: None,
        of_batch: Some(
            "write_behind(queue = \"rows\", key = \"row:<id>\", ttl = 60, enqueue = save(id))",
        ),
    },
];

/// What cannot be the same, and why.
const EXCEPTIONS: [(&str, &str); 1] = [
    // The parameter itself is cloned, as what it is.
    ("background", "clippy::ptr_arg"),
];

/// What is asked of the compiler.
const LEVELS: &str = "#![warn(
    warnings, rust_2018_idioms, rust_2024_compatibility, unused,
    clippy::all, clippy::pedantic, clippy::nursery
)]
// What an attribute awaits is the cache.
#![allow(clippy::unused_async)]
";

#[test]
fn warnings_are_those_of_the_function_alone() {
    let mut differences = Vec::new();
    for edition in ["2021", "2024"] {
        let found = warnings(edition);
        let of = |module: &str| {
            let warnings = found.iter().filter(|warning| warning.module == module);
            warnings.map(|it| (it.line, &*it.lint)).collect::<BTreeSet<_>>()
        };
        let plain = of("plain");
        assert!(plain.len() > 40, "clippy has found no more than {plain:?}");
        for Attribute { module, .. } in ATTRIBUTES {
            let with = of(module);
            let mut note = |what, lints: BTreeSet<&(u64, &str)>| {
                let lints = lints.into_iter();
                let at = |(line, lint): &(u64, &str)| {
                    format!("{what}: {edition}/src/{module}.rs:{line}: {lint}")
                };
                differences.extend(lints.map(at));
            };
            note("added", with.difference(&plain).collect());
            let may_be_lost = |&&(_, lint): &&(u64, &str)| EXCEPTIONS.contains(&(module, lint));
            note("lost", plain.difference(&with).filter(|it| !may_be_lost(it)).collect());
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

struct Warning {
    module: String,
    line: u64,
    lint: String,
}

/// The warnings in a crate of this edition.
fn warnings(edition: &str) -> Vec<Warning> {
    let target = target();
    let dir = target.join("tests/lints").join(edition);
    write_crate(&dir, edition);
    let mut clippy = Command::new("cargo");
    // The dependencies are those that the compile-fail cases are checked with.
    clippy.args(["clippy", "--quiet", "--offline", "--message-format=json", "--target", &host()]);
    clippy.env("CARGO_TARGET_DIR", target.join("tests/trybuild")).env_remove("RUSTFLAGS");
    let output = clippy.current_dir(&dir).output().expect("cargo runs");
    let lines = String::from_utf8(output.stdout).expect("JSON");
    let messages = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let messages = messages.filter(|it| it["reason"] == "compiler-message");
    let messages: Vec<Value> = messages.map(|it| it["message"].clone()).collect();
    let errors = messages.iter().filter(|it| it["level"] == "error");
    let errors: String = errors.filter_map(|it| it["rendered"].as_str()).collect();
    assert!(errors.is_empty(), "the functions do not compile: {errors}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "clippy does not run: {said}");
    messages.iter().filter_map(warning).collect()
}

/// A warning; nothing for what only counts them.
fn warning(message: &Value) -> Option<Warning> {
    let lint = message["code"]["code"].as_str()?.to_owned();
    let span = message["spans"].as_array()?.iter().find(|span| span["is_primary"] == true)?;
    let module = Path::new(span["file_name"].as_str()?).file_stem()?.to_str()?.to_owned();
    Some(Warning { module, line: span["line_start"].as_u64()?, lint })
}

/// Writes a crate that has the functions without attributes, and with each of them.
fn write_crate(dir: &Path, edition: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let runtime = root.join("cache-runtime").canonicalize().expect("it is there");
    let manifest = format!(
        "[package]\nname = \"lints-{edition}\"\nedition = \"{edition}\"\n\n[workspace]\n\n[dependencies]\n\
         cache-runtime = {{ path = {runtime:?}, features = [\"postcard\"] }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n"
    );
    write(&dir.join("Cargo.toml"), &manifest);
    let lock = fs::read_to_string(root.join("Cargo.lock")).expect("the workspace has one");
    fs::create_dir_all(dir.join("src")).expect("a folder");
    fs::write(dir.join("Cargo.lock"), lock).expect("a file");
    let modules = ["plain"].into_iter().chain(ATTRIBUTES.map(|it| it.module));
    let modules: String = modules.map(|module| format!("pub mod {module};\n")).collect();
    write(&dir.join("src/lib.rs"), &format!("{LEVELS}\n{modules}"));
    write(&dir.join("src/plain.rs"), BODIES);
    for attribute in &ATTRIBUTES {
        let lines: Vec<_> = BODIES.lines().map(|line| with_attribute(line, attribute)).collect();
        write(&dir.join(format!("src/{}.rs", attribute.module)), &lines.join("\n"));
    }
}

/// The line, with the attribute if it is to have one: `//@ "user:<id>", skip(db)`, `//@ each "user:<ids>"`,
/// `//@ here "user:<id>"` or `//@ batch`.
fn with_attribute(line: &str, attribute: &Attribute) -> String {
    let Some(said) = line.trim_start().strip_prefix("//@ ") else { return line.to_owned() };
    let (said, attribute) = match said.split_once(' ') {
        Some(("each", said)) => (said, attribute.of_each),
        // It cannot be sent to another thread.
        Some(("here", said)) => {
            (said, attribute.of_one.filter(|_| attribute.module != "background"))
        }
        None if said == "batch" => (said, attribute.of_batch),
        _ => (said, attribute.of_one),
    };
    let Some(attribute) = attribute else { return line.to_owned() };
    let (key, args) = said.split_once(", ").unwrap_or((said, ""));
    let attribute = attribute.replace("KEY", key).replace("ARGS", args);
    format!("#[cache_runtime::{attribute}]")
}

/// Leaves a file alone that is as it should be: then nothing is compiled anew.
fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return;
    }
    fs::write(path, text).expect("a file");
}

/// The folder that everything is built in: this test is in `debug/deps` of it.
fn target() -> PathBuf {
    let test = env::current_exe().expect("a program");
    test.ancestors().nth(3).expect("a folder").to_owned()
}

/// The platform, as `trybuild` names it.
fn host() -> String {
    let version = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8(version.stdout).expect("text");
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc names its host").to_owned()
}
