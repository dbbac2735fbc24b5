//! The arguments that decide how values are encoded: `codec`, `compress` and `max_bytes`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Expr, ExprLit, Lit, Path, UnOp};

use crate::args::{Arg, Args, Spec, Usage, Value};
use crate::ctxt::Ctxt;
use crate::suggest;

/// Arguments of attributes that store values.
pub(crate) const USAGES: &[Usage] = &[
    ("codec", "codec = msgpack"),
    ("compress", "compress = zstd` or `compress(zstd, over = 4096)"),
    ("max_bytes", "max_bytes = 65536"),
];

pub(crate) struct Encoding {
    codec: Option<Choice>,
    compress: Option<Compress>,
    /// Larger values are not stored.
    max_bytes: Option<Expr>,
}

/// `zstd` or `compress(zstd, over = 4096)`
struct Compress {
    compression: Choice,
    /// Smaller values are not compressed.
    over: Option<Expr>,
}

/// One of the names that an argument takes, or an expression of the runtime's type.
enum Choice {
    /// The variant, with the span of the name.
    Known(Ident),
    Expr(Expr),
}

/// The names that an argument takes, and the runtime's variants that they stand for.
struct Names {
    argument: &'static str,
    /// The type in the runtime.
    ty: &'static str,
    known: &'static [(&'static str, &'static str)],
}

const CODECS: Names = Names {
    argument: "codec",
    ty: "Codec",
    known: &[("json", "Json"), ("msgpack", "MsgPack"), ("postcard", "Postcard")],
};

const COMPRESSIONS: Names =
    Names { argument: "compress", ty: "Compression", known: &[("lz4", "Lz4"), ("zstd", "Zstd")] };

const COMPRESS: Spec = Spec {
    attribute: "`compress`",
    known: &[&[("over", "over = 4096")]],
    refused: &[],
    of_type: None,
    positional: None,
};

impl Encoding {
    pub(crate) fn parse(args: &mut Args, cx: &Ctxt) -> Self {
        let codec = args.take("codec").and_then(|arg| arg.expr(cx));
        Encoding {
            codec: codec.and_then(|expr| CODECS.choose(expr, cx)),
            compress: args.take("compress").and_then(|arg| compress(arg, cx)),
            max_bytes: args.take("max_bytes").and_then(|arg| {
                let zero = "no value would be stored; remove `max_bytes` for the default of 8 MiB";
                bytes("max_bytes", arg.expr(cx)?, Some(zero), cx)
            }),
        }
    }

    /// The span of `codec = postcard`: Postcard recognises an old layout by its fingerprint alone, so it needs one.
    pub(crate) fn needs_fingerprint(&self) -> Option<Span> {
        match &self.codec {
            Some(Choice::Known(variant)) if variant == "Postcard" => Some(variant.span()),
            _ => None,
        }
    }

    /// The calls that set these arguments on a `Policy`.
    pub(crate) fn policy(&self, krate: &Path) -> TokenStream {
        let span = Span::mixed_site();
        let mut policy = TokenStream::new();
        if let Some(codec) = &self.codec {
            let codec = codec.write(&CODECS, krate);
            policy.extend(quote_spanned!(span=> .codec(#codec)));
        }
        if let Some(Compress { compression, over }) = &self.compress {
            let compression = compression.write(&COMPRESSIONS, krate);
            policy.extend(quote_spanned!(span=> .compress(#compression)));
            policy.extend(over.iter().map(|over| quote_spanned!(span=> .compress_over(#over))));
        }
        let max = self.max_bytes.iter().map(|max| quote_spanned!(span=> .max_bytes(#max)));
        policy.extend(max);
        policy
    }
}

impl Choice {
    fn write(&self, names: &Names, krate: &Path) -> TokenStream {
        match self {
            Choice::Known(variant) => {
                let ty = Ident::new(names.ty, Span::mixed_site());
                quote_spanned!(Span::mixed_site()=> #krate::#ty::#variant)
            }
            Choice::Expr(expr) => expr.to_token_stream(),
        }
    }
}

impl Names {
    /// Parses a value. A lower-case name must be a known one; any other expression is left to the compiler.
    fn choose(&self, expr: Expr, cx: &Ctxt) -> Option<Choice> {
        if let Expr::Lit(_) | Expr::Closure(_) = expr {
            let Names { argument, known, .. } = self;
            let example = known[0].0;
            let message = format!(
                "`{argument}` must be one of {}, without quotes: `{argument} = {example}`",
                self.list()
            );
            cx.error_at(expr, message);
            return None;
        }
        let name = match &expr {
            Expr::Path(path) => path.path.get_ident(),
            _ => None,
        };
        match name {
            Some(name) if name.to_string().contains(char::is_lowercase) => {
                self.variant(name, cx).map(Choice::Known)
            }
            _ => Some(Choice::Expr(expr)),
        }
    }

    fn variant(&self, name: &Ident, cx: &Ctxt) -> Option<Ident> {
        if let Some((_, variant)) = self.known.iter().find(|(known, _)| name == known) {
            return Some(Ident::new(variant, Span::mixed_site().located_at(name.span())));
        }
        let known = self.known.iter().map(|(known, _)| *known);
        let hint = match suggest::closest(&name.to_string().to_lowercase(), known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("it takes {}", self.list()),
        };
        cx.error_at(name, format!("`{}` does not know `{name}`; {hint}", self.argument));
        None
    }

    fn list(&self) -> String {
        let names: Vec<_> = self.known.iter().map(|(known, _)| *known).collect();
        suggest::choice(&names)
    }
}

fn compress(arg: Arg, cx: &Ctxt) -> Option<Compress> {
    if let Value::Is(_) = arg.value {
        let compression = COMPRESSIONS.choose(arg.expr(cx)?, cx)?;
        return Some(Compress { compression, over: None });
    }
    let name = arg.name.clone();
    let mut args = Args::parse(arg.list(cx)?, &COMPRESS, cx);
    let over = args.take("over").and_then(|arg| bytes("over", arg.expr(cx)?, None, cx));
    let mut compressions = std::mem::take(&mut args.positional).into_iter();
    let (Some(compression), None) = (compressions.next(), compressions.next()) else {
        cx.error_at(name, "`compress` takes one algorithm, and may take a minimum size: `compress(zstd, over = 4096)`");
        return None;
    };
    Some(Compress { compression: COMPRESSIONS.choose(compression, cx)?, over })
}

/// Parses a number of bytes, or a constant. `zero` says in the error what zero would mean; without it, zero is allowed.
fn bytes(name: &str, expr: Expr, zero: Option<&str>, cx: &Ctxt) -> Option<Expr> {
    let number = match &expr {
        Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => int.base10_parse::<usize>().ok(),
        Expr::Lit(_) | Expr::Closure(_) => None,
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => None,
        _ => return Some(expr),
    };
    match (number, zero) {
        (Some(0), Some(zero)) => cx.error_at(expr, format!("`{name}` is zero: {zero}")),
        (Some(_), _) => return Some(expr),
        (None, _) => cx.error_at(
            expr,
            format!("`{name}` must be a number of bytes: write for example `64 * 1024`"),
        ),
    }
    None
}
