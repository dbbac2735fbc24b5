//! Parses the arguments of an attribute into names and values, each with its spans. What they mean is decided later.

use std::mem::discriminant;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, ExprLit, Lit, Token, Type};

use crate::ctxt::Ctxt;
use crate::elsewhere;
use crate::literals;
use crate::suggest;
use crate::tokens;
use crate::unquoted;

/// What arguments are called in other libraries, or in none.
const SYNONYMS: [(&str, &str); 29] = [
    ("cache_manager", "cache"),
    ("condition", "when"),
    ("duration", "ttl"),
    ("early_refresh", "refresh_ahead"),
    ("exclude", "skip"),
    ("expiration", "ttl"),
    ("expire", "ttl"),
    ("expires", "ttl"),
    ("expires_in", "ttl"),
    ("expiry", "ttl"),
    ("fail_safe", "stale_if_error"),
    ("ignore", "skip"),
    ("ignore_args", "skip"),
    ("key_prefix", "key"),
    ("label", "name"),
    ("max_age", "ttl"),
    ("max_size", "max_bytes"),
    ("skip_all", "skip"),
    ("stale_ttl", "stale_while_revalidate"),
    ("swr", "stale_while_revalidate"),
    ("sync", "lock"),
    ("sync_writes", "lock"),
    ("tag", "tags"),
    ("time", "ttl"),
    ("time_to_live", "ttl"),
    ("timeout", "ttl"),
    ("unless_null", "negative_ttl"),
    ("with_lock", "lock"),
    ("xfetch", "refresh_ahead"),
];

/// The name of an argument, and how it is written.
pub(crate) type Usage = (&'static str, &'static str);

/// The arguments that an attribute takes.
pub(crate) struct Spec {
    /// The attribute's name in messages.
    pub(crate) attribute: &'static str,
    /// Every named argument, in groups: attributes share some of them.
    pub(crate) known: &'static [&'static [Usage]],
    /// Arguments that users expect but the attribute does not take, each with what to write instead.
    pub(crate) refused: &'static [(&'static str, &'static str)],
    /// The argument whose value is a type, if there is one. Parsed as an expression, `Vec<User>` would be a comparison.
    pub(crate) of_type: Option<&'static str>,
    /// The message for an argument without a name; `None` if the attribute takes those.
    pub(crate) positional: Option<&'static str>,
}

impl Spec {
    /// Every argument that has a name, group by group.
    fn known(&self) -> impl Iterator<Item = &'static Usage> {
        self.known.iter().copied().flatten()
    }

    /// The names of the arguments, each once.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.known().map(|(known, _)| *known).collect();
        names.dedup();
        names
    }

    /// Whether an argument comes next that the attribute refuses. `key` could be an expression.
    fn refuses(&self, input: ParseStream<'_>) -> bool {
        let ahead = input.fork();
        let name = ahead.call(Ident::parse_any).ok();
        let ends = ahead.is_empty() || ahead.peek(Token![,]) || ahead.peek(syn::token::Paren);
        let refused = |name: Ident| self.refused.iter().any(|(refused, _)| name == refused);
        ends && name.is_some_and(|name| name != "key" && refused(name))
    }

    /// Whether an argument comes next that is a name alone.
    fn is_flag(&self, input: ParseStream<'_>) -> bool {
        let ahead = input.fork();
        let name = ahead.call(Ident::parse_any).ok();
        let ends = ahead.is_empty() || ahead.peek(Token![,]);
        ends && name.is_some_and(|name| self.usage(&name).is_some_and(|usage| name == usage))
    }

    /// How to write the argument of this name, if the attribute takes it.
    fn usage(&self, name: &Ident) -> Option<&'static str> {
        self.known().find(|(known, _)| name == known).map(|(_, usage)| *usage)
    }

    /// Whether the argument of this name is a list in parentheses. Otherwise `name(...)` is an expression.
    fn is_list(&self, name: &Ident) -> bool {
        self.usage(name).is_some_and(|usage| usage.starts_with(&format!("{name}(")))
    }

    /// Whether the argument of this name can be given both as a value and as a list: it is known twice.
    fn has_two_forms(&self, name: &Ident) -> bool {
        self.known().filter(|(known, _)| name == known).count() > 1
    }
}

