//! The README's code compiles and does what the README says: every block of it stands below, line for line. Its commands, and
//! those of the guide, name what there is.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use cache_runtime::Cache;
#[rustfmt::skip]
use cache_runtime::{CacheKey, cached, invalidates};

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct User {
    id: u64,
    name: String,
}

type DbError = std::io::Error;

/// Stands for a database, and counts the queries.
#[derive(Default)]
struct Db {
    users: Mutex<HashMap<u64, User>>,
    queries: Mutex<u32>,
}

impl Db {
    async fn select_user(&self, id: u64) -> Result<Option<User>, DbError> {
        *self.queries.lock().unwrap() += 1;
        Ok(self.users.lock().unwrap().get(&id).cloned())
    }

    async fn update_user(&self, user: &User) -> Result<(), DbError> {
        self.users.lock().unwrap().insert(user.id, user.clone());
        Ok(())
    }
}

struct UserRepo {
    db: Db,
}

#[derive(CacheKey)]
#[cache_key("user:<id>")]
struct UserKey {
    id: u64,
}

impl UserRepo {
    #[cached(key = "user:<id>", ttl = 3600, lock)]
    async fn find(&self, id: u64) -> Result<Option<User>, DbError> {
        self.db.select_user(id).await
    }

    #[invalidates(UserKey { id: user.id })]
    async fn update(&self, user: &User) -> Result<(), DbError> {
        self.db.update_user(user).await
    }
}

#[tokio::test]
async fn a_repository() {
    let repo = UserRepo { db: Db::default() };
    let ann = User { id: 42, name: "Ann".into() };
    let anna = User { id: 42, name: "Anna".into() };
    Cache::in_memory()
        .scope(async {
            repo.update(&ann).await.unwrap();
            assert_eq!(repo.find(42).await.unwrap(), Some(ann));
            assert!(repo.find(42).await.unwrap().is_some());
            assert_eq!(*repo.db.queries.lock().unwrap(), 1);
            repo.update(&anna).await.unwrap();
            assert_eq!(repo.find(42).await.unwrap(), Some(anna));
            assert_eq!(*repo.db.queries.lock().unwrap(), 2);
        })
        .await;
}

#[tokio::test]
#[rustfmt::skip]
async fn a_global_cache_needs_no_server_to_be_built() -> Result<(), Box<dyn std::error::Error>> {
    let cache = Cache::builder()
        .url("redis://127.0.0.1:6379")
        .namespace("shop")
        .deadline(Duration::from_millis(100))
        .build()
        .await?;
    cache_runtime::set_global(cache)?;
    assert!(format!("{:?}", Cache::global()).contains("127.0.0.1:6379"));
    Ok(())
}

