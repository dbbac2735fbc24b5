//! `#[derive(KeyPart)]`: a newtype fills a placeholder as what it wraps does, a field-less enum by
//! the name of its variant.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::{Data, DataEnum, DataStruct, DeriveInput, Field, Fields, Path, Type};

use super::{Bounds, implementation, is_marker};
use crate::args::{Args, Spec};
use crate::ctxt::Ctxt;
use crate::fallback;
use crate::shared_args;

const KEY_PART: Spec = Spec {
    attribute: "`#[key_part(...)]`",
    known: &[&[shared_args::CRATE]],
    refused: &[],
    of_type: None,
    positional: Some("`#[key_part]` takes only `crate = my_cache`: remove this"),
};

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    fallback::nothing_on_error(|cx| {
        let input: DeriveInput = cx.ok(syn::parse2(input))?;
        let krate = krate(&input, cx);
        match &input.data {
            Data::Struct(data) => newtype(&input, data, &krate, cx),
            Data::Enum(data) => variants(&input, data, &krate, cx),
            Data::Union(data) => {
                cx.error_at(
                    data.union_token,
                    "`KeyPart` cannot be derived for a union, which does not say which field it holds: write `impl KeyPart` by hand",
                );
                None
            }
        }
    })
}

fn krate(input: &DeriveInput, cx: &Ctxt) -> Path {
    let attrs = input.attrs.iter().filter(|attr| attr.path().is_ident("key_part"));
    let lists = attrs.filter_map(|attr| cx.ok(attr.meta.require_list()));
    let tokens = lists.map(|list| list.tokens.clone()).collect();
    shared_args::krate(&mut Args::parse(tokens, &KEY_PART, cx), cx)
}

/// A struct with several fields has no single text. Joined by a separator that a value may contain, two values could be the
/// same text.
fn newtype(input: &DeriveInput, data: &DataStruct, krate: &Path, cx: &Ctxt) -> Option<TokenStream> {
    let fields = data.fields.iter().enumerate().filter(|(_, field)| !is_marker(&field.ty));
    let fields = fields.collect::<Vec<_>>();
    let [(index, field)] = fields[..] else {
        let placeholder = |(index, field): &(usize, &Field)| match &field.ident {
            Some(name) => format!("<id.{}>", name.unraw()),
            None => format!("<id.{index}>"),
        };
        let placeholders = fields.iter().map(placeholder).collect::<Vec<_>>().join(":");
        let instead = match placeholders.is_empty() {
            true => "and this has none: write `impl KeyPart` by hand".to_owned(),
            false => format!(
                "and this has several: give each a placeholder of its own, as in `{placeholders}` for a parameter \
                 `id`, or derive `CacheKey`"
            ),
        };
        cx.error_at(
            &input.ident,
            format!("`KeyPart` can be derived only for a struct with one field, {instead}"),
        );
        return None;
    };
    let span = Span::mixed_site();
    let member = match &field.ident {
        Some(ident) => ident.to_token_stream(),
        None => syn::Index { index: u32::try_from(index).ok()?, span }.into_token_stream(),
    };
    let ty = &field.ty;
    let body = quote_spanned! {span=>
        <#ty as #krate::KeyPart>::write_part(&self.#member, __w);
    };
    Some(implement(input, krate, std::iter::once(ty), &body))
}

fn variants(input: &DeriveInput, data: &DataEnum, krate: &Path, cx: &Ctxt) -> Option<TokenStream> {
    check_variants_have_no_fields(data, cx);
    let span = Span::mixed_site();
    let arms = data.variants.iter().map(|variant| {
        let ident = &variant.ident;
        let name = ident.unraw().to_string();
        let pattern = match variant.fields {
            Fields::Unit => TokenStream::new(),
            _ => quote_spanned!(span=> { .. }),
        };
        quote_spanned!(span=> Self::#ident #pattern => #name,)
    });
    let body = if data.variants.is_empty() {
        quote_spanned!(span=> match *self {})
    } else {
        quote_spanned!(span=> __w.text(match self { #(#arms)* });)
    };
    Some(implement(input, krate, std::iter::empty(), &body))
}

/// A variant is written as its name alone, so two values that differ in a field would be the same.
fn check_variants_have_no_fields(data: &DataEnum, cx: &Ctxt) {
    for variant in data.variants.iter().filter(|variant| !variant.fields.is_empty()) {
        cx.error_at(
            &variant.fields,
            format!(
                "`{}` would be written as its name, without its fields: give the fields \
                 placeholders of their own, or write `impl KeyPart` by hand",
                variant.ident
            ),
        );
    }
}

fn implement<'a>(
    input: &DeriveInput,
    krate: &Path,
    fields: impl Iterator<Item = &'a Type>,
    body: &TokenStream,
) -> TokenStream {
    let method = quote_spanned! {Span::mixed_site()=>
        fn write_part(&self, __w: &mut #krate::KeyWriter<'_>) {
            #body
        }
    };
    implementation(input, krate, "KeyPart", Bounds::key_parts(input, fields), &method)
}