/// One named argument.
pub(crate) struct Arg {
    pub(crate) name: Ident,
    pub(crate) value: Value,
    usage: &'static str,
}

pub(crate) enum Value {
    /// `lock`
    Flag,
    /// `ttl = 60`
    Is(Expr),
    /// `value = Vec<User>`
    Type(Type),
    /// `skip(conn)`
    List(TokenStream),
}

/// The arguments. Unknown and repeated ones have been reported and left out.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) positional: Vec<Expr>,
    named: Vec<Arg>,
    /// Arguments that were probably meant by an unknown name: they are not reported as missing.
    excused: Vec<&'static str>,
    /// Parameters that a misspelt `skip` named: they are not reported as missing in the key.
    pub(crate) skipped: Vec<Ident>,
    /// Whether that named none: it may have meant all of them.
    skips_all: bool,
    /// Whether parsing stopped early: then no argument is reported as missing.
    broken: bool,
}

impl Args {
    pub(crate) fn parse(tokens: TokenStream, spec: &Spec, cx: &Ctxt) -> Self {
        let mut args = Args::default();
        let read = |input: ParseStream<'_>| {
            while !input.is_empty() {
                args.read_one(input, spec, cx)?;
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        };
        if let Err(error) = read.parse2(tokens) {
            cx.error(error);
            args.broken = true;
        }
        args
    }

    /// Takes the argument of this name, if it was given.
    pub(crate) fn take(&mut self, name: &str) -> Option<Arg> {
        let at = self.named.iter().position(|arg| arg.name == name)?;
        Some(self.named.swap_remove(at))
    }

    /// The named arguments that have not been taken.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&Ident, &Value)> {
        self.named.iter().map(|arg| (&arg.name, &arg.value))
    }

    /// Whether to report that a parameter is missing in the key.
    pub(crate) fn are_complete(&self) -> bool {
        !self.broken && !self.skips_all
    }

    /// Whether to report that the argument of this name is missing.
    pub(crate) fn lacks(&self, name: &str) -> bool {
        self.name(name).is_none() && !self.broken && !self.excused.contains(&name)
    }

    /// The name as the user wrote it, if the argument was given.
    pub(crate) fn name(&self, name: &str) -> Option<&Ident> {
        self.named.iter().map(|arg| &arg.name).find(|given| *given == name)
    }

    fn read_one(&mut self, input: ParseStream<'_>, spec: &Spec, cx: &Ctxt) -> syn::Result<()> {
        let assigns = input.peek2(Token![=]) && !input.peek2(Token![==]);
        let listed = input.peek2(syn::token::Paren)
            && (input.fork().call(Ident::parse_any)).is_ok_and(|name| spec.is_list(&name));
        // Of an argument that there is, the colon is the mistake.
        let is_known =
            (input.fork().call(Ident::parse_any)).is_ok_and(|name| spec.usage(&name).is_some());
        if !assigns && !listed && !is_known {
            unquoted::check(input, if spec.positional.is_some() { "key = " } else { "" })?;
        }
        let may_be_named = assigns
            || listed
            || is_known && input.peek2(Token![:]) && !input.peek2(Token![::])
            || spec.positional.is_some()
            || spec.is_flag(input)
            || spec.refuses(input);
        if input.peek(Ident::peek_any) && may_be_named {
            let name = Ident::parse_any(input)?;
            let value = Value::read(input, &name, spec)?;
            let usage = spec.usage(&name).unwrap_or_default();
            let of = match usage.contains("= 0.") {
                true if name == "audit" => literals::Of::Fraction("the hits"),
                true => literals::Of::Fraction("the ttl"),
                false => literals::Of::Other,
            };
            if literals::check(value.to_token_stream(), of, cx) {
                self.keep(name, value, spec, cx);
            } else {
                self.excused.extend(spec.names().into_iter().find(|known| name == known));
            }
        } else {
            let value: Expr = input.parse().map(tokens::ungrouped)?;
            match spec.positional {
                None if literals::check(value.to_token_stream(), literals::Of::Other, cx) => {
                    self.positional.push(value)
                }
                None => self.broken = true,
                Some(message) => {
                    cx.error_at(&value, message);
                    self.broken = true;
                }
            }
        }
        Ok(())
    }

    /// Keeps the argument, or reports it if it is unknown or repeated. All attributes share this check.
    fn keep(&mut self, name: Ident, value: Value, spec: &Spec, cx: &Ctxt) {
        if let Some(usage) = spec.usage(&name) {
            let alike = |earlier: &Arg| {
                let same_form = discriminant(&earlier.value) == discriminant(&value);
                earlier.name == name && (same_form || !spec.has_two_forms(&name))
            };
            match self.named.iter_mut().find(|earlier| alike(earlier)) {
                Some(earlier) => cx.error_at(&name, earlier.join(&name, &value)),
                None => self.named.push(Arg { name, value, usage }),
            }
            return;
        }
        if let Some((refused, instead)) = spec.refused.iter().find(|(refused, _)| name == refused) {
            cx.error_at(&name, instead.replace("{}", &value.keys()));
            self.excused.push(refused);
            return;
        }
        if let Some(message) = elsewhere::message(&name.to_string(), spec.attribute) {
            cx.error_at(&name, message);
            return;
        }
        let names = spec.names();
        let synonym = SYNONYMS.iter().find(|(synonym, _)| name == synonym).map(|(_, known)| *known);
        let meant = synonym
            .filter(|known| names.contains(known))
            .or_else(|| suggest::closest(&name.to_string(), names.iter().copied()));
        if meant == Some("skip") {
            self.skipped.extend(value.names());
            self.skips_all |= matches!(value, Value::Flag);
        }
        let hint = match meant {
            Some(meant) => {
                self.excused.extend(names.iter().copied().find(|known| *known == meant));
                format!("; did you mean `{meant}`?")
            }
            None => format!("; {} takes {}", spec.attribute, suggest::list(&names)),
        };
        cx.error_at(&name, format!("unknown argument `{name}`{hint}"));
    }
}

