//! `#[derive(CacheKey)]`: for a struct whose fields fill the template of `#[cache_key("...")]`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Data, DeriveInput, Expr, ExprLit, Fields, Lit, Path, Type};

use super::{Bounds, implementation};
use crate::args::{Args, Spec};
use crate::ctxt::Ctxt;
use crate::fallback;
use crate::key::{self, Template};
use crate::shared_args;
use crate::suggest;
use crate::template::Placeholder;
use crate::tokens;
use crate::validation;

const CACHE_KEY: Spec = Spec {
    attribute: "`#[cache_key(\"...\")]`",
    known: &[&[("value", "value = User"), shared_args::CRATE]],
    refused: &[("key", "the key is written without a name: `#[cache_key(\"user:<id>\")]`")],
    of_type: Some("value"),
    positional: None,
};

const FIELD: Spec = Spec {
    attribute: "`#[cache_key(...)]` on a field",
    known: &[&[("skip", "skip")]],
    refused: &[],
    of_type: Some("value"),
    positional: Some("a field takes only `#[cache_key(skip)]`: remove this"),
};

struct CacheKey<'a> {
    input: &'a DeriveInput,
    krate: Path,
    template: Option<Template>,
    /// The type of the value, if declared.
    value: Option<Type>,
    fields: Vec<Field<'a>>,
}

/// The arguments of `#[cache_key(...)]` above the struct.
struct Said {
    template: Option<Template>,
    value: Option<Type>,
    krate: Path,
}

struct Field<'a> {
    /// The name in a template: `id`, or `0`.
    name: String,
    ty: &'a Type,
    /// The tokens that errors point at.
    at: TokenStream,
    /// The `skip` of `#[cache_key(skip)]`.
    skip: Option<Ident>,
}

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    fallback::nothing_on_error(|cx| {
        let input = cx.ok(syn::parse2(input))?;
        let model = parse(&input, cx)?;
        check_template_is_complete(&model, cx);
        check_skipped_are_not_in_key(&model, cx);
        cx.is_clean().then(|| expand(&model))
    })
}

fn parse<'a>(input: &'a DeriveInput, cx: &Ctxt) -> Option<CacheKey<'a>> {
    let data = match &input.data {
        Data::Struct(data) => data,
        Data::Enum(data) => return not_a_struct(&data.enum_token, cx),
        Data::Union(data) => return not_a_struct(&data.union_token, cx),
    };
    let Said { template, value, krate } = said(input, cx);
    let fields = fields(&data.fields, cx);
    Some(CacheKey { input, krate, template, value, fields })
}

/// A key has one template, so it needs one set of fields to fill it.
fn not_a_struct<T>(keyword: &dyn ToTokens, cx: &Ctxt) -> Option<T> {
    cx.error_at(
        keyword,
        "`CacheKey` can be derived only for a struct: write a struct with this type as a field; an \
         enum without fields can derive `KeyPart` for that",
    );
    None
}

fn said(input: &DeriveInput, cx: &Ctxt) -> Said {
    let mut args = Args::default();
    let mut missing = true;
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("cache_key")) {
        match attr.meta.require_list() {
            Ok(list) if !missing => {
                cx.error_at(list, "`#[cache_key]` is given twice: keep one of them");
            }
            Ok(list) => args = Args::parse(list.tokens.clone(), &CACHE_KEY, cx),
            Err(_) => cx.error_at(
                attr,
                "`#[cache_key]` takes the key in parentheses: `#[cache_key(\"user:<id>\")]`",
            ),
        }
        missing = false;
    }
    if missing {
        let message = "the key is missing: write `#[cache_key(\"user:<id>\")]` above the struct";
        cx.error(syn::Error::new(input.ident.span(), message));
    }
    let krate = shared_args::krate(&mut args, cx);
    let value = args.take("value").and_then(|value| value.ty(cx));
    let mut given = std::mem::take(&mut args.positional).into_iter();
    let template = match given.next() {
        Some(Expr::Lit(ExprLit { lit: Lit::Str(literal), .. })) => Template::parse(literal, cx),
        Some(other) => {
            cx.error_at(other, "the key must be a string, such as `\"user:<id>\"`");
            None
        }
        None => {
            if !missing && args.lacks("key") && cx.is_clean() {
                let message = "the key is missing: write `#[cache_key(\"user:<id>\")]`";
                cx.error(syn::Error::new(input.ident.span(), message));
            }
            None
        }
    };
    for second in given {
        let message = match &second {
            Expr::Path(path) if path.path.is_ident("value") => {
                "`value` has no type: write `value = User`"
            }
            _ => "a key has one template: remove this one",
        };
        cx.error_at(second, message);
    }
    Said { template, value, krate }
}

impl CacheKey<'_> {
    /// Whether the struct is the value itself.
    fn is_entity(&self) -> bool {
        let Some(Type::Path(path)) = &self.value else {
            return false;
        };
        let name = path.path.segments.last().filter(|_| path.path.segments.len() == 1);
        name.is_some_and(|name| name.ident == "Self" || name.ident == self.input.ident)
    }
}

