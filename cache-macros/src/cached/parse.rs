//! Parses the arguments of `#[cached]`, one function for each.

use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprClosure, Token};

use super::local::{self, Local};
use super::model::{Lock, NegativeTtl, Options, Ttl};
use super::row_ids::{self, RowIds};
use super::{kept_value, negative, value_tags};
use crate::args::{Arg, Args, Spec, Value};
use crate::ctxt::Ctxt;
use crate::duration::Length;
use crate::encoding::{self, Encoding};
use crate::freshness_args::{self, FreshnessArgs};
use crate::key::Key;
use crate::lists;
use crate::params::Params;
use crate::per_call;
use crate::same;
use crate::shared_args::{self, SharedArgs};
use crate::tokens;
use crate::transactions::{self, Transactions};
use crate::when;

pub(crate) const CACHED: Spec = Spec {
    attribute: "`#[cached]`",
    known: &[
        &[
            ("key", "key = \"user:<id>\""),
            ("ttl", "ttl = 3600"),
            ("lock", "lock` or `lock(lease = \"5s\", wait = \"10s\")"),
            local::USAGE,
            ("skip", "skip(conn)"),
            lists::USAGE,
            ("negative_ttl", "negative_ttl = 60"),
            ("tags", "tags = [\"tenant:<tenant>\"]"),
            when::USAGE,
            ("unless", "unless = |user: &User| user.is_guest"),
            kept_value::USAGE,
            same::USAGE,
            shared_args::POLICY,
        ],
        negative::USAGES,
        row_ids::USAGES,
        freshness_args::OF_ENTRIES,
        freshness_args::OF_READERS,
        encoding::USAGES,
        transactions::USAGES,
        shared_args::USAGES,
    ],
    refused: &[
        (
            "on_unavailable",
            "`on_unavailable` is for writers: remove it; a reader loads the value if the cache is unavailable",
        ),
        (
            "convert",
            "`convert` is not needed: write the key as a template, `key = \"user:<id>\"`, or as an expression, such as `key = format!(...)`",
        ),
        (
            "hold",
            "`hold` is for writers: remove it, and put it on the function with `#[invalidates]`",
        ),
    ],
    of_type: None,
    positional: Some(
        "an argument of `#[cached]` needs a name: `key = \"user:<id>\"`, `ttl = 3600`",
    ),
};

const LOCK: Spec = Spec {
    attribute: "`lock`",
    known: &[&[("lease", "lease = \"5s\""), ("wait", "wait = \"10s\"")]],
    refused: &[],
    of_type: None,
    positional: Some("an argument of `lock` needs a name: `lock(lease = \"5s\", wait = \"10s\")`"),
};

pub(super) fn options(tokens: TokenStream, params: &Params, cx: &Ctxt) -> Options {
    let mut args = Args::parse(tokens, &CACHED, cx);
    per_call::check(&args, params, cx);
    let skipped = std::mem::take(&mut args.skipped);
    let freshness = FreshnessArgs::parse(&mut args, cx);
    let tags = args.take("tags").map(|arg| value_tags::parse(arg, cx));
    let (tags, value_tags) = tags.unwrap_or_default();
    Options {
        complete: args.are_complete(),
        key: key(&mut args, cx),
        ttl: ttl(&mut args, cx),
        policy: shared_args::policy(&mut args, cx),
        lock: args.take("lock").and_then(|arg| lock(arg, cx)),
        local: Local::parse(&mut args, cx),
        skip: args.take("skip").and_then(|arg| skip(arg, cx)).unwrap_or(skipped),
        each: lists::parse(&mut args, cx),
        row_ids: RowIds::parse(&mut args, cx),
        negative_ttl: args.take("negative_ttl").and_then(|arg| negative_ttl(arg, cx)),
        negative: negative::parse(&mut args, cx),
        freshness,
        encoding: Encoding::parse(&mut args, cx),
        same: same::parse(&mut args, params, cx),
        tags,
        value_tags,
        when: when::parse(&mut args, cx),
        unless: args.take("unless").and_then(|arg| unless(arg, cx)),
        value: kept_value::parse(&mut args, cx),
        transactions: Transactions::parse(&mut args, cx),
        shared: SharedArgs::parse(&mut args, params, cx),
    }
}

