//! Batches: `each = ids` names a list whose elements each have a key and a value. The body gets the elements whose values
//! are missing.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::{FnArg, PatIdent, Type};

use super::model::Cached;
use super::{call, hooks, kept_value};
use crate::captures::{self, Captures};
use crate::codegen;
use crate::ctxt::Ctxt;
use crate::key::Key;
use crate::lists;
use crate::rename_self;
use crate::suggest;
use crate::template::Placeholder;
use crate::tokens;

/// The parameter that is the list.
struct List<'a> {
    bound: PatIdent,
    ty: &'a Type,
}

impl<'a> List<'a> {
    /// The parameter `name`, if it is a list.
    fn of(model: &'a Cached, name: &Ident) -> Option<Self> {
        let mut bindings = model.function.bindings().into_iter();
        let (bound, ty) = bindings.find(|(bound, _)| bound.ident == *name)?;
        let ty = ty.filter(|ty| lists::can_be_made(ty))?;
        Some(List { bound, ty })
    }

    /// The list as a slice.
    fn slice(&self) -> TokenStream {
        let name = &self.bound.ident;
        match self.ty {
            Type::Reference(_) => name.to_token_stream(),
            _ => quote_spanned!(Span::mixed_site()=> &#name),
        }
    }

    /// `let ids: &[u64] = &__ids;`: the missing elements, under the same name and with the same type.
    fn missing(&self) -> TokenStream {
        let span = Span::mixed_site();
        let PatIdent { ident, mutability, .. } = &self.bound;
        let allow = quote_spanned!(span=> #[allow(unused_variables)]);
        match self.ty {
            Type::Reference(ty) => {
                let ty = captures::reference(ty);
                quote_spanned!(span=> #allow let #mutability #ident: #ty = &__ids;)
            }
            ty => quote_spanned!(span=> #allow let #mutability #ident: #ty = __ids;),
        }
    }
}

pub(super) fn expand(model: &Cached, name: &Ident) -> TokenStream {
    let Some(list) = List::of(model, name) else {
        return TokenStream::new();
    };
    let span = Span::mixed_site();
    let begin = call::begin(model);
    let Run { load, hooks, rebound, batch, run } = match model.options.freshness.background() {
        None => attended(model, &list),
        Some(_) => in_background(model, &list),
    };
    let at = call::where_it_returns(model);
    let ids = list.slice();
    let batch = model.options.row_ids.batch(&model.options.shared.krate, at, batch, &ids, &load);
    let kept_value = kept_value::of_rows(model, &ids);
    let local = model.options.local.as_ref();
    let kept = local.map(|local| local.rows(&model.options.shared.krate, &ids));
    let fingerprint = call::fingerprint(&model.options);
    let key = model.options.key.as_ref().map(|key| key.write(&model.params));
    let run = match local {
        Some(_) => Ident::new(&run.replace("each", "each_local"), at),
        None => Ident::new(run, at),
    };
    let its = local.map(|_| quote_spanned!(at=> , __kept));
    let same = call::same(&model.options);
    let run = quote_spanned! {at=>
        __call.#run((__rows, #same #its), #ids, |__id, __w| { #key }, #hooks, __load).await
    };
    let run = codegen::ended(&run);
    model.function.with_rebound(
        &rebound,
        quote_spanned! {span=>
            #begin
            #batch
            #kept_value
            #kept
            #fingerprint
            #run
        },
    )
}

/// How a batch is loaded.
struct Run {
    /// A closure from the missing ids to the body; in the background, one that returns such a closure.
    load: TokenStream,
    /// A closure over the value of one id; in the background, one that returns such a closure.
    hooks: TokenStream,
    /// The parameters that a load binds again.
    rebound: Vec<Ident>,
    batch: &'static str,
    run: &'static str,
}

/// Loads that end with their callers. The body can borrow anything.
fn attended(model: &Cached, list: &List<'_>) -> Run {
    let name = &list.bound.ident;
    let statements = model.function.statements();
    // Keys and closures use these parameters while the load has them.
    let closures = hooks::closures(&model.options);
    let shared = Captures::of(&model.function, &statements).by_value(|param| {
        param != name
            && (in_key(model, param)
                || tokens::mentions(closures.clone(), &param.unraw().to_string()))
    });
    let clones = shared.clones();
    let body = match shared.names().iter().any(|name| name == "self") {
        true => rename_self::rename(statements).tokens,
        false => statements,
    };
    let body = model.function.future(&list.missing(), body);
    let load = quote_spanned!(Span::mixed_site()=> |__ids| { #clones #body });
    let hooks = hooks::borrowed(&model.options, &found(model));
    let mut rebound = shared.names();
    rebound.push(name.clone());
    Run { load, hooks, rebound, batch: "batch", run: "run_each" }
}

/// Loads that may go on where their callers are gone: each owns clones of what it uses. A call may need two of them,
/// one for what is missing and one for what is served while it is renewed.
fn in_background(model: &Cached, list: &List<'_>) -> Run {
    let span = Span::mixed_site();
    let name = &list.bound.ident;
    let statements = model.function.statements();
    let captures = Captures::of(&model.function, &statements).without(name);
    let clones = captures.detach(&model.options.shared.krate);
    let (within, missing) = (captures.within(), list.missing());
    let body = rename_self::rename(statements).tokens;
    let body = model.function.future(&quote_spanned!(span=> #within #missing), body);
    let load = quote_spanned!(span=> || { #clones move |__ids| #body });
    let hooks = hooks::owned(model, &found(model));
    let hooks = quote_spanned!(span=> || #hooks);
    let mut rebound = captures.names();
    rebound.push(name.clone());
    Run { load, hooks, rebound, batch: "batch_owned", run: "run_each_owned" }
}

/// Binds the value for closures: the one inside an `Option` if rows may be missing.
fn found(model: &Cached) -> TokenStream {
    let krate = &model.options.shared.krate;
    quote_spanned! {Span::mixed_site()=>
        #[allow(unused_imports)]
        use #krate::__private::{Found0 as _, Found1 as _};
        let ::core::option::Option::Some(__value) =
            (&&#krate::__private::Found(__value)).__cache_found()
        else {
            return;
        };
    }
}

fn in_key(model: &Cached, param: &Ident) -> bool {
    match &model.options.key {
        Some(Key::Template(template)) => lists::names(template, &param.unraw().to_string()),
        _ => false,
    }
}

pub(super) fn check(model: &Cached, name: &Ident, cx: &Ctxt) {
    check_is_a_list(model, name, cx);
    check_key(model, name, cx);
    check_tags(model, name, cx);
    check_keys_and_load_go_together(model, cx);
}

/// The type must name a list: the expansion passes the body another one.
fn check_is_a_list(model: &Cached, name: &Ident, cx: &Ctxt) {
    let bindings = model.function.bindings();
    match bindings.iter().find(|(bound, _)| bound.ident == *name) {
        Some((_, Some(ty))) if lists::can_be_made(ty) => {}
        Some((_, Some(ty))) => cx.error_at(ty, lists::needed(ty)),
        Some((bound, None)) => cx.error_at(
            bound,
            format!("`each` needs a whole parameter, and `{name}` is part of a pattern: name the parameter, and destructure it in the body"),
        ),
        None => {
            let hint = suggest::parameter(name, &model.params.list());
            cx.error_at(name, format!("`{name}` is not a parameter{hint}"));
        }
    }
}

/// With one key for all elements, one would get the value of another.
fn check_key(model: &Cached, name: &Ident, cx: &Ctxt) {
    match &model.options.key {
        // A misspelt placeholder has its own message.
        Some(Key::Template(template)) if model.params.contains(&name.to_string()) => {
            let name = name.unraw().to_string();
            let is_known = |placeholder: &Placeholder| model.params.contains(placeholder.root());
            let meant = template.literal.value().contains(&format!("{{{name}"));
            if template.placeholders().all(is_known) && !meant && !lists::names(template, &name) {
                cx.error_at(
                    &template.literal,
                    format!("each element of `{name}` needs a key of its own: add `<{name}>` to the key, which stands for one element"),
                );
            }
        }
        Some(Key::Expr(expr)) => cx.error_at(
            expr,
            format!("with `each`, the key must be a template, in which `<{name}>` stands for one element: `key = \"user:<{name}>\"`"),
        ),
        _ => {}
    }
}

/// All elements of a batch have the same tags, so no tag can name one element.
fn check_tags(model: &Cached, name: &Ident, cx: &Ctxt) {
    for tag in &model.options.tags {
        let of_one = match tag {
            Key::Template(template) => lists::names(template, &name.unraw().to_string()),
            Key::Expr(expr) => tokens::mentions(expr.to_token_stream(), &name.unraw().to_string()),
        };
        if of_one {
            cx.error_at(
                tag,
                format!("all elements of a batch have the same tags, so a tag cannot name `{name}`: name other parameters"),
            );
        }
    }
}

/// Keys and closures borrow parameters while the load has them, so the load cannot have those by `&mut`.
fn check_keys_and_load_go_together(model: &Cached, cx: &Ctxt) {
    // A load in the background has clones, and refuses `&mut`.
    if model.options.freshness.background().is_some() {
        return;
    }
    let closures = hooks::closures(&model.options);
    for input in &model.function.sig.inputs {
        let (shown, name) = match input {
            FnArg::Receiver(receiver) if captures::is_mutable(&receiver.kind) => {
                (receiver.to_token_stream(), receiver.self_token.to_token_stream())
            }
            FnArg::Typed(typed) if captures::is_mutable_reference(&typed.ty) => {
                (typed.ty.to_token_stream(), typed.pat.to_token_stream())
            }
            _ => continue,
        };
        let name = name.to_string();
        if in_key(model, &Ident::new(&name, Span::call_site())) {
            cx.error_at(
                shown,
                format!("the keys of a batch borrow `{name}` while the body runs, so the body cannot have it by `&mut`: take it by `&`"),
            );
        } else if tokens::mentions(closures.clone(), &name) {
            cx.error_at(
                shown,
                format!("the closures over the values of a batch borrow `{name}` while the body runs, so the body cannot have it by `&mut`: take it by `&`"),
            );
        }
    }
}
