//! Parses the arguments of `#[write_behind]`, one function for each.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{Expr, ExprLit, Lit, LitStr};

use super::model::{Enqueue, Options, Setting};
use crate::args::{self, Arg, Args, Spec};
use crate::ctxt::Ctxt;
use crate::duration::Length;
use crate::encoding::{self, Encoding};
use crate::freshness_args::{self, FreshnessArgs};
use crate::key::Key;
use crate::params::Params;
use crate::per_call;
use crate::same;
use crate::shared_args::{self, SharedArgs};

pub(crate) const WRITE_BEHIND: Spec = Spec {
    attribute: "`#[write_behind]`",
    known: &[
        &[
            ("queue", "queue = \"users\""),
            ("key", "key = \"user:<user.id>\""),
            ("ttl", "ttl = 3600"),
            ("enqueue", "enqueue = save(user)"),
            ("batch", "batch = 500"),
            ("linger", "linger = \"50ms\""),
            ("capacity", "capacity = 100_000"),
            ("wait", "wait = \"5s\""),
            ("attempts", "attempts = 5"),
            ("patience", "patience = \"15m\""),
            ("lease", "lease = \"5s\""),
            ("tags", "tags = [\"tenant:<user.tenant>\"]"),
            same::USAGE,
            shared_args::POLICY,
        ],
        freshness_args::OF_ENTRIES,
        encoding::USAGES,
        shared_args::USAGES,
    ],
    refused: &[],
    of_type: None,
    positional: Some(
        "an argument of `#[write_behind]` needs a name: `queue = \"users\"`, `enqueue = save(user)`",
    ),
};

/// The settings that are numbers, and what zero would mean.
const NUMBERS: [(&str, &str); 3] = [
    ("batch", "an empty batch would write nothing; write for example `500`"),
    ("capacity", "the queue would accept nothing; write for example `100_000`"),
    ("attempts", "no batch would be written; write for example `5`"),
];

/// The settings that are durations, and what zero would mean.
const TIMES: [(&str, &str); 4] = [
    ("linger", "every value would be a batch of its own; write for example `\"50ms\"`"),
    ("wait", "a full queue would refuse values at once; write at least `\"1ms\"`"),
    (
        "patience",
        "values would become dead letters as soon as the database is away; write for example `\"15m\"`",
    ),
    ("lease", "several processes would flush at the same time; write for example `\"5s\"`"),
];

pub(super) fn options(tokens: TokenStream, params: &Params, cx: &Ctxt) -> Options {
    let mut args = Args::parse(tokens, &WRITE_BEHIND, cx);
    per_call::check(&args, params, cx);
    let queue = required(&mut args, "queue", NO_QUEUE, cx).and_then(|arg| queue(arg, cx));
    let key = required(&mut args, "key", NO_KEY, cx);
    // A shared policy has a ttl already.
    let ttl = match args.lacks("policy") {
        true => required(&mut args, "ttl", NO_TTL, cx),
        false => args.take("ttl"),
    };
    let enqueue = required(&mut args, "enqueue", NO_ENQUEUE, cx).and_then(|arg| enqueue(arg, cx));
    Options {
        queue,
        key: key.and_then(|arg| Key::parse(arg.expr(cx)?, cx)),
        ttl: ttl.and_then(|arg| ttl_of(arg, cx)),
        enqueue,
        tags: args.take("tags").and_then(|arg| tags(arg, cx)).unwrap_or_default(),
        settings: settings(&mut args, cx),
        policy: shared_args::policy(&mut args, cx),
        freshness: FreshnessArgs::parse(&mut args, cx),
        encoding: Encoding::parse(&mut args, cx),
        same: same::parse(&mut args, params, cx),
        shared: SharedArgs::parse(&mut args, params, cx),
    }
}

const NO_QUEUE: &str = "`#[write_behind]` needs a `queue`, whose name is the same in all processes and releases: \
    `queue = \"users\"`";
const NO_KEY: &str = "`#[write_behind]` needs the `key` under which readers find one value: \
    `key = \"user:<user.id>\"`, in which `user` is the name that `enqueue = save(user)` gives the value";
const NO_TTL: &str = "`#[write_behind]` needs a `ttl`, for which a value is kept once it is in the database: \
    `ttl = 3600` (seconds) or `ttl = \"1h\"`; or the `policy` of its readers";
