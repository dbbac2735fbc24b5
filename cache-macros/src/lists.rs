//! Parameters that are lists: `each = ids`, by which a key stands for one element.

use proc_macro2::Ident;
use syn::{Expr, GenericArgument, PathArguments, PathSegment, Type, TypeParamBound};

use crate::args::{Args, Usage};
use crate::ctxt::Ctxt;
use crate::key::Template;
use crate::params::RESULT;

/// How the argument is written.
pub(crate) const USAGE: Usage = ("each", "each = ids");

/// Parses `each`: the name of a parameter, or `return`.
pub(crate) fn parse(args: &mut Args, cx: &Ctxt) -> Option<Ident> {
    let expr = args.take("each")?.expr(cx)?;
    let name = match &expr {
        Expr::Path(path) => path.path.get_ident().cloned(),
        Expr::Return(result) if result.expr.is_none() => {
            Some(Ident::new(RESULT, result.return_token.span))
        }
        _ => None,
    };
    if name.is_none() {
        cx.error_at(expr, "`each` takes the name of a parameter that is a list: `each = ids`");
    }
    name
}

/// Whether a template names the parameter, or a field of it.
pub(crate) fn names(template: &Template, param: &str) -> bool {
    template.placeholders().any(|placeholder| placeholder.root().trim_start_matches("r#") == param)
}

/// Whether `ty` is `&[K]`, `Vec<K>` or `&Vec<K>`: a list of which another one can be made.
pub(crate) fn can_be_made(ty: &Type) -> bool {
    match ty {
        Type::Reference(ty) => {
            ty.mutability.is_none() && (matches!(*ty.elem, Type::Slice(_)) || is_vec(&ty.elem))
        }
        Type::Group(group) => can_be_made(&group.elem),
        ty => is_vec(ty),
    }
}

fn is_vec(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => is_vec(&group.elem),
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "Vec" && matches!(arguments(last)[..], [_])),
        _ => false,
    }
}

/// What a type is, seen through references, pointers and `Option`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    List,
    /// An `Option` of a list.
    OptionalList,
    /// Not a list, or a type that the macro does not know.
    Other,
}

/// Collections of the standard library and of widely used crates, by their names.
const COLLECTIONS: [&str; 13] = [
    "Vec",
    "VecDeque",
    "LinkedList",
    "BinaryHeap",
    "HashSet",
    "BTreeSet",
    "HashMap",
    "BTreeMap",
    "IndexSet",
    "IndexMap",
    "SmallVec",
    "ArrayVec",
    "TinyVec",
];

/// Pointers, by their names.
const POINTERS: [&str; 4] = ["Box", "Rc", "Arc", "Cow"];

impl Kind {
    pub(crate) fn of(ty: &Type) -> Kind {
        match ty {
            Type::Reference(ty) => Kind::of(&ty.elem),
            Type::Paren(ty) => Kind::of(&ty.elem),
            Type::Group(ty) => Kind::of(&ty.elem),
            // Bytes are one value, such as a digest.
            Type::Slice(ty) if !is_byte(&ty.elem) => Kind::List,
            Type::Array(ty) if !is_byte(&ty.elem) => Kind::List,
            Type::ImplTrait(ty) if ty.bounds.iter().any(is_iterator) => Kind::List,
            Type::Path(path) => path.path.segments.last().map_or(Kind::Other, Kind::of_path),
            _ => Kind::Other,
        }
    }

    fn of_path(last: &PathSegment) -> Kind {
        let is = |names: &[&str]| names.iter().any(|name| last.ident == name);
        let arguments = arguments(last);
        match arguments[..] {
            [first, ..] if is(&COLLECTIONS) => match is_byte(first) {
                true => Kind::Other,
                false => Kind::List,
            },
            [first, ..] if is(&POINTERS) => Kind::of(first),
            [inner] if is(&["Option"]) => match Kind::of(inner) {
                Kind::Other => Kind::Other,
                _ => Kind::OptionalList,
            },
            _ => Kind::Other,
        }
    }

    /// The kind of what a function returns, without its `Result`.
    pub(crate) fn of_result(output: &Type) -> Kind {
        match output {
            Type::Path(path) => match path.path.segments.last() {
                Some(last) if last.ident == "Result" => {
                    arguments(last).first().map_or(Kind::Other, |ok| Kind::of(ok))
                }
                _ => Kind::of(output),
            },
            _ => Kind::of(output),
        }
    }
}

fn is_byte(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("u8"))
}

fn is_iterator(bound: &TypeParamBound) -> bool {
    matches!(bound, TypeParamBound::Trait(bound) if bound.path.segments.last().is_some_and(|last| {
        last.ident == "IntoIterator" || last.ident == "Iterator"
    }))
}

/// The types in the angle brackets of a path.
fn arguments(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return Vec::new();
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_str;

    #[test]
    fn lists_are_seen_through_pointers_and_options() {
        let cases = [
            ("&[i64]", Kind::List),
            ("Vec<UserId>", Kind::List),
            ("&Arc<Vec<u64>>", Kind::List),
            ("[u64; 3]", Kind::List),
            ("std::collections::HashSet<u64>", Kind::List),
            ("Cow<'_, [u64]>", Kind::List),
            ("impl IntoIterator<Item = u64>", Kind::List),
            ("Option<&[i64]>", Kind::OptionalList),
            ("&Option<Vec<i64>>", Kind::OptionalList),
            ("Option<i64>", Kind::Other),
            ("&str", Kind::Other),
            ("[u8; 32]", Kind::Other),
            ("Vec<u8>", Kind::Other),
            ("Ids", Kind::Other),
        ];
        for (ty, kind) in cases {
            assert_eq!(Kind::of(&parse_str(ty).unwrap()), kind, "{ty}");
        }
        assert_eq!(Kind::of_result(&parse_str("sqlx::Result<Vec<User>>").unwrap()), Kind::List);
        assert_eq!(Kind::of_result(&parse_str("Result<User, Vec<E>>").unwrap()), Kind::Other);
    }

    #[test]
    fn lists_that_can_be_made() {
        let is = |ty| can_be_made(&parse_str(ty).unwrap());
        assert!(is("&[K]") && is("Vec<K>") && is("&Vec<K>"));
        assert!(!is("&mut [K]") && !is("[K; 2]") && !is("HashSet<K>") && !is("Arc<Vec<K>>"));
    }
}