/// Each paragraph of each `rust` block stands in this file, but for indentation.
#[test]
fn every_block_of_the_readme_is_here() {
    let lines = |text: &str| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    let here = lines(include_str!("readme.rs"));
    let readme = include_str!("../../README.md");
    let blocks: Vec<_> = readme.split("```rust\n").skip(1).collect();
    assert!(blocks.len() >= 2, "the README has lost its examples");
    for block in blocks {
        let block = block.split("```").next().unwrap_or_default();
        for paragraph in block.trim().split("\n\n") {
            let paragraph = lines(paragraph);
            let found = here.windows(paragraph.len()).any(|window| window == paragraph);
            assert!(found, "the README's code is compiled nowhere:\n{}", paragraph.join("\n"));
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn guide() -> Vec<(String, String)> {
    let folder = root().join("cache-runtime/src/guide");
    let files = fs::read_dir(folder).expect("there is a guide").map(|file| file.unwrap().path());
    let page = |file: PathBuf| {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(file).expect("text"))
    };
    files.map(page).collect()
}

#[test]
fn a_page_of_the_guide_is_short_and_opens_with_the_question_that_the_index_says() {
    let index = include_str!("../../cache-runtime/src/guide.rs");
    let pages = guide();
    assert!(pages.len() > 15, "the test has lost its eyes: it saw {} pages", pages.len());
    for (name, text) in pages {
        let lines = text.lines().count();
        assert!(lines <= 150, "{name}: {lines} lines");
        let question = text.lines().next().and_then(|line| line.strip_prefix("# "));
        let question = question.unwrap_or_default();
        assert!(question.ends_with(['?']), "{name} opens with `{question}`");
        let row = index.lines().find(|line| line.starts_with(&format!("//! | [`{name}`] | ")));
        let row = row.unwrap_or_else(|| panic!("{name} is not in the index"));
        let told = row.rsplit(" | ").next().expect("a cell").trim_end_matches([' ', '|', '?']);
        assert!(question.starts_with(told), "{name}: `{question}`, and `{told}` in the index");
    }
}

/// What stands in backquotes or on a line of its own and begins with `cargo`, maybe after a setting.
fn commands(text: &str) -> BTreeSet<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let commands = quoted.chain(text.lines()).map(|part| match part.split_once("cargo ") {
        Some((before, rest))
            if before
                .chars()
                .all(|c| c.is_ascii_uppercase() || "_=:/.0123456789redis ".contains(c)) =>
        {
            rest.split(['#', '\n']).next().unwrap_or_default().trim().to_owned()
        }
        _ => String::new(),
    });
    commands.filter(|command| !command.is_empty()).collect()
}

#[test]
fn every_command_names_what_there_is() {
    let mut texts = vec![fs::read_to_string(root().join("README.md")).expect("text")];
    texts.extend(guide().into_iter().map(|(_, text)| text));
    let commands: BTreeSet<String> = texts.iter().flat_map(|text| commands(text)).collect();
    assert!(commands.len() >= 8, "the test has lost its eyes: {commands:?}");
    let packages = [
        ("cache-runtime", "cache-runtime"),
        ("cache-tests", "tests"),
        ("cache-ui-tests", "tests/ui"),
        ("cache-model", "tests/model"),
        ("cache-examples", "examples"),
    ];
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().collect();
        let after = |flag: &str| {
            let at = words.iter().position(|word| *word == flag)?;
            words.get(at + 1).copied()
        };
        let folder = after("-p").map(|package| {
            let found = packages.iter().find(|(name, _)| *name == package);
            found.unwrap_or_else(|| panic!("`{command}`: there is no such package")).1
        });
        let exists = |of: &[String]| {
            let there = of.iter().any(|path| root().join(path).exists());
            assert!(there, "`{command}`: there is none of {of:?}");
        };
        if let Some(name) = after("--bin") {
            exists(&[
                format!("examples/src/bin/{name}.rs"),
                format!("examples/src/bin/{name}/main.rs"),
                format!("examples/{name}/src/main.rs"),
            ]);
        }
        if let Some((name, folder)) = after("--test").zip(folder) {
            exists(&[
                format!("{folder}/tests/{name}.rs"),
                format!("{folder}/tests/{name}/main.rs"),
            ]);
            if let Some(filter) = words.last().filter(|filter| **filter != name) {
                exists(&[format!("{folder}/tests/{name}/{filter}.rs")]);
            }
        }
        if let Some((name, folder)) = after("--bench").zip(folder) {
            exists(&[
                format!("{folder}/benches/{name}.rs"),
                format!("{folder}/benches/{name}/main.rs"),
            ]);
        }
        if after("--lib").is_some() {
            let filter = after("--lib").unwrap_or_default().replace("::", "/");
            exists(&[format!("cache-runtime/src/{filter}.rs")]);
        }
    }
}

/// What stands between the marks that `tests/compare/run --write` looks for.
fn comparison(text: &str) -> &str {
    let (_, text) = text.split_once("<!-- the comparison -->\n").expect("the comparison's mark");
    text.split_once("<!-- its end -->").expect("its end's mark").0.trim()
}

#[test]
fn the_comparison_in_the_readme_is_what_one_run_has_printed() {
    let short = comparison(include_str!("../../README.md"));
    let whole = comparison(include_str!("../compare/README.md"));
    assert!(short.lines().filter(|line| line.starts_with("| ")).count() > 8, "{short}");
    assert!(whole.len() > 2 * short.len(), "the whole of it is longer");
    assert!(whole.starts_with(short), "they are of two runs: `tests/compare/run --write`");
}
