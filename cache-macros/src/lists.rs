//! Parameters that are lists: `each = ids`, by which a key stands for one element.

use proc_macro2::Ident;
use syn::{Expr, GenericArgument, PathArguments, PathSegment, Type, TypeParamBound};

use crate::args::{Args, Usage};
use crate::ctxt::Ctxt;
use crate::key::Template;
use crate::params::RESULT;
use crate::tokens;

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
            Type::ImplTrait(ty) if ty.bounds.iter().any(is_iterator_bound) => Kind::List,
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

/// Whether `ty` is `impl IntoIterator`, which can be read only once.
pub(crate) fn is_iterator(ty: &Type) -> bool {
    matches!(seen_through(ty), Type::ImplTrait(ty) if ty.bounds.iter().any(is_iterator_bound))
}

/// Whether `ty` is one value, by the names of the types that identifiers have.
pub(crate) fn is_one(ty: &Type) -> bool {
    const ONE: [&str; 17] = [
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
        "bool", "char", "str", "String", "Uuid",
    ];
    match ty {
        Type::Reference(ty) => is_one(&ty.elem),
        Type::Group(ty) => is_one(&ty.elem),
        // An `Option` is a list of one or none.
        Type::Path(path) => {
            let last = path.path.segments.last();
            last.is_some_and(|last| ONE.iter().any(|name| last.ident == name))
        }
        _ => false,
    }
}

/// Whether `ty` is a map, whose elements are pairs.
pub(crate) fn is_map(ty: &Type) -> bool {
    matches!(seen_through(ty), Type::Path(path) if path.path.segments.last().is_some_and(|last| {
        ["HashMap", "BTreeMap", "IndexMap"].iter().any(|map| last.ident == map)
    }))
}

/// `&[K]` for a list of `K`, and for `K` itself.
pub(crate) fn slice(ty: &Type) -> String {
    format!("&[{}]", element(ty).map_or_else(|| "u64".to_owned(), tokens::text))
}

/// What to write for a type that `each` cannot take.
pub(crate) fn needed(ty: &Type) -> String {
    let this = match is_iterator(ty) {
        true => "an iterator".to_owned(),
        false => format!("a `{}`", tokens::text(ty)),
    };
    let vec = element(ty)
        .map_or_else(|| "Vec<u64>".to_owned(), |ty| format!("Vec<{}>", tokens::text(ty)));
    format!("`each` needs a list, and this is {this}: write `{}` or `{vec}`", slice(ty))
}

/// The element of a list, or the type itself. An iterator may not say it.
fn element(ty: &Type) -> Option<&Type> {
    match seen_through(ty) {
        Type::Slice(ty) => Some(&ty.elem),
        Type::Array(ty) => Some(&ty.elem),
        Type::ImplTrait(ty) => ty.bounds.iter().find_map(item),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let is_list = COLLECTIONS.iter().any(|name| last.ident == name);
            Some(arguments(last).first().copied().filter(|_| is_list).unwrap_or(seen_through(ty)))
        }
        ty => Some(ty),
    }
}

/// The `T` of `IntoIterator<Item = T>`.
fn item(bound: &TypeParamBound) -> Option<&Type> {
    let TypeParamBound::Trait(bound) = bound else { return None };
    let PathArguments::AngleBracketed(arguments) = &bound.path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(item) if item.ident == "Item" => Some(&item.ty),
        _ => None,
    })
}

/// The type behind references, pointers and `Option`.
fn seen_through(ty: &Type) -> &Type {
    match ty {
        Type::Reference(ty) => seen_through(&ty.elem),
        Type::Paren(ty) => seen_through(&ty.elem),
        Type::Group(ty) => seen_through(&ty.elem),
        Type::Path(path) => {
            let last = path.path.segments.last();
            let inner = last.filter(|last| {
                last.ident == "Option" || POINTERS.iter().any(|name| last.ident == name)
            });
            match inner.map(arguments).as_deref() {
                Some([inner, ..]) => seen_through(inner),
                _ => ty,
            }
        }
        ty => ty,
    }
}

fn is_byte(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("u8"))
}

fn is_iterator_bound(bound: &TypeParamBound) -> bool {
    matches!(bound, TypeParamBound::Trait(bound) if bound.path.segments.last().is_some_and(|last| {
        last.ident == "IntoIterator" || last.ident == "Iterator"
    }))
}

/// The types in the angle brackets of a path.
pub(crate) fn arguments(segment: &PathSegment) -> Vec<&Type> {
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
    fn what_each_cannot_take_is_told_what_to_be() {
        let of = |ty| parse_str::<Type>(ty).unwrap();
        assert!(is_one(&of("&str")) && is_one(&of("uuid::Uuid")) && !is_one(&of("Option<u64>")));
        assert!(is_map(&of("&Arc<HashMap<u64, User>>")) && !is_map(&of("HashSet<u64>")));
        for (ty, slice) in [
            ("impl IntoIterator<Item = u64>", "&[u64]"),
            ("impl Iterator", "&[u64]"),
            ("&HashMap<UserId, User>", "&[UserId]"),
            ("Option<Vec<K>>", "&[K]"),
            ("&mut [K; 2]", "&[K]"),
            ("&K", "&[K]"),
        ] {
            assert_eq!(super::slice(&of(ty)), slice, "{ty}");
        }
    }

    #[test]
    fn lists_that_can_be_made() {
        let is = |ty| can_be_made(&parse_str(ty).unwrap());
        assert!(is("&[K]") && is("Vec<K>") && is("&Vec<K>"));
        assert!(!is("&mut [K]") && !is("[K; 2]") && !is("HashSet<K>") && !is("Arc<Vec<K>>"));
    }
}