const NO_ENQUEUE: &str = "`#[write_behind]` needs `enqueue`, which names the function that accepts one value, and \
    the value: `enqueue = save(user)`";

/// Parses `tags = [...]`. `tags(...)`, by which other writers make tags stale, would be too early here.
fn tags(arg: Arg, cx: &Ctxt) -> Option<Vec<Key>> {
    if let args::Value::List(_) = arg.value {
        cx.error_at(
            &arg.name,
            "`tags(...)` would make tags stale before the value is in the database: fence them in the batch function, \
             around its statement, with `cache.fence_tags(...)`; for the tags of the entry, write \
             `tags = [\"tenant:<user.tenant>\"]`",
        );
        return None;
    }
    Key::tags(arg, cx)
}

fn required(args: &mut Args, name: &str, missing: &str, cx: &Ctxt) -> Option<Arg> {
    let arg = args.take(name);
    if arg.is_none() && args.lacks(name) {
        cx.error(syn::Error::new(Span::call_site(), missing));
    }
    arg
}

/// Parses `queue`, which becomes part of a key.
fn queue(arg: Arg, cx: &Ctxt) -> Option<LitStr> {
    let name = match arg.expr(cx)? {
        Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => name,
        other => {
            cx.error_at(other, "`queue` must be a string literal: `queue = \"users\"`");
            return None;
        }
    };
    let text = name.value();
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        cx.error_at(
            &name,
            "`queue` becomes part of a key, so it cannot be empty or contain white space: write for example `\"users\"`",
        );
        return None;
    }
    Some(name)
}

fn ttl_of(arg: Arg, cx: &Ctxt) -> Option<Length> {
    let expr = arg.expr(cx)?;
    if let Expr::Closure(closure) = &expr {
        cx.error_at(
            closure,
            "the `ttl` of `#[write_behind]` is the same for every value: write a duration such as `3600`",
        );
        return None;
    }
    let zero = "a value would expire once it is in the database; write for how many seconds to keep it, such as `60`";
    cx.ok(Length::parse("ttl", expr, zero))
}

/// Parses `save(user)`: the name of a function and of its parameter.
fn enqueue(arg: Arg, cx: &Ctxt) -> Option<Enqueue> {
    let expr = arg.expr(cx)?;
    let names = match &expr {
        Expr::Call(call) => match call.args.first() {
            Some(value) if call.args.len() == 1 => plain(&call.func).zip(plain(value)),
            _ => None,
        },
        _ => None,
    };
    let Some((name, value)) = names else {
        cx.error_at(
            expr,
            "`enqueue` names the function to add, and its parameter: `enqueue = save(user)`",
        );
        return None;
    };
    Some(Enqueue { name, value })
}

/// The expression as a name for a function or a parameter.
fn plain(expr: &Expr) -> Option<Ident> {
    match expr {
        Expr::Path(path) => path.path.get_ident().filter(|ident| *ident != "self").cloned(),
        _ => None,
    }
}

fn settings(args: &mut Args, cx: &Ctxt) -> Vec<(&'static str, Setting)> {
    let mut settings = Vec::new();
    for (name, zero) in NUMBERS {
        let number = args.take(name).and_then(|arg| number(arg, zero, cx));
        settings.extend(number.map(|number| (name, Setting::Number(number))));
    }
    for (name, zero) in TIMES {
        let expr = args.take(name).and_then(|arg| arg.expr(cx));
        let parse = if name == "linger" { Length::parse_with_unit } else { Length::parse };
        let time = expr.and_then(|expr| cx.ok(parse(name, expr, zero)));
        settings.extend(time.map(|time| (name, Setting::Time(time))));
    }
    settings
}

fn number(arg: Arg, zero: &str, cx: &Ctxt) -> Option<Expr> {
    let name = arg.name.clone();
    let expr = arg.expr(cx)?;
    let wrong = match &expr {
        Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => {
            let is_zero = int.base10_parse::<u128>().is_ok_and(|number| number == 0);
            is_zero.then(|| format!("`{name}` is zero: {zero}"))
        }
        Expr::Lit(_) | Expr::Unary(_) | Expr::Closure(_) => {
            Some(format!("`{name}` must be a whole number above zero, such as `500`"))
        }
        _ => None,
    };
    if let Some(message) = wrong {
        cx.error_at(&expr, message);
        return None;
    }
    Some(expr)
}
