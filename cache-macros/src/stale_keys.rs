//! The keys and tags that a writer makes stale: fenced before its body, or emptied after it if they name the result.
//! With `each = ids` there is one for each element.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::{Expr, Path};

use crate::ctxt::Ctxt;
use crate::function::Function;
use crate::key::{Key, Noun, Template};
use crate::lists::{self, Kind};
use crate::params::{Params, RESULT};
use crate::result_keys::{self, ResultKeys};
use crate::template::Part;
use crate::{placeholder_types, suggest, tokens, validation};

/// The code for them.
#[derive(Default)]
pub(crate) struct StaleKeys {
    /// Calls of `Call`'s methods.
    pub(crate) steps: TokenStream,
    /// For each element: the same.
    each: TokenStream,
    of_result: ResultKeys,
}

impl StaleKeys {
    /// Adds a key, or a tag.
    pub(crate) fn add(&mut self, key: &Key, what: What, params: &Params, krate: &Path) {
        if let Some(template) = result_keys::template(key) {
            self.of_result.empty(what.empty, template, params, krate);
            return;
        }
        let method = Ident::new(what.fence, Span::mixed_site());
        let names_list = matches!((key, &params.each), (Key::Template(template), Some(list))
            if lists::names(template, &list.unraw().to_string()));
        let key = key.write_single(params, krate);
        let step = quote_spanned!(Span::mixed_site()=> .#method(|__w| { #key }));
        if names_list { self.each.extend(step) } else { self.steps.extend(step) }
    }

    /// The statements before the body.
    pub(crate) fn before(&self) -> &TokenStream {
        &self.of_result.before
    }

    /// The statements after the body.
    pub(crate) fn after(&self, function: &Function) -> TokenStream {
        let at = function.output().map_or_else(Span::mixed_site, tokens::first_span);
        // The statements see the value inside an `Option`.
        let kind = Kind::List;
        self.of_result.after(|list| elements(list, Span::mixed_site().located_at(at), kind))
    }

    /// `let __call = ...;`: the steps of each element.
    pub(crate) fn each(&self, function: &Function, params: &Params) -> TokenStream {
        let (span, steps) = (Span::mixed_site(), &self.each);
        let Some(list) = params.each.as_ref().filter(|_| !steps.is_empty()) else {
            return TokenStream::new();
        };
        let list = params.get(&list.to_string()).unwrap_or(list);
        let kind = kind(function, list).unwrap_or(Kind::Other);
        let elements = elements(&list.to_token_stream(), span.located_at(list.span()), kind);
        quote_spanned! {span=>
            let __call = {
                let mut __call = __call;
                for __id in #elements {
                    __call = __call #steps;
                }
                __call
            };
        }
    }
}

/// The methods of a key and of a tag.
#[derive(Clone, Copy)]
pub(crate) struct What {
    fence: &'static str,
    empty: &'static str,
}

pub(crate) const KEY: What = What { fence: "fence", empty: "empty" };
pub(crate) const TAG: What = What { fence: "fence_tag", empty: "empty_tag" };

