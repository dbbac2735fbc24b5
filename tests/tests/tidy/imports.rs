//! Which files of a crate import from which. What counts is the file that defines an item, whoever passes it on.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::words::words;

/// A path in a source: names with `::` between them.
type Names = Vec<String>;

/// A crate's modules, by their paths from its root.
pub(crate) struct Modules(BTreeMap<Names, Module>);

struct Module {
    file: String,
    /// What a `use` makes each name stand for.
    used: BTreeMap<String, Names>,
    /// The paths of two names and more that it mentions, in a `use` and elsewhere.
    mentioned: Vec<Names>,
}

impl Modules {
    /// The modules of a crate's files, which are given with their paths from its folder.
    pub(crate) fn of(files: &[(impl AsRef<Path>, String)]) -> Modules {
        let module = |(path, text): &(_, String)| {
            let path = AsRef::<Path>::as_ref(path);
            (place(path), Module::read(path, text))
        };
        Modules(files.iter().map(module).collect())
    }

    /// Each module, with those that define what it mentions.
    pub(crate) fn imports(&self) -> BTreeMap<&Names, BTreeSet<&Names>> {
        let mut imports = BTreeMap::new();
        for (place, module) in &self.0 {
            let found = module.mentioned.iter().filter_map(|path| self.definer(place, path, 0));
            imports.insert(place, found.filter(|&other| other != place).collect());
        }
        imports
    }

    /// The file of a module.
    pub(crate) fn file(&self, module: &Names) -> &str {
        &self.0[module].file
    }

    /// The module that defines what `path` stands for in the module at `from`. None for what another crate defines, and
    /// for a module itself.
    fn definer(&self, from: &[String], path: &[String], follow: usize) -> Option<&Names> {
        // A name may be passed on in a circle.
        if follow > 16 {
            return None;
        }
        let mut at = from.to_vec();
        let mut rest = path;
        if path[0] == "crate" {
            at.clear();
        }
        while let Some(("crate" | "self" | "super", after)) =
            rest.split_first().map(|(first, after)| (first.as_str(), after))
        {
            if rest[0] == "super" {
                at.pop();
            }
            rest = after;
        }
        let relative = rest.len() < path.len();
        for (index, name) in rest.iter().enumerate() {
            at.push(name.clone());
            if self.0.contains_key(&at) {
                continue;
            }
            at.pop();
            let (own, module) = self.0.get_key_value(&at)?;
            let begins = index == 0 && !relative;
            let Some(used) = module.used.get(name) else {
                // What a path begins with is a module, is used, or is another crate's or this file's own.
                return (!begins).then_some(own);
            };
            let whole = [used, &rest[index + 1..]].concat();
            let found = if whole == rest { None } else { self.definer(&at, &whole, follow + 1) };
            // A module that is used may have the name of an item that is defined here.
            let last = !begins && index + 1 == rest.len();
            return found.or(last.then_some(own));
        }
        None
    }
}

/// The path of the module that a file holds.
fn place(file: &Path) -> Names {
    let names = file.with_extension("");
    let mut names: Names = names.iter().map(|name| name.to_string_lossy().into()).collect();
    names.pop_if(|last| *last == "mod" || *last == "lib");
    names
}

impl Module {
    fn read(path: &Path, text: &str) -> Module {
        let file = path.to_string_lossy().into();
        let mut module = Module { file, used: BTreeMap::new(), mentioned: Vec::new() };
        // Tests may look anywhere.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let words = words(code);
        let mut rest = words.as_slice();
        while let [first, after @ ..] = rest {
            rest =
                if *first == "use" { module.read_use(&[], after) } else { module.read_path(rest) };
        }
        module
    }

    /// Reads a path, if there is one of two names and more, or a word, and gives what comes after it.
    fn read_path<'a>(&mut self, words: &'a [&str]) -> &'a [&'a str] {
        let mut path = vec![words[0].to_owned()];
        let mut rest = &words[1..];
        while let ["::", name, after @ ..] = rest
            && is_name(name)
        {
            path.push((*name).to_owned());
            rest = after;
        }
        if path.len() > 1 {
            self.mentioned.push(path);
        }
        rest
    }

    /// Reads one tree of a `use`, and gives what comes after it.
    fn read_use<'a>(&mut self, prefix: &[String], mut words: &'a [&'a str]) -> &'a [&'a str] {
        let mut path = prefix.to_vec();
        while let [name, "::", after @ ..] = words {
            path.push((*name).to_owned());
            words = after;
        }
        let Some((last, mut rest)) = words.split_first() else { return words };
        if *last == "{" {
            while !matches!(rest, [] | ["}", ..]) {
                rest = self.read_use(&path, rest);
                rest = rest.strip_prefix(&[","]).unwrap_or(rest);
            }
            return rest.get(1..).unwrap_or_default();
        }
        if *last != "self" {
            path.push((*last).to_owned());
        }
        let mut name = path.last().cloned().unwrap_or_default();
        if let ["as", other, after @ ..] = rest {
            (name, rest) = ((*other).to_owned(), after);
        }
        self.used.insert(name, path.clone());
        self.mentioned.push(path);
        rest
    }
}

/// Whether a module is one of tests.
pub(crate) fn is_test(module: &[String]) -> bool {
    module.iter().any(|name| name.ends_with("tests"))
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::Modules;

    /// Says which file imports from which others.
    fn imports(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|(path, text)| (path, (*text).to_owned())).collect();
        let modules = Modules::of(&files);
        let pairs = modules.imports().into_iter().flat_map(|(module, others)| {
            let file = modules.file(module).to_owned();
            others.into_iter().map(move |other| (file.clone(), other)).collect::<Vec<_>>()
        });
        pairs.map(|(file, other)| format!("{file}: {}", modules.file(other))).collect()
    }

    #[test]
    fn an_item_is_imported_from_where_it_is_defined() {
        let files = [
            ("lib.rs", "mod a;\nmod b;\npub use crate::a::Passed;"),
            ("a.rs", "mod inner;\npub use self::inner::{Deep as Passed, Other};\npub struct Own;"),
            ("a/inner.rs", "pub struct Deep; pub struct Other; use super::Own;"),
            ("b.rs", "use crate::{a::{self, Other}, Passed}; fn f() { a::Own; std::mem::take(); }"),
        ];
        let expected = [
            "lib.rs: a/inner.rs",
            "a.rs: a/inner.rs",
            "a/inner.rs: a.rs",
            "b.rs: a.rs",
            "b.rs: a/inner.rs",
        ];
        assert_eq!(imports(&files), expected);
    }

    #[test]
    fn a_module_and_an_item_may_have_one_name() {
        let files = [
            ("lib.rs", ""),
            ("a.rs", "use super::b;\nfn f() { b::make(); }"),
            ("b.rs", "use super::make;\npub fn make() { make::all(); }"),
            ("make.rs", "pub fn all() {}"),
        ];
        assert_eq!(imports(&files), ["a.rs: b.rs", "b.rs: make.rs"]);
    }

    #[test]
    fn a_path_in_a_comment_or_a_text_is_none() {
        let files = [
            ("lib.rs", ""),
            ("a.rs", "// crate::b::B\n//! [`B`](crate::b::B)\nconst T: &str = \"crate::b::B\";"),
            ("b.rs", "pub struct B;\n#[cfg(test)]\nmod tests { use crate::a::T; }"),
        ];
        assert_eq!(imports(&files), [""; 0]);
    }
}
