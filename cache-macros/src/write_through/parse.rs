//! Parses the arguments of `#[write_through]`, one function for each.

use proc_macro2::{Span, TokenStream};
use syn::{Expr, Path};

use super::model::{Options, Tags, Ttl, Value};
use crate::args::{self, Arg, Args, Spec, Usage};
use crate::ctxt::Ctxt;
use crate::duration::Length;
use crate::encoding::{self, Encoding};
use crate::freshness_args::{self, FreshnessArgs};
use crate::key::Key;
use crate::lists;
use crate::on_unavailable;
use crate::params::Params;
use crate::per_call;
use crate::same;
use crate::shared_args::{self, SharedArgs};
use crate::transactions::{self, Transactions};
use crate::when;

pub(crate) const WRITE_THROUGH: Spec = Spec {
    attribute: "`#[write_through]`",
    known: &[
        &[
            ("key", "key = \"user:<user.id>\""),
            ("ttl", "ttl = 3600"),
            ("value", "value = |saved: &Saved| &saved.user` or `value = user"),
            ("invalidates", "invalidates(\"user-by-name:<user.name>\")"),
            TAGS,
            TAGS,
            lists::USAGE,
            on_unavailable::USAGE,
            when::USAGE,
            same::USAGE,
            shared_args::POLICY,
        ],
        freshness_args::OF_ENTRIES,
        encoding::USAGES,
        transactions::USAGES,
        shared_args::USAGES,
    ],
    refused: &[
        (
            "hold",
            "`hold` is for `#[invalidates]`: remove it; what a write-through stores is not loaded from a replica",
        ),
        ("lock", "`lock` is for readers: remove it; a writer fences its keys instead"),
        (
            "negative_ttl",
            "`negative_ttl` is for readers: remove it; a writer does not store `None`",
        ),
        (
            "skip",
            "`skip` is for readers: remove it; the keys of a writer need not name every parameter",
        ),
    ],
    of_type: None,
    positional: Some(
        "an argument of `#[write_through]` needs a name: `key = \"user:<user.id>\"`, `ttl = 3600`, \
         and `invalidates(\"...\")` for other keys",
    ),
};

/// It is twice in the list of arguments, since it can be given once in each form.
const TAGS: Usage = (
    "tags",
    "tags(\"tenant:<user.tenant>\")` for tags that the function makes stale, and for tags of the stored entry \
     `tags = [\"tenant:<user.tenant>\"]",
);

/// Parses all of them. `params` tells a parameter from a function in `value = ...`.
pub(super) fn options(tokens: TokenStream, params: &Params, cx: &Ctxt) -> Options {
    let mut args = Args::parse(tokens, &WRITE_THROUGH, cx);
    per_call::check(&args, params, cx);
    Options {
        key: key(&mut args, cx),
        ttl: ttl(&mut args, cx),
        value: args.take("value").map(|arg| value(arg, params, cx)),
        invalidates: args.take("invalidates").map(|arg| Key::list(arg, cx)).unwrap_or_default(),
        tags: tags(&mut args, cx),
        each: lists::parse(&mut args, cx),
        refuses: on_unavailable::parse(&mut args, cx),
        when: when::parse(&mut args, cx),
        policy: shared_args::policy(&mut args, cx),
        freshness: FreshnessArgs::parse(&mut args, cx),
        encoding: Encoding::parse(&mut args, cx),
        transactions: Transactions::parse(&mut args, cx),
        same: same::parse(&mut args, params, cx),
        shared: SharedArgs::parse(&mut args, params, cx),
    }
}

fn key(args: &mut Args, cx: &Ctxt) -> Option<Key> {
    match args.take("key") {
        Some(arg) => Key::parse(arg.expr(cx)?, cx),
        None if args.lacks("key") => missing(
            "`#[write_through]` needs the `key` under which readers find the value: \
             `key = \"user:<user.id>\"`",
            cx,
        ),
        None => None,
    }
}

fn ttl(args: &mut Args, cx: &Ctxt) -> Option<Ttl> {
    match args.take("ttl") {
        Some(arg) => match arg.expr(cx)? {
            Expr::Closure(closure) if closure.inputs.len() == 1 => Some(Ttl::OfValue(closure)),
            Expr::Closure(closure) => {
                cx.error_at(
                    closure,
                    "this closure takes one argument, the value that is stored: `ttl = |user: &User| ...`",
                );
                None
            }
            expr => {
                let zero = "the value would expire at once; write for how many seconds to keep \
                            it, such as `60`, or use `#[invalidates(...)]` to store nothing";
                cx.ok(Length::parse("ttl", expr, zero)).map(Ttl::Length)
            }
        },
        None if args.lacks("ttl") && args.lacks("policy") => missing(
            "`#[write_through]` needs a `ttl`, for which the value is kept: `ttl = 3600` (seconds) \
             or `ttl = \"1h\"`; or the `policy` of its readers",
            cx,
        ),
        None => None,
    }
}

fn missing<T>(message: &str, cx: &Ctxt) -> Option<T> {
    cx.error(syn::Error::new(Span::call_site(), message));
    None
}

/// Parses `value`. A closure or the path of a function takes the result. Anything else is an expression over the
/// parameters, and so is a path that names a parameter.
fn value(arg: Arg, params: &Params, cx: &Ctxt) -> Value {
    let is_parameter =
        |path: &Path| path.get_ident().is_some_and(|name| params.contains(&name.to_string()));
    match arg.expr(cx) {
        Some(Expr::Closure(closure)) if closure.inputs.len() != 1 => {
            cx.error_at(
                closure,
                "this closure takes one argument, the function's result: `value = |saved| ...`; for \
                 a value made of the parameters, remove the `||`",
            );
            Value::Unreadable
        }
        Some(closure @ Expr::Closure(_)) => Value::Of(closure),
        Some(Expr::Path(path)) if !is_parameter(&path.path) => Value::Of(Expr::Path(path)),
        Some(given) => Value::Given(given),
        None => Value::Unreadable,
    }
}

fn tags(args: &mut Args, cx: &Ctxt) -> Tags {
    let mut tags = Tags::default();
    while let Some(arg) = args.take("tags") {
        match &arg.value {
            args::Value::Is(Expr::Array(array)) if !array.elems.is_empty() => {
                let parse = |tag: &Expr| match tag {
                    Expr::Closure(_) => refuse_closure(tag, cx),
                    tag => Key::parse(tag.clone(), cx),
                };
                tags.carried = array.elems.iter().filter_map(parse).map(Key::into_tag).collect();
            }
            args::Value::Is(closure @ Expr::Closure(_)) => _ = refuse_closure(closure, cx),
            args::Value::List(_) => {
                tags.fenced = Key::list(arg, cx).into_iter().map(Key::into_tag).collect();
            }
            _ => _ = arg.misused::<()>(cx),
        }
    }
    tags
}

/// A writer cannot know whether a tag that its value names was invalidated meanwhile.
fn refuse_closure(closure: &Expr, cx: &Ctxt) -> Option<Key> {
    cx.error_at(
        closure,
        "tags that the value names are for `#[cached]`: write with `#[invalidates]`, and the next reader stores the value with its tags",
    );
    None
}
