//! `#[derive(CacheValue)]`: a fingerprint of a type's layout.
//!
//! The layout is rendered as text, without anything that does not affect it, and hashed at compile time. Only the compiler
//! knows the layout of the fields' types, so each of them adds its own fingerprint.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Data, DeriveInput, Expr, ExprLit, Fields, GenericParam, Lit, Meta, Path, Token,
    Type, TypePath,
};

use super::{Bounds, implementation, is_marker, mentions, text};
use crate::args::{Args, Spec, Value};
use crate::ctxt::Ctxt;
use crate::fallback;
use crate::shared_args;
use crate::tokens;

const CACHE_VALUE: Spec = Spec {
    attribute: "`#[cache_value(...)]`",
    known: &[&[shared_args::CRATE]],
    refused: &[],
    of_type: None,
    positional: Some("`#[cache_value]` takes only `crate = my_cache`: remove this"),
};

const FIELD: Spec = Spec {
    attribute: "`#[cache_value(...)]` on a field",
    known: &[&[("by_name", "by_name"), ("may_change", "may_change")]],
    refused: &[],
    of_type: None,
    positional: Some(
        "a field takes only `#[cache_value(by_name)]` and `#[cache_value(may_change)]`: remove this",
    ),
};

/// Attributes of serde that affect how a value is read, or its bounds, but not how it is written.
const SHAPELESS: [&str; 7] =
    ["alias", "borrow", "bound", "crate", "default", "deny_unknown_fields", "expecting"];

/// Attributes of serde that name a type to write instead.
const STAND_INS: [&str; 3] = ["from", "into", "try_from"];

/// Attributes of serde that make a field optional, or number variants differently for the reader. Only a format with names
/// can read such a value back.
const NAMED: [&str; 7] = [
    "flatten",
    "skip",
    "skip_deserializing",
    "skip_serializing",
    "skip_serializing_if",
    "tag",
    "untagged",
];

struct CacheValue<'a> {
    input: &'a DeriveInput,
    krate: Path,
    /// Whether only a format with field names can read the value back.
    named: bool,
    /// What is written, in order: without names of types, docs and visibility.
    layout: TokenStream,
    /// The types that it contains, each once.
    parts: Vec<Type>,
}

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    fallback::nothing_on_error(|cx| {
        let input = cx.ok(syn::parse2(input))?;
        let model = parse(&input, cx)?;
        cx.is_clean().then(|| expand(&model))
    })
}

