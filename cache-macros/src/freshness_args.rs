//! The arguments that decide how fresh a value must be: `jitter`, staleness, early refresh, and `audit`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Expr, ExprLit, Lit, Path};

use crate::args::{Arg, Args, Usage, Value};
use crate::ctxt::Ctxt;
use crate::duration::Length;
use crate::fraction::Fraction;
use crate::suggest;
use crate::tokens;

/// Arguments of attributes that store values.
pub(crate) const OF_ENTRIES: &[Usage] = &[
    ("jitter", "jitter = 0.1"),
    ("stale_while_revalidate", "stale_while_revalidate = 30"),
    ("stale_if_error", "stale_if_error = \"1h\""),
];

/// Arguments of `#[cached]` alone.
pub(crate) const OF_READERS: &[Usage] = &[
    ("soft_timeout", "soft_timeout = \"200ms\""),
    ("load_timeout", "load_timeout = \"30s\""),
    ("refresh_ahead", "refresh_ahead = 0.8` or `refresh_ahead = xfetch"),
    ("background", "background"),
    ("audit", "audit = 0.001"),
];

pub(crate) struct FreshnessArgs {
    jitter: Option<Named<TokenStream>>,
    stale_while_revalidate: Option<Named<Length>>,
    stale_if_error: Option<Named<Length>>,
    soft_timeout: Option<Named<Length>>,
    load_timeout: Option<Named<Length>>,
    refresh_ahead: Option<Named<RefreshAhead>>,
    audit: Option<Named<TokenStream>>,
    /// Allows a `policy` whose loads continue in the background.
    background: Option<Named<()>>,
}

/// A value, and the argument's name for errors to point at.
struct Named<T> {
    name: Ident,
    value: T,
}

enum RefreshAhead {
    /// At this fraction of the ttl.
    At(TokenStream),
    /// `xfetch`
    XFetch,
}

const JITTER: Fraction =
    Fraction { argument: "jitter", of: "the ttl", all: false, example: "`0.1`" };

const AHEAD: Fraction = Fraction {
    argument: "refresh_ahead",
    of: "the ttl",
    all: false,
    example: "`0.8`, or `xfetch`",
};

const AUDIT: Fraction =
    Fraction { argument: "audit", of: "the hits", all: true, example: "`0.001`" };

impl FreshnessArgs {
    pub(crate) fn parse(args: &mut Args, cx: &Ctxt) -> Self {
        check_background(args, cx);
        let swr = "no stale value would be served; remove `stale_while_revalidate`, or write for example `30`";
        let sie = "no stale value would be served after an error; remove `stale_if_error`, or write for example `\"1h\"`";
        let soft = "no caller would wait for a load; write for example `\"200ms\"`, or use `stale_while_revalidate`";
        let load = "every load would end before it begins; write for example `\"30s\"`";
        FreshnessArgs {
            jitter: named(args, "jitter", |arg| JITTER.parse(arg.expr(cx)?, cx)),
            stale_while_revalidate: named(args, "stale_while_revalidate", |a| length(a, swr, cx)),
            stale_if_error: named(args, "stale_if_error", |arg| length(arg, sie, cx)),
            soft_timeout: named(args, "soft_timeout", |arg| short_length(arg, soft, cx)),
            load_timeout: named(args, "load_timeout", |arg| short_length(arg, load, cx)),
            refresh_ahead: named(args, "refresh_ahead", |arg| refresh_ahead(arg, cx)),
            audit: named(args, "audit", |arg| AUDIT.parse(arg.expr(cx)?, cx)),
            background: named(args, "background", |arg| match arg.value {
                Value::Flag => Some(()),
                _ => arg.misused(cx),
            }),
        }
    }

    /// Where `soft_timeout` is written.
    pub(crate) fn soft_timeout(&self) -> Option<Span> {
        self.soft_timeout.as_ref().map(|named| named.name.span())
    }