/// An iterator over the elements of a list. A type without one is reported by the compiler where the list is declared.
fn elements(list: &TokenStream, at: Span, kind: Kind) -> TokenStream {
    match kind {
        Kind::OptionalList => quote_spanned!(at=> #list.iter().flat_map(|__list| __list.iter())),
        _ => quote_spanned!(at=> #list.iter()),
    }
}

/// Whether the parameter, or the result, is a list.
fn kind(function: &Function, name: &Ident) -> Option<Kind> {
    if name == RESULT {
        return function.output().map(Kind::of_result);
    }
    let bindings = function.bindings();
    let (_, ty) = bindings.iter().find(|(bound, _)| bound.ident == *name)?;
    ty.map(Kind::of)
}

/// Checks the keys and tags of a writer.
pub(crate) fn check(function: &Function, params: &Params, keys: &[Key], tags: &[Key], cx: &Ctxt) {
    let mut named = false;
    let keys = keys.iter().map(|key| (key, Noun::Key));
    for (key, noun) in keys.chain(tags.iter().map(|tag| (tag, Noun::Tag))) {
        match key {
            Key::Template(template) => {
                named |= check_template(function, params, template, cx);
            }
            Key::Expr(expr) => {
                validation::check_is_no_word(expr, noun, params, cx);
                named |= check_expression(params, expr, cx);
            }
        }
    }
    if let Some(list) = &params.each {
        check_list(function, params, list, named, cx);
    }
}

/// Checks a template. Says whether it names the list of `each`.
fn check_template(function: &Function, params: &Params, template: &Template, cx: &Ctxt) -> bool {
    let meant = validation::check_template(template, params, cx);
    check_no_wildcard(template, cx);
    let each = params.each.as_ref().map(|list| list.unraw().to_string());
    let names_list = each.as_deref().is_some_and(|each| lists::names(template, each));
    check_no_list(function, params, template, cx);
    if params.each.is_none() && cx.is_clean() {
        placeholder_types::check(function, template, cx);
    }
    if let Some(each) = each.filter(|each| names_list && each != RESULT)
        && lists::names(template, RESULT)
    {
        cx.error_at(
            &template.literal,
            format!("a key cannot name both an element of `{each}` and the result: write a function for each of them"),
        );
    }
    names_list || meant.unknown > 0 || !meant.names.is_empty()
}

/// A `*` would invalidate the one entry whose key contains it, which is none.
pub(crate) fn check_no_wildcard(template: &Template, cx: &Ctxt) {
    for part in &template.parts {
        let Part::Text { text, at } = part else {
            continue;
        };
        if let Some(offset) = text.find('*') {
            let doubled = text[..offset].matches(['<', '>']).count();
            let message = "`*` is not a wildcard: to invalidate a group of entries, give their readers a tag, as in \
                           `tags = [\"users\"]`, and write `tags(\"users\")` here";
            template.error(at.start + offset + doubled, message.to_owned(), cx);
        }
    }
}

/// A list in a placeholder would be one key for all of its elements, which no reader of one element has.
fn check_no_list(function: &Function, params: &Params, template: &Template, cx: &Ctxt) {
    // An `each` that is misspelt, or could not be read, has its own message.
    let readable = match &params.each {
        Some(each) => params.contains(&each.to_string()),
        None => cx.is_clean(),
    };
    if !readable {
        return;
    }
    for placeholder in template.placeholders() {
        let root = placeholder.root();
        let result = Ident::new(RESULT, Span::mixed_site());
        let name = match root {
            RESULT if params.result => &result,
            _ => match params.get(root) {
                Some(name) => name,
                None => continue,
            },
        };
        let is_each = params.each.as_ref().is_some_and(|each| each.unraw() == name.unraw());
        let kind = kind(function, name).unwrap_or(Kind::Other);
        if is_each || kind == Kind::Other {
            continue;
        }
        let list = if root == RESULT { "the result".to_owned() } else { format!("`{root}`") };
        let noun = template.noun;
        let ty = function.bindings().into_iter().find(|(bound, _)| bound.ident == *name);
        let ty = ty.and_then(|(_, ty)| ty);
        let message = match &params.each {
            None if ty.is_some_and(lists::is_iterator) => format!(
                "{list} is an iterator, and `{placeholder}` would be one {noun} for all of it: take `{}`, and add \
                 `each = {root}`",
                ty.map(lists::slice).unwrap_or_default()
            ),
            None if ty.is_some_and(lists::is_map) => format!(
                "{list} is a map, and `{placeholder}` would be one {noun} for all of it: take its keys as `{}`, and \
                 add `each = {root}`",
                ty.map(lists::slice).unwrap_or_default()
            ),
            None => format!(
                "{list} is a list, and `{placeholder}` would be one {noun} for all of it: add `each = {root}`, with \
                 which `{placeholder}` stands for one element"
            ),
            Some(each) => format!(
                "{list} is a list, and `each` takes only one, `{each}`: fence its keys in the body, with \
                 `cache.fence(...)`"
            ),
        };
        template.error(placeholder.at.start, message, cx);
    }
}

/// An expression would get the whole list. Says whether it names that.
fn check_expression(params: &Params, expr: &Expr, cx: &Ctxt) -> bool {
    let Some(list) = &params.each else {
        return false;
    };
    let names_list = tokens::mentions(expr.to_token_stream(), &list.unraw().to_string());
    if names_list {
        cx.error_at(
            expr,
            format!("with `each`, a key that names `{list}` must be a template, in which `<{list}>` stands for one element"),
        );
    }
    names_list
}

/// The list of `each` must be a parameter, and some key must name it.
fn check_list(function: &Function, params: &Params, list: &Ident, named: bool, cx: &Ctxt) {
    let bindings = function.bindings();
    let ty = bindings.iter().find(|(bound, _)| bound.ident == *list).and_then(|(_, ty)| *ty);
    if !params.contains(&list.to_string()) {
        let hint = suggest::parameter(list, &params.list());
        cx.error_at(list, format!("`{list}` is not a parameter{hint}"));
    } else if let Some(ty) = ty.filter(|ty| lists::is_iterator(ty) || lists::is_one(ty)) {
        cx.error_at(ty, lists::needed(ty));
    } else if !named {
        cx.error_at(
            list,
            format!(
                "no key names an element of `{list}`: add one with `<{list}>`, or remove `each`"
            ),
        );
    }
}