fn fields<'a>(fields: &'a Fields, cx: &Ctxt) -> Vec<Field<'a>> {
    let read = |(index, field): (usize, &'a syn::Field)| {
        let (name, at) = match &field.ident {
            Some(ident) => {
                let name = syn::ext::IdentExt::unraw(ident).to_string();
                (name, ident.to_token_stream())
            }
            None => (index.to_string(), field.ty.to_token_stream()),
        };
        let skip = field.attrs.iter().filter(|attr| attr.path().is_ident("cache_key"));
        let skip = skip.filter_map(|attr| skip_of(attr, cx)).last();
        Field { name, ty: &field.ty, at, skip }
    };
    fields.iter().enumerate().map(read).collect()
}

fn skip_of(attr: &syn::Attribute, cx: &Ctxt) -> Option<Ident> {
    let list = cx.ok(attr.meta.require_list())?;
    let skip = Args::parse(list.tokens.clone(), &FIELD, cx).take("skip")?;
    match skip.value {
        crate::args::Value::Flag => Some(skip.name),
        _ => skip.misused(cx),
    }
}

/// Two keys that differ only in a field outside the template would be the same key, and every placeholder must name a
/// field. The fields of a struct that is the value itself need not be in its key.
fn check_template_is_complete(model: &CacheKey<'_>, cx: &Ctxt) {
    let Some(template) = &model.template else {
        return;
    };
    let names: Vec<_> = model.fields.iter().map(|field| &*field.name).collect();
    let mut meant = validation::check_braces(template, &names, cx);
    let mut unknown = 0;
    for placeholder in template.placeholders() {
        if field_of(model, placeholder).is_some() {
            continue;
        }
        let near = suggest::closest(placeholder.root(), names.iter().copied());
        match near {
            Some(near) => meant.push(near.to_owned()),
            None => unknown += 1,
        }
        template.error(placeholder.at.start, not_a_field(placeholder, near, &names), cx);
    }
    let in_key = |field: &&Field<'_>| {
        (template.placeholders()).any(|p| p.root().trim_start_matches("r#") == field.name)
            || meant.contains(&field.name)
            || field.skip.is_some()
            || model.is_entity()
    };
    let absent: Vec<_> = model.fields.iter().filter(|field| !in_key(field)).collect();
    if absent.len() <= unknown {
        return;
    }
    for Field { name, at, .. } in absent {
        cx.error_at(
            at,
            format!(
                "`{name}` is not part of the key, so two keys that differ only in `{name}` would be \
                 the same: add `<{name}>` or `#[cache_key(skip)]`, or write `value = Self` if the \
                 struct is the value itself"
            ),
        );
    }
}

fn not_a_field(placeholder: &Placeholder, near: Option<&str>, names: &[&str]) -> String {
    let root = placeholder.root();
    match near {
        _ if root == "self" && placeholder.path.len() > 1 => format!(
            "a field is named without `self`: write `<{}>`",
            placeholder.path[1..].join(".")
        ),
        Some(near) => format!("`{root}` is not a field; did you mean `<{near}>`?"),
        None if names.is_empty() => format!("`{root}` is not a field; the struct has none"),
        None if names.len() == 1 => {
            format!("`{root}` is not a field; the only field is `{}`", names[0])
        }
        None => format!("`{root}` is not a field; the fields are {}", suggest::list(names)),
    }
}

/// `skip` says that a field is not part of the key; the template says that it is.
fn check_skipped_are_not_in_key(model: &CacheKey<'_>, cx: &Ctxt) {
    for placeholder in model.template.iter().flat_map(Template::placeholders) {
        if let Some(Field { name, skip: Some(skip), .. }) = field_of(model, placeholder) {
            let message = format!(
                "`{name}` is skipped, but the key has `{placeholder}`: remove one of the two"
            );
            cx.error_at(skip, message);
        }
    }
}

fn field_of<'m, 'a>(model: &'m CacheKey<'a>, placeholder: &Placeholder) -> Option<&'m Field<'a>> {
    let root = placeholder.root().trim_start_matches("r#");
    model.fields.iter().find(|field| field.name == root)
}

fn expand(model: &CacheKey<'_>) -> TokenStream {
    let span = Span::mixed_site();
    let Some(template) = &model.template else {
        return TokenStream::new();
    };
    let krate = &model.krate;
    let write = template.write(|placeholder| value(model, template, placeholder));
    let bare = (template.placeholders().filter(|p| p.path.len() == 1))
        .filter_map(|p| field_of(model, p).map(|field| field.ty));
    let value = match &model.value {
        Some(value) => value.to_token_stream(),
        None => quote_spanned!(span=> #krate::AnyValue),
    };
    let items = quote_spanned! {span=>
        type Value = #value;

        fn write_key(&self, __w: &mut #krate::KeyWriter<'_>) {
            #write
        }
    };
    implementation(model.input, krate, "CacheKey", Bounds::key_parts(model.input, bare), &items)
}

/// A reference to the field. A bare field has the span of its type: if that is no `KeyPart`, the compiler underlines it. A
/// field of a field has the span of the template.
fn value(model: &CacheKey<'_>, template: &Template, placeholder: &Placeholder) -> TokenStream {
    let at = match field_of(model, placeholder) {
        Some(field) if placeholder.path.len() == 1 => tokens::first_span(field.ty),
        _ => template.literal.span(),
    };
    let span = Span::mixed_site().located_at(at);
    let path = placeholder.path.iter().map(|name| key::member(name, span));
    quote_spanned!(span=> &self #(.#path)*)
}