/// The comma that a list needs before more elements.
fn joined(list: &TokenStream) -> Option<Token![,]> {
    let last = list.clone().into_iter().last();
    let ends =
        last.is_none_or(|last| matches!(last, TokenTree::Punct(punct) if punct.as_char() == ','));
    (!ends).then(Default::default)
}

/// `80%` is a number and an operator without a right side.
fn check_is_no_percentage(input: ParseStream<'_>, name: &Ident, spec: &Spec) -> syn::Result<()> {
    let ahead = input.fork();
    let (Ok(number), Ok(percent)) = (ahead.parse::<Lit>(), ahead.parse::<Token![%]>()) else {
        return Ok(());
    };
    if !ahead.is_empty() && !ahead.peek(Token![,]) {
        return Ok(());
    }
    let part = literals::part(&number.to_token_stream().to_string());
    let part = part.unwrap_or_else(|| "0.8".to_owned());
    let usage = spec.usage(name).unwrap_or_default();
    let message = match usage.contains("= 0.") {
        true => format!("a percentage is written as a fraction: `{part}`"),
        false => format!("`{name}` is no percentage: write `{usage}`"),
    };
    let tokens: TokenStream =
        [number.to_token_stream(), percent.to_token_stream()].into_iter().collect();
    Err(syn::Error::new_spanned(tokens, message))
}

