//! The arguments that every attribute takes: `cache`, `version`, `name` and `crate`. And `policy`, which attributes take
//! that store values.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Expr, ExprLit, Lit, LitStr, Path, UnOp};

use crate::args::{Arg, Args, Usage};
use crate::ctxt::Ctxt;
use crate::params::Params;

/// The arguments of every attribute.
pub(crate) const USAGES: &[Usage] = &[
    ("cache", "cache = self.cache"),
    ("version", "version = 2"),
    ("name", "name = \"users.find\""),
    CRATE,
];

/// Derives take only this one.
pub(crate) const CRATE: Usage = ("crate", "crate = my_cache");

/// An argument of attributes that store values.
pub(crate) const POLICY: Usage = ("policy", "policy = USERS");

pub(crate) struct SharedArgs {
    /// The cache to use; by default the process-wide one.
    pub(crate) cache: Option<Expr>,
    /// Part of every stored key.
    pub(crate) version: Option<Expr>,
    /// The function's label in metrics.
    pub(crate) name: Option<LitStr>,
    /// The path of the runtime.
    pub(crate) krate: Path,
}

impl SharedArgs {
    /// The calls that set these arguments on a `Policy`.
    pub(crate) fn policy(&self) -> TokenStream {
        let span = Span::mixed_site();
        let version = self.version.iter().map(|version| quote_spanned!(span=> .version(#version)));
        let name = self.name.iter().map(|name| quote_spanned!(span=> .name(#name)));
        version.chain(name).collect()
    }

    pub(crate) fn parse(args: &mut Args, params: &Params, cx: &Ctxt) -> Self {
        SharedArgs {
            cache: args.take("cache").and_then(|arg| cache(arg, params, cx)),
            version: version(args, cx),
            name: name(args, cx),
            krate: krate(args, cx),
        }
    }
}

/// Parses `cache`, which is no name of one.
fn cache(arg: Arg, params: &Params, cx: &Ctxt) -> Option<Expr> {
    let expr = arg.expr(cx)?;
    if let Expr::Lit(_) | Expr::Closure(_) = expr {
        let example = match params.receiver {
            Some(_) => "`cache = self.cache`",
            None => "`cache = cache`, where `cache` is a parameter or a static",
        };
        let message = format!(
            "`cache` must be an expression of type `Cache`, or a reference to one: {example}"
        );
        cx.error_at(expr, message);
        return None;
    }
    Some(expr)
}

/// Parses `version`. It is part of the `static` policy, so it must be a constant.
fn version(args: &mut Args, cx: &Ctxt) -> Option<Expr> {
    let expr = args.take("version")?.expr(cx)?;
    let fits = match &expr {
        Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => int.base10_parse::<u32>().is_ok(),
        Expr::Lit(_) | Expr::Closure(_) => false,
        Expr::Unary(unary) => !matches!(unary.op, UnOp::Neg(_)),
        _ => true,
    };
    if !fits {
        cx.error_at(
            expr,
            "`version` must be a number from 0 to 4294967295, or a constant of type `u32`",
        );
        return None;
    }
    Some(expr)
}

fn name(args: &mut Args, cx: &Ctxt) -> Option<LitStr> {
    let name = string(args.take("name")?.expr(cx)?, "name", cx)?;
    if name.value().trim().is_empty() {
        cx.error_at(
            &name,
            "`name` is empty: write a label such as `\"users.find\"`, or remove `name` to use `module::Type::function`",
        );
    }
    Some(name)
}

fn string(expr: Expr, argument: &str, cx: &Ctxt) -> Option<LitStr> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
        other => {
            cx.error_at(
                other,
                format!("`{argument}` must be a string literal: `{argument} = \"users.find\"`"),
            );
            None
        }
    }
}

/// Parses `policy`. It becomes part of a `static`, so it must be a constant.
pub(crate) fn policy(args: &mut Args, cx: &Ctxt) -> Option<Expr> {
    let expr = args.take("policy")?.expr(cx)?;
    if let Expr::Lit(_) | Expr::Closure(_) = expr {
        cx.error_at(expr, "`policy` must be a constant of type `Policy`: `policy = USERS`");
        return None;
    }
    Some(expr)
}

/// Parses `crate`: the path of the runtime, by default `::cache_runtime`.
pub(crate) fn krate(args: &mut Args, cx: &Ctxt) -> Path {
    let given = args.take("crate").and_then(|arg| arg.expr(cx));
    match given {
        Some(Expr::Path(path)) if path.qself.is_none() => return path.path,
        Some(other) => cx.error_at(
            other,
            "`crate` must be the path of the runtime, without quotes: `crate = my_cache`",
        ),
        None => {}
    }
    let ident = |name| syn::Ident::new(name, Span::mixed_site());
    let mut path = Path::from(ident("cache_runtime"));
    path.leading_colon = Some(syn::Token![::](Span::mixed_site()));
    path
}