fn key(args: &mut Args, cx: &Ctxt) -> Option<Key> {
    match args.take("key") {
        Some(arg) => Key::parse(arg.expr(cx)?, cx),
        None if args.lacks("key") => missing(
            "`#[cached]` needs a `key`, made of the parameters that shape the value: \
             `key = \"user:<id>\"`",
            cx,
        ),
        None => None,
    }
}

fn ttl(args: &mut Args, cx: &Ctxt) -> Option<Ttl> {
    match args.take("ttl") {
        Some(arg) => match arg.expr(cx)? {
            Expr::Closure(closure) => of_value(closure, "ttl", cx).map(Ttl::OfValue),
            expr => {
                let zero = "an entry would expire at once; write for how many seconds to keep it, such as `60`";
                cx.ok(Length::parse("ttl", expr, zero)).map(Ttl::Length)
            }
        },
        None if args.lacks("ttl") && args.lacks("policy") => missing(
            "`#[cached]` needs a `ttl`, for which an entry is kept: `ttl = 3600` (seconds) or \
             `ttl = \"1h\"`; or a `policy` that has one",
            cx,
        ),
        None => None,
    }
}

fn missing<T>(message: &str, cx: &Ctxt) -> Option<T> {
    cx.error(syn::Error::new(Span::call_site(), message));
    None
}

fn lock(arg: Arg, cx: &Ctxt) -> Option<Lock> {
    if let Value::Flag = arg.value {
        return Some(Lock { lease: None, wait: None });
    }
    let mut args = Args::parse(arg.list(cx)?, &LOCK, cx);
    let mut length = |name, zero| {
        let expr = args.take(name)?.expr(cx)?;
        cx.ok(Length::parse(name, expr, zero))
    };
    let lease =
        length("lease", "the lock would expire before the load begins; write for example `\"5s\"`");
    let wait = length(
        "wait",
        "every caller would load at once; write for example `\"10s\"`, or remove `lock`",
    );
    Some(Lock { lease, wait })
}

fn skip(arg: Arg, cx: &Ctxt) -> Option<Vec<Ident>> {
    let parser = Punctuated::<Ident, Token![,]>::parse_separated_nonempty_with;
    // What a misspelt form names is not to be called missing.
    if let Value::Is(_) = &arg.value {
        let names = arg.value.names();
        arg.misused::<()>(cx);
        return Some(names);
    }
    let tokens = arg.list(cx)?;
    let names = |input: syn::parse::ParseStream<'_>| {
        let names = parser(input, Ident::parse_any)?;
        input.parse::<Option<Token![,]>>()?;
        Ok(names)
    };
    let Ok(names) = names.parse2(tokens.clone()) else {
        cx.error_at(tokens, "`skip` takes the names of parameters: `skip(conn, span)`");
        return None;
    };
    Some(names.into_iter().collect())
}

fn negative_ttl(arg: Arg, cx: &Ctxt) -> Option<NegativeTtl> {
    let name = arg.name.clone();
    let expr = arg.expr(cx)?;
    if let Expr::Closure(closure) = &expr {
        cx.error_at(closure, "`negative_ttl` is for `None`, so a closure has no value to look at: write a duration such as `60`");
        return None;
    }
    let zero = "`None` would expire at once; remove `negative_ttl`, or write for example `60`";
    let length = cx.ok(Length::parse("negative_ttl", expr, zero))?;
    Some(NegativeTtl { name, length })
}

fn unless(arg: Arg, cx: &Ctxt) -> Option<Expr> {
    match arg.expr(cx)? {
        Expr::Closure(closure) => of_value(closure, "unless", cx).map(Expr::Closure),
        path @ Expr::Path(_) => Some(path),
        other => {
            let condition = match &other {
                Expr::Lit(_) => "...".to_owned(),
                condition => tokens::code(condition),
            };
            let message = format!(
                "`unless` must be a closure over the loaded value: `unless = |value| ...`; for a condition on the \
                 parameters write `when = !({condition})`"
            );
            cx.error_at(other, message);
            None
        }
    }
}

/// A closure over the value has one parameter.
fn of_value(closure: ExprClosure, argument: &str, cx: &Ctxt) -> Option<ExprClosure> {
    if closure.inputs.len() == 1 {
        return Some(closure);
    }
    let message =
        format!("this closure takes one argument, the loaded value: `{argument} = |value| ...`");
    if closure.inputs.is_empty() {
        cx.error_at(&closure, message);
    } else {
        cx.error_at(&closure.inputs, message);
    }
    None
}