impl Arg {
    /// Takes what the same argument says a second time, so that nothing it names is reported as missing. Returns what to write
    /// instead of both: of two lists, dropping one could drop an invalidation.
    fn join(&mut self, name: &Ident, second: &Value) -> String {
        let same = self.value.to_token_stream().to_string() == second.to_token_stream().to_string();
        let list = match (&mut self.value, second) {
            _ if same => None,
            (Value::List(first), Value::List(second)) => {
                let comma = joined(first);
                *first = quote!(#first #comma #second);
                Some(format!("{name}({})", tokens::code(first)))
            }
            (Value::Is(Expr::Array(first)), Value::Is(Expr::Array(second))) => {
                first.elems.extend(second.elems.iter().cloned());
                Some(format!("{name} = [{}]", tokens::code(&first.elems)))
            }
            _ => None,
        };
        match list.map(|list| list.replace(",)", ")").replace(",]", "]")) {
            Some(list) => format!("`{name}` is given twice: write one list: `{list}`"),
            None => format!("`{name}` is given twice: keep one of them"),
        }
    }

    /// The value of `name = value`.
    pub(crate) fn expr(self, cx: &Ctxt) -> Option<Expr> {
        match self.value {
            Value::Is(expr) => Some(expr),
            _ => self.misused(cx),
        }
    }

    /// The type of `name = Type`.
    pub(crate) fn ty(self, cx: &Ctxt) -> Option<Type> {
        match self.value {
            Value::Type(ty) => Some(ty),
            _ => self.misused(cx),
        }
    }

    /// The tokens between the parentheses of `name(...)`.
    pub(crate) fn list(self, cx: &Ctxt) -> Option<TokenStream> {
        match self.value {
            Value::List(tokens) if !tokens.is_empty() => Some(tokens),
            _ => self.misused(cx),
        }
    }

    /// Reports how to write the argument.
    pub(crate) fn misused<T>(&self, cx: &Ctxt) -> Option<T> {
        let Arg { name, usage, value } = self;
        let is_list = usage.starts_with(&format!("{name}(\"")) && !usage.contains('`');
        let message = match value {
            _ if name == usage => format!("`{name}` takes no value: write `{usage}` alone"),
            Value::Is(_) if is_list => {
                format!("`{name}` is written like this: `{name}({})`", value.keys())
            }
            _ => format!("`{name}` is written like this: `{usage}`"),
        };
        cx.error_at(name, message);
        None
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Value::Flag => {}
            Value::Is(expr) => expr.to_tokens(tokens),
            Value::Type(ty) => ty.to_tokens(tokens),
            Value::List(list) => tokens.extend(list.clone()),
        }
    }
}

impl Value {
    /// The names in it, in quotes or not.
    pub(crate) fn names(&self) -> Vec<Ident> {
        let quoted = match self {
            Value::Is(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => text.parse().ok(),
            _ => None,
        };
        tokens::names(quoted.unwrap_or_else(|| self.to_token_stream()))
    }

    /// The keys in it, as a list in parentheses has them.
    fn keys(&self) -> String {
        let keys = match self {
            Value::Is(Expr::Array(list)) => list.elems.to_token_stream(),
            Value::Is(Expr::Tuple(list)) => list.elems.to_token_stream(),
            value => value.to_token_stream(),
        };
        if keys.is_empty() { "\"user:<id>\"".to_owned() } else { tokens::code(&keys) }
    }

    fn read(input: ParseStream<'_>, name: &Ident, spec: &Spec) -> syn::Result<Self> {
        if input.peek(Token![=]) {
            let equals = input.parse::<Token![=]>()?;
            if input.is_empty() || input.peek(Token![,]) {
                let usage = spec.usage(name).unwrap_or("name = value");
                let message = format!("`{name}` has no value: write `{usage}`");
                return Err(syn::Error::new_spanned(equals, message));
            }
            if spec.of_type.is_some_and(|of_type| name == of_type) {
                return input.parse().map(Value::Type);
            }
            check_is_no_percentage(input, name, spec)?;
            unquoted::check(input, &format!("{name} = "))?;
            if input.peek(syn::token::Bracket) {
                unquoted::check_list(input.fork().parse::<Group>()?.stream())?;
            }
            input.parse().map(tokens::ungrouped).map(Value::Is)
        } else if input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            let list: TokenStream = content.parse()?;
            // As in `tags("user:<id>")`.
            if spec.usage(name).is_some_and(|usage| usage.contains("(\"")) {
                unquoted::check_list(list.clone())?;
            }
            Ok(Value::List(list))
        } else if input.peek(Token![:]) {
            let colon = input.parse::<Token![:]>()?;
            let usage = spec.usage(name).unwrap_or("name = value");
            let message = format!("write `=` instead of `:`, as in `{usage}`");
            Err(syn::Error::new_spanned(colon, message))
        } else {
            Ok(Value::Flag)
        }
    }
}
