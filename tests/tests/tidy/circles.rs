//! Circles of imports: at every level, between the modules that stand beside each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::imports::{Modules, is_test};

/// Modules of one folder, each of which imports from all others of the circle, however indirectly. Each stands for its
/// file and all that is within it.
#[derive(Debug)]
pub(crate) struct Circle {
    /// `folder: one, other`.
    pub(crate) name: String,
    /// The imports of which it consists.
    pub(crate) imports: Vec<String>,
}

/// For each pair of modules that stand beside each other, which of their files import from which.
type Level = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// The circles of a crate, whose files are given with their paths from its folder.
pub(crate) fn circles(files: &[(impl AsRef<Path>, String)]) -> Vec<Circle> {
    let modules = Modules::of(files);
    let mut levels = BTreeMap::<Vec<String>, Level>::new();
    for (module, others) in modules.imports() {
        // Tests may look anywhere.
        for other in others.into_iter().filter(|_| !is_test(module)) {
            let common = module.iter().zip(other).take_while(|(one, other)| one == other).count();
            // A module and those within it may know each other.
            let (Some(own), Some(its)) = (module.get(common), other.get(common)) else { continue };
            let import = format!("{} imports from {}", modules.file(module), modules.file(other));
            let level = levels.entry(module[..common].to_vec()).or_default();
            level.entry(its.clone()).or_default();
            level.entry(own.clone()).or_default().entry(its.clone()).or_default().push(import);
        }
    }
    levels.iter().flat_map(|(folder, level)| in_level(&folder.join("/"), level)).collect()
}

fn in_level(folder: &str, level: &Level) -> Vec<Circle> {
    let reached: BTreeMap<_, _> =
        level.keys().map(|module| (module, reached(level, module))).collect();
    let circle = |module: &&String| -> BTreeSet<&String> {
        let own = &reached[module];
        own.iter().copied().filter(|other| reached[other].contains(module)).collect()
    };
    let circles: BTreeSet<_> = level.keys().map(|module| circle(&module)).collect();
    let describe = |circle: &BTreeSet<&String>| {
        let names: Vec<&str> = circle.iter().map(|name| name.as_str()).collect();
        let within = |one: &&String| level[*one].iter().filter(|(other, _)| circle.contains(other));
        let imports = circle.iter().flat_map(within).flat_map(|(_, imports)| imports);
        Circle {
            name: format!("{folder}: {}", names.join(", ")),
            imports: imports.cloned().collect(),
        }
    };
    circles.iter().filter(|circle| !circle.is_empty()).map(describe).collect()
}

/// What a module imports from, and what that does, and so on.
fn reached<'a>(level: &'a Level, module: &str) -> BTreeSet<&'a String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&String> = level[module].keys().collect();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(level[next].keys());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::circles;

    #[test]
    fn modules_that_import_from_each_other_are_found_at_every_level() {
        let files = [
            ("lib.rs", "use self::a::A;"),
            ("a.rs", "mod one; mod two; pub struct A; use self::one::One;"),
            ("a/one.rs", "pub struct One; use super::{two::Two, A};"),
            ("a/two.rs", "pub struct Two; pub struct Other; use crate::b::inner::B;"),
            ("b.rs", "mod inner;"),
            ("b/inner.rs", "pub struct B; use crate::c::C;"),
            ("c.rs", "pub struct C; fn f(_: crate::a::two::Other) {}"),
            ("tests.rs", "use crate::c::C;"),
        ];
        let files = files.map(|(path, text)| (path, text.to_owned()));
        let found = circles(&files);
        let names: Vec<&str> = found.iter().map(|circle| circle.name.as_str()).collect();
        assert_eq!(names, [": a, b, c"]);
        let imports = [
            "a/two.rs imports from b/inner.rs",
            "b/inner.rs imports from c.rs",
            "c.rs imports from a/two.rs",
        ];
        assert_eq!(found[0].imports, imports);

        let mut closed = files.to_vec();
        closed[3].1.push_str("use super::one::One;");
        let found = circles(&closed);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[1].name, "a: one, two");
    }
}