fn parse<'a>(input: &'a DeriveInput, cx: &Ctxt) -> Option<CacheValue<'a>> {
    let krate = shared_args::krate(&mut arguments(&input.attrs, &CACHE_VALUE, cx), cx);
    let (layout, parts) = (TokenStream::new(), Vec::new());
    let mut model = CacheValue { input, krate, named: false, layout, parts };
    let attrs = model.serde(&input.attrs);
    model.layout = match &input.data {
        Data::Struct(data) => {
            let fields = model.fields(&data.fields, cx);
            quote!(#(#[#attrs])* struct #fields)
        }
        Data::Enum(data) => {
            let variants = data.variants.iter().map(|variant| {
                let (attrs, fields) = (model.serde(&variant.attrs), &variant.fields);
                let (name, fields) = (variant.ident.unraw(), model.fields(fields, cx));
                let value = variant.discriminant.iter().map(|(_, value)| quote!(= #value));
                quote!(#(#[#attrs])* #name #fields #(#value)*,)
            });
            let variants: TokenStream = variants.collect();
            quote!(#(#[#attrs])* enum { #variants })
        }
        Data::Union(data) => {
            cx.error_at(
                data.union_token,
                "`CacheValue` cannot be derived for a union, which no codec can write: use a struct \
                 or an enum",
            );
            return None;
        }
    };
    Some(model)
}

fn arguments(attrs: &[Attribute], spec: &Spec, cx: &Ctxt) -> Args {
    let attrs = attrs.iter().filter(|attr| attr.path().is_ident("cache_value"));
    let lists = attrs.filter_map(|attr| cx.ok(attr.meta.require_list()));
    Args::parse(lists.map(|list| list.tokens.clone()).collect(), spec, cx)
}

impl CacheValue<'_> {
    fn fields(&mut self, fields: &Fields, cx: &Ctxt) -> TokenStream {
        let written: Vec<_> = fields.iter().filter_map(|field| self.field(field, cx)).collect();
        match fields {
            Fields::Named(_) => quote!({ #(#written,)* }),
            Fields::Unnamed(_) => quote!((#(#written,)*)),
            Fields::Unit => TokenStream::new(),
        }
    }

    /// A field, unless serde skips it.
    fn field(&mut self, field: &syn::Field, cx: &Ctxt) -> Option<TokenStream> {
        let mut arguments = arguments(&field.attrs, &FIELD, cx);
        let mut flag = |name| match arguments.take(name) {
            Some(arg) if !matches!(arg.value, Value::Flag) => arg.misused(cx),
            flag => flag,
        };
        let (by_name, may_change) = (flag("by_name"), flag("may_change"));
        if may_change.is_none() && !is_marker(&field.ty) {
            check_comes_back(&field.attrs, cx);
        }
        if serde(&field.attrs).any(|attr| attr.path().is_ident("skip")) {
            return None;
        }
        let attrs = self.serde(&field.attrs);
        let ty = &field.ty;
        if by_name.is_none() {
            Parts { own: &self.input.ident, found: &mut self.parts }.visit_type(ty);
        }
        let name = field.ident.iter().map(|name| {
            let name = name.unraw();
            quote!(#name:)
        });
        Some(quote!(#(#[#attrs])* #(#name)* #ty))
    }

    /// The attributes of serde that affect the layout.
    fn serde(&mut self, attrs: &[Attribute]) -> Vec<Meta> {
        let is = |meta: &Meta, names: &[&str]| names.iter().any(|name| meta.path().is_ident(name));
        let metas: Vec<_> = serde(attrs).filter(|meta| !is(meta, &SHAPELESS)).collect();
        self.named |= metas.iter().any(|meta| is(meta, &NAMED));
        let stand_ins = metas.iter().filter(|meta| is(meta, &STAND_INS));
        self.parts.extend(stand_ins.filter_map(named_type));
        metas
    }

    /// The type parameters that are written, and what is written of them, such as `T::Item`.
    fn bounded(&self) -> Vec<Type> {
        let parts = || self.parts.iter().filter(|part| !is_marker(part));
        let params = self.input.generics.type_params().map(|param| &param.ident);
        let used = params.filter(|param| parts().any(|part| mentions(part, |name| name == *param)));
        let mut found: Vec<_> = used.map(|param| syn::parse_quote!(#param)).collect();
        let mut associated = Associated { input: self.input, found: &mut found };
        parts().for_each(|part| associated.visit_type(part));
        once(found)
    }
}

/// A field that is written and not read, or read in another way than it is written, comes back from the cache as another
/// value: the first caller gets what was loaded, and all others something else.
fn check_comes_back(attrs: &[Attribute], cx: &Ctxt) {
    let metas: Vec<_> = serde(attrs).collect();
    let find = |name: &str| metas.iter().find(|meta| meta.path().is_ident(name));
    let skipped = ["skip", "skip_serializing", "skip_deserializing"].into_iter().find_map(find);
    if let Some(skipped) = skipped {
        let name = tokens::text(skipped);
        cx.error_at(
            skipped,
            format!(
                "`{name}` loses the field in the cache: it comes back as its default. Hide it from your clients in a type of \
                 its own; or, if the default will do, write `#[cache_value(may_change)]` above the field"
            ),
        );
        return;
    }
    let one_sided = match (find("serialize_with"), find("deserialize_with")) {
        (Some(one), None) => Some((one, "deserialize_with")),
        (None, Some(one)) => Some((one, "serialize_with")),
        _ => None,
    };
    if let Some((one, other)) = one_sided {
        let name = one.path().to_token_stream();
        cx.error_at(
            one,
            format!(
                "`{name}` without `{other}`: the field may come back from the cache as another value. Add `{other}`; or, if \
                 one reads what the other writes, write `#[cache_value(may_change)]` above the field"
            ),
        );
    }
}

/// The types without repetitions.
fn once(mut types: Vec<Type>) -> Vec<Type> {
    let mut seen = HashSet::new();
    types.retain(|ty| seen.insert(ty.to_token_stream().to_string()));
    types
}

/// The contents of `#[serde(...)]`. Serde reports what cannot be parsed.
fn serde(attrs: &[Attribute]) -> impl Iterator<Item = Meta> {
    let attrs = attrs.iter().filter(|attr| attr.path().is_ident("serde"));
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    attrs.filter_map(move |attr| attr.parse_args_with(parser).ok()).flatten()
}

/// The type in `into = "Type"`. Serde reports a misspelt one.
fn named_type(meta: &Meta) -> Option<Type> {
    match &meta.require_name_value().ok()?.value {
        Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => name.parse().ok(),
        _ => None,
    }
}

/// The types of which a type consists: itself, and the arguments of known containers, since one of them may be a
/// `CacheValue` and another not.
///
/// A type that contains the derived one is left out: its layout would depend on itself.
struct Parts<'a> {
    own: &'a Ident,
    found: &'a mut Vec<Type>,
}

impl<'ast> Visit<'ast> for Parts<'_> {
    fn visit_type(&mut self, ty: &'ast Type) {
        let recursive = mentions(ty, |name| name == self.own || name == "Self");
        if !recursive {
            self.found.push(ty.clone());
        }
        if recursive || is_container(ty) {
            visit::visit_type(self, ty);
        }
    }
}

/// Containers of the standard library and of widely used crates, by their names.
const CONTAINERS: [&str; 18] = [
    "Vec",
    "VecDeque",
    "LinkedList",
    "HashSet",
    "BTreeSet",
    "HashMap",
    "BTreeMap",
    "Option",
    "Result",
    "Box",
    "Rc",
    "Arc",
    "Cow",
    "IndexMap",
    "IndexSet",
    "SmallVec",
    "ArrayVec",
    "TinyVec",
];

fn is_container(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => {
            let last = path.path.segments.last();
            last.is_some_and(|last| CONTAINERS.iter().any(|name| last.ident == name))
        }
        Type::Tuple(_) | Type::Array(_) | Type::Slice(_) | Type::Reference(_) => true,
        Type::Group(_) | Type::Paren(_) => true,
        _ => false,
    }
}

/// Paths that begin with a type parameter and continue.
struct Associated<'a> {
    input: &'a DeriveInput,
    found: &'a mut Vec<Type>,
}

impl<'ast> Visit<'ast> for Associated<'_> {
    fn visit_type_path(&mut self, ty: &'ast TypePath) {
        let mut params = self.input.generics.type_params();
        let begins = (ty.path.segments.first())
            .is_some_and(|first| params.any(|param| param.ident == first.ident));
        if ty.qself.is_none() && begins && ty.path.segments.len() > 1 {
            self.found.push(Type::Path(ty.clone()));
        }
        visit::visit_type_path(self, ty);
    }
}

fn expand(model: &CacheValue<'_>) -> TokenStream {
    let span = Span::mixed_site();
    let krate = &model.krate;
    let text = text::of(model.layout.clone());
    let bounded = model.bounded();
    let parts = once(model.parts.iter().chain(&bounded).cloned().collect());
    let consts = model.input.generics.params.iter().filter_map(|param| match param {
        GenericParam::Const(param) => Some(&param.ident),
        _ => None,
    });
    let named = model.named.then(|| quote_spanned!(span=> .named()));
    let item = quote_spanned! {span=>
        const FINGERPRINT: u64 = {
            #[allow(unused_imports)]
            use #krate::__private::Opaque as _;
            #krate::__private::Fingerprint::of(#text)
                #(.with(<#krate::__private::LayoutOf<#parts>>::LAYOUT))*
                #(.with(#consts as u64))*
                #named
                .get()
        };
    };
    let bounds = Bounds { on: bounded, by: "CacheValue" };
    implementation(model.input, krate, "CacheValue", bounds, &item)
}
