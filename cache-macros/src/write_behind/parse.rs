//! Reads the arguments of `#[write_behind]`, each by itself.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{Expr, ExprLit, Lit, LitStr};

use super::model::{Enqueue, Options, Setting};
use crate::args::{self, Arg, Args, Spec};
use crate::ctxt::Ctxt;
use crate::duration::Length;
use crate::encoding::{self, Encoding};
use crate::freshness_args::{self, FreshnessArgs};
use crate::key::Key;
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
            shared_args::POLICY,
        ],
        freshness_args::OF_ENTRIES,
        encoding::USAGES,
        shared_args::USAGES,
    ],
    refused: &[],
    of_type: None,
    positional: Some(
        "every argument of `#[write_behind]` has a name: `queue = \"users\"`, `enqueue = save(user)`",
    ),
};

/// The settings that are numbers, and what a zero would mean.
const NUMBERS: [(&str, &str); 3] = [
    ("batch", "a batch of no writes would flush nothing"),
    ("capacity", "a queue without room would accept nothing"),
    ("attempts", "a batch that is never tried is never flushed"),
];

/// The settings that are times, and what a zero would mean.
const TIMES: [(&str, &str); 4] = [
    ("linger", "every write would be a batch of its own; write for example `\"50ms\"`"),
    ("wait", "a full queue would refuse at once; write at least `\"1ms\"`"),
    (
        "patience",
        "a database that is away for a moment would be given up; write for example `\"15m\"`",
    ),
    ("lease", "several processes would flush at once; write for example `\"5s\"`"),
];

pub(super) fn options(tokens: TokenStream, cx: &Ctxt) -> Options {
    let mut args = Args::parse(tokens, &WRITE_BEHIND, cx);
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
        shared: SharedArgs::parse(&mut args, cx),
    }
}

const NO_QUEUE: &str = "`#[write_behind]` needs the name of its queue, which outlives the program and is the \
    same in all of its processes and versions: `queue = \"users\"`";
const NO_KEY: &str = "`#[write_behind]` needs the key under which one value is read: \
    `key = \"user:<user.id>\"`, where `enqueue = save(user)` gives the value its name";
const NO_TTL: &str = "`#[write_behind]` needs a `ttl`, for which a value is kept once it is in the database: \
    `ttl = 3600` (seconds) or `ttl = \"1h\"`; or the `policy` of its readers";
const NO_ENQUEUE: &str = "`#[write_behind]` needs a name for the function that accepts one value, and for the \
    value: `enqueue = save(user)`";

/// What a list in brackets means to other writers would be too early here.
fn tags(arg: Arg, cx: &Ctxt) -> Option<Vec<Key>> {
    if let args::Value::List(_) = arg.value {
        cx.error_at(
            &arg.name,
            "what is written behind makes tags stale when it is in the database, and not before: have the batch \
             function fence them around its statement, with `cache.fence_tags(...)`; for tags that the entry carries, \
             write `tags = [\"tenant:<user.tenant>\"]`",
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

/// The name is part of a key of the store.
fn queue(arg: Arg, cx: &Ctxt) -> Option<LitStr> {
    let name = match arg.expr(cx)? {
        Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => name,
        other => {
            cx.error_at(other, "a queue is known by a string in quotes: `queue = \"users\"`");
            return None;
        }
    };
    let text = name.value();
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        cx.error_at(
            &name,
            "the name of a queue is part of a key, so it is not empty and has no white space: `\"users\"`",
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
            "the `ttl` of `#[write_behind]` is one for all values: write a length of time",
        );
        return None;
    }
    let zero = "a value would be gone once it is in the database; write for how many seconds it may be kept, such as `60`";
    cx.ok(Length::parse("ttl", expr, zero))
}

/// `save(user)`: a call with a name for a function and one for its parameter.
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
            "`enqueue` is written as the function that it makes: a name, and in brackets one for the value, as in \
             `enqueue = save(user)`",
        );
        return None;
    };
    Some(Enqueue { name, value })
}

/// A name that can be given to something.
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
        let time = expr.and_then(|expr| cx.ok(Length::parse(name, expr, zero)));
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
            Some(format!("`{name}` is a whole number above zero, such as `500`"))
        }
        _ => None,
    };
    if let Some(message) = wrong {
        cx.error_at(&expr, message);
        return None;
    }
    Some(expr)
}
