//! Parameters that are, or may be, in a database transaction, and what the arguments say of them.
//!
//! Within a transaction a reader may see rows that never commit, and a writer commits after the attribute has finished.
//! Either would leave wrong values in the cache, so the function has to say which it is.

mod found;

#[cfg(test)]
mod tests;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Signature};

use self::found::{Kind, Suspect};
use crate::args::{Arg, Args, Usage, Value};
use crate::ctxt::Ctxt;
use crate::function::Function;
use crate::params::Params;
use crate::suggest;
use crate::tokens;

/// How the two arguments are written.
pub(crate) const USAGES: &[Usage] =
    &[("transaction", "transaction"), ("outside_transaction", "outside_transaction(conn)")];

/// What the arguments say.
#[derive(Default)]
pub(crate) struct Transactions {
    /// `transaction`: the function may be called within a transaction.
    within: bool,
    /// `transaction = conn.is_in_transaction()`: what tells whether a call is.
    asked: Option<Expr>,
    /// `outside_transaction(conn)`: parameters that never are in one.
    outside: Vec<Ident>,
}

/// What the function does.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    Reads,
    Writes,
}

impl Transactions {
    pub(crate) fn parse(args: &mut Args, cx: &Ctxt) -> Self {
        let (within, asked) = match args.take("transaction") {
            None => (false, None),
            Some(Arg { value: Value::Flag, .. }) => (true, None),
            // The parameter needs no second message.
            Some(arg) => (true, asked(arg, cx)),
        };
        let outside = args.take("outside_transaction").and_then(|arg| arg.list(cx));
        let outside = outside.and_then(|tokens| {
            let names = names.parse2(tokens.clone());
            if names.is_err() {
                cx.error_at(
                    tokens,
                    "`outside_transaction` takes the names of parameters: `outside_transaction(conn)`",
                );
            }
            names.ok()
        });
        Transactions { within, asked, outside: outside.unwrap_or_default() }
    }

    /// Reports every parameter that may be in a transaction and of which the arguments say nothing.
    pub(crate) fn check(&self, function: &Function, params: &Params, access: Access, cx: &Ctxt) {
        self.check_names(function, params, cx);
        for suspect in self.unexplained(&function.sig) {
            cx.error_at(suspect.path, unexplained(&suspect, access));
        }
    }

    /// Whether the parameter of this name may be in a transaction and the arguments say nothing of it: then it has a message
    /// of its own.
    pub(crate) fn is_unexplained(&self, sig: &Signature, name: &Ident) -> bool {
        self.unexplained(sig).iter().any(|suspect| suspect.names.contains(name))
    }

    fn unexplained<'a>(&self, sig: &'a Signature) -> Vec<Suspect<'a>> {
        let mut found = if self.within { Vec::new() } else { found::suspects(sig) };
        found.retain(|suspect| !suspect.names.iter().any(|name| self.outside.contains(name)));
        found
    }

    fn check_names(&self, function: &Function, params: &Params, cx: &Ctxt) {
        for name in &self.outside {
            let text = name.unraw().to_string();
            let is_type = function.sig.generics.type_params().any(|param| param.ident == *name);
            if !params.contains(&text) && !is_type {
                let hint = suggest::parameter(name, &params.list());
                cx.error_at(name, format!("`{text}` is not a parameter{hint}"));
            }
        }
    }

    /// The steps of a call that may be made within a transaction: the types of its arguments, aliases included.
    pub(crate) fn steps(&self, params: &Params) -> TokenStream {
        if !self.within {
            return TokenStream::new();
        }
        let this = params.receiver.map(|at| Ident::new("self", at));
        let named =
            params.names.iter().filter(|name| params.condition(&name.to_string()).is_empty());
        let told = this.into_iter().chain(named.cloned());
        let step = |name: Ident| {
            let span = Span::mixed_site();
            quote_spanned!(span=> .transaction(::core::any::type_name_of_val(&#name)))
        };
        let types = told.filter(|name| !self.outside.contains(name)).map(step);
        let asked = self.asked.iter().map(|asked| {
            let at = Span::mixed_site().located_at(tokens::first_span(asked));
            quote_spanned!(at=> .in_transaction(#asked))
        });
        types.chain(asked).collect()
    }
}

/// Parses an expression over the parameters.
fn asked(arg: Arg, cx: &Ctxt) -> Option<Expr> {
    match &arg.value {
        Value::Is(Expr::Closure(_) | Expr::Lit(_)) | Value::List(_) => {
            cx.error_at(
                &arg.name,
                "`transaction` stands alone, or is an expression over the parameters that tells whether the call is in a \
                 transaction: `transaction = conn.is_in_transaction()`",
            );
            None
        }
        _ => arg.expr(cx),
    }
}

/// Reports every transaction among the parameters, with `message`: for a function that is never called in one.
pub(crate) fn refuse(sig: &Signature, message: &str, cx: &Ctxt) {
    for suspect in found::suspects(sig) {
        if let Kind::Transaction = suspect.kind {
            let name = suspect.name();
            cx.error_at(
                suspect.path,
                format!(
                    "{message}; if this `{name}` is not a database transaction, import it under another name: \
                     `use ... as ...`"
                ),
            );
        }
    }
}

fn names(input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
    let parser = Punctuated::<Ident, syn::Token![,]>::parse_separated_nonempty_with;
    let names = parser(input, Ident::parse_any)?;
    input.parse::<Option<syn::Token![,]>>()?;
    Ok(names.into_iter().collect())
}

fn unexplained(suspect: &Suspect<'_>, access: Access) -> String {
    let name = suspect.name();
    let param = suspect.names.first().map_or("conn".to_owned(), |name| name.unraw().to_string());
    let outside = match suspect.kind {
        Kind::Transaction => {
            format!("this `{name}` is no database transaction but a type of your own")
        }
        Kind::Connection => format!("`{param}` never is in a transaction"),
    };
    let (because, within) = match access {
        Access::Reads => (
            "in which a reader may see what is never committed",
            "where the function goes past the cache",
        ),
        Access::Writes => (
            "which is committed after the function has returned and its keys are settled",
            "which settles the keys after the commit",
        ),
    };
    format!(
        "`{name}` may be in a database transaction, {because}: write `transaction`, and call the function \
         within `cache_runtime::transaction(...)`, {within}; or write `outside_transaction({param})` if {outside}"
    )
}