    /// `policy` with these arguments.
    pub(crate) fn policy(&self, krate: &Path, mut policy: TokenStream) -> TokenStream {
        let span = Span::mixed_site();
        for (method, part) in self.fractions() {
            // With this span, the compiler reports an expression of another type, or that is no fraction, where the user
            // wrote it.
            let at = span.located_at(tokens::first_span(part));
            let method = Ident::new(method, at);
            let krate = tokens::at(krate, at);
            policy = match syn::parse2::<Lit>(part.clone()) {
                Ok(_) => quote_spanned!(at=> #policy.#method(#part)),
                Err(_) => quote_spanned!(at=> #krate::Policy::#method(#policy, #part)),
            };
        }
        let length = |named: &Named<Length>| {
            let method = named.value.method(&named.name.to_string());
            quote_spanned!(span=> .#method)
        };
        let timeout = |named: &Named<Length>| {
            let method = Ident::new(&named.name.to_string(), span);
            let time = named.value.duration();
            quote_spanned!(span=> .#method(#time))
        };
        let xfetch = match self.refresh_ahead.as_ref().map(|ahead| &ahead.value) {
            Some(RefreshAhead::XFetch) => Some(quote_spanned!(span=> .xfetch())),
            _ => None,
        };
        let methods = [
            self.stale_while_revalidate.as_ref().map(length),
            self.stale_if_error.as_ref().map(length),
            self.soft_timeout.as_ref().map(timeout),
            self.load_timeout.as_ref().map(timeout),
            xfetch,
        ];
        methods.iter().flatten().for_each(|method| method.to_tokens(&mut policy));
        policy
    }

    /// The fractions, each with the method that sets it.
    fn fractions(&self) -> impl Iterator<Item = (&'static str, &TokenStream)> {
        let ahead = match self.refresh_ahead.as_ref().map(|ahead| &ahead.value) {
            Some(RefreshAhead::At(part)) => Some(part),
            _ => None,
        };
        let jitter = self.jitter.as_ref().map(|named| &named.value);
        let audit = self.audit.as_ref().map(|named| &named.value);
        let all = [("jitter", jitter), ("refresh_ahead", ahead), ("audit", audit)];
        all.into_iter().filter_map(|(method, part)| Some((method, part?)))
    }

    /// The argument that lets loads continue in the background, if one does.
    pub(crate) fn background(&self) -> Option<&Ident> {
        let background = [
            self.stale_while_revalidate.as_ref().map(|named| &named.name),
            self.refresh_ahead.as_ref().map(|named| &named.name),
            self.soft_timeout.as_ref().map(|named| &named.name),
            self.background.as_ref().map(|named| &named.name),
        ];
        background.into_iter().flatten().next()
    }
}

/// `soft_timeout` needs a stale value to serve, which `stale_if_error` keeps. `background` needs a `policy`. A `policy` may
/// say either, and the macro cannot see into it, so with one neither is checked.
fn check_background(args: &Args, cx: &Ctxt) {
    if !args.lacks("policy") {
        return;
    }
    if let Some(soft_timeout) = args.name("soft_timeout")
        && args.lacks("stale_if_error")
    {
        cx.error_at(
            soft_timeout,
            "`soft_timeout` needs a stale value to serve when it ends: add `stale_if_error`, which \
             keeps expired values, such as `stale_if_error = \"1h\"`",
        );
    }
    if let Some(background) = args.name("background") {
        cx.error_at(
            background,
            "`background` is only for `policy = ...`: remove it; `stale_while_revalidate`, \
             `refresh_ahead` and `soft_timeout` imply it",
        );
    }
}

fn named<T>(
    args: &mut Args,
    argument: &str,
    parse: impl FnOnce(Arg) -> Option<T>,
) -> Option<Named<T>> {
    let arg = args.take(argument)?;
    let name = arg.name.clone();
    Some(Named { name, value: parse(arg)? })
}

/// Parses a duration that is the same for every value.
fn length(arg: Arg, zero: &str, cx: &Ctxt) -> Option<Length> {
    let (name, expr) = constant(arg, cx)?;
    cx.ok(Length::parse(&name, expr, zero))
}

/// The same, with a unit.
fn short_length(arg: Arg, zero: &str, cx: &Ctxt) -> Option<Length> {
    let (name, expr) = constant(arg, cx)?;
    cx.ok(Length::parse_with_unit(&name, expr, zero))
}

/// The argument's name and its value, which is no closure.
fn constant(arg: Arg, cx: &Ctxt) -> Option<(String, Expr)> {
    let name = arg.name.to_string();
    let expr = arg.expr(cx)?;
    if let Expr::Closure(closure) = &expr {
        let message =
            format!("`{name}` is the same for every value: write a duration such as `\"30s\"`");
        cx.error_at(closure, message);
        return None;
    }
    Some((name, expr))
}

fn refresh_ahead(arg: Arg, cx: &Ctxt) -> Option<RefreshAhead> {
    let expr = arg.expr(cx)?;
    let word = match &expr {
        Expr::Path(path) => path.path.get_ident(),
        _ => None,
    };
    match word {
        _ if is_quoted_xfetch(&expr) => {
            cx.error_at(expr, "`xfetch` is written without quotes: `refresh_ahead = xfetch`");
            None
        }
        Some(word) if word == "xfetch" => Some(RefreshAhead::XFetch),
        Some(word) if suggest::closest(&word.to_string(), ["xfetch"]).is_some() => {
            cx.error_at(
                word,
                format!("`refresh_ahead` does not know `{word}`; did you mean `xfetch`?"),
            );
            None
        }
        _ => AHEAD.parse(expr, cx).map(RefreshAhead::At),
    }
}

fn is_quoted_xfetch(expr: &Expr) -> bool {
    matches!(expr, Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.value() == "xfetch")
}
