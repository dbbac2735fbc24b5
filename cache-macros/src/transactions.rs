//! Finds parameters that are database transactions.
//!
//! Within a transaction a reader may see rows that never commit, and a writer commits after the attribute has finished.
//! Either would leave wrong values in the cache.

use syn::visit::{self, Visit};
use syn::{
    FnArg, GenericParam, Ident, ParenthesizedGenericArguments, PatType, Signature, Type, TypeFnPtr,
    TypePath,
};

use crate::ctxt::Ctxt;

/// The names of transaction types in `sqlx` (with aliases), `tokio-postgres`, `rusqlite`, `mongodb` and `sea-orm`.
const TRANSACTIONS: [&str; 5] = [
    "Transaction",
    "DatabaseTransaction",
    "PgTransaction",
    "SqliteTransaction",
    "MySqlTransaction",
];

/// Reports every transaction among the parameters, with `message`.
pub(crate) fn check(sig: &Signature, message: &str, cx: &Ctxt) {
    for input in &sig.inputs {
        if let FnArg::Typed(typed) = input {
            report(Found::within_type(&typed.ty), message, cx);
        }
    }
    let mut found = Found(Vec::new());
    found.visit_generics(&sig.generics);
    report(found.0, message, cx);
}

fn report(found: Vec<&TypePath>, message: &str, cx: &Ctxt) {
    // One message is enough for `Result<Transaction, Transaction>`.
    for path in found.into_iter().take(1) {
        let name = path.path.segments.last().map(|last| last.ident.to_string());
        let name = name.unwrap_or_default();
        cx.error_at(
            path,
            format!(
                "{message}; if this `{name}` is not a database transaction, import it under another name: \
                 `use ... as ...`"
            ),
        );
    }
}

/// Whether the parameter is a transaction, or holds one.
pub(crate) fn is_transaction(sig: &Signature, typed: &PatType) -> bool {
    let bounded = sig.generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => {
            let mut found = Found(Vec::new());
            found.visit_type_param(param);
            (!found.0.is_empty()).then_some(&param.ident)
        }
        _ => None,
    });
    let mut names = Names { of: bounded.collect(), found: false };
    names.visit_type(&typed.ty);
    names.found || !Found::within_type(&typed.ty).is_empty()
}

/// The types that are named like transactions, behind any reference, wrapper, slice, tuple or bound.
struct Found<'ast>(Vec<&'ast TypePath>);

impl<'ast> Found<'ast> {
    fn within_type(ty: &'ast Type) -> Vec<&'ast TypePath> {
        let mut found = Found(Vec::new());
        found.visit_type(ty);
        found.0
    }
}

impl<'ast> Visit<'ast> for Found<'ast> {
    fn visit_type_path(&mut self, ty: &'ast TypePath) {
        let last = ty.path.segments.last();
        if last.is_some_and(|last| TRANSACTIONS.iter().any(|name| last.ident == name)) {
            self.0.push(ty);
        }
        visit::visit_type_path(self, ty);
    }

    // A function that takes a transaction gets one that begins inside of the annotated function.
    fn visit_type_fn_ptr(&mut self, _: &'ast TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments(&mut self, _: &'ast ParenthesizedGenericArguments) {}
}

/// Whether a type mentions one of these names.
struct Names<'a> {
    of: Vec<&'a Ident>,
    found: bool,
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_ident(&mut self, ident: &'ast Ident) {
        self.found |= self.of.contains(&ident);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    /// The parameters that are transactions, of a function with this signature.
    fn found(sig: &Signature) -> usize {
        let typed = sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        });
        typed.filter(|typed| is_transaction(sig, typed)).count()
    }

    #[test]
    fn transactions_are_known_by_name() {
        let sig: Signature = parse_quote! {
            fn f(
                a: &mut sqlx::Transaction<'_, Postgres>,
                b: DatabaseTransaction,
                c: &BankTransaction,
                d: Option<u8>,
                e: &&PgTransaction<'_>,
            )
        };
        assert_eq!(found(&sig), 3);
    }

    #[test]
    fn transactions_are_found_in_every_wrapper() {
        let sig: Signature = parse_quote! {
            fn f<'a, T: AsMut<Transaction<'a>>, C: Connection>(
                a: Option<&mut Transaction<'_>>,
                b: &Mutex<Transaction<'_>>,
                c: Arc<tokio::sync::Mutex<PgTransaction<'_>>>,
                d: &mut [Transaction<'_>],
                e: (u8, &mut Transaction<'_>),
                f: impl DerefMut<Target = Transaction<'a>>,
                g: &mut dyn Borrow<Transaction<'a>>,
                h: T,
                i: [Box<DatabaseTransaction>; 1],
            )
        };
        assert_eq!(found(&sig), 9);
    }

    #[test]
    fn what_begins_one_inside_is_none() {
        let sig: Signature = parse_quote! {
            fn f(
                work: impl FnOnce(&mut Transaction<'_>) -> u8,
                work: fn(Transaction<'_>),
                pool: &Pool,
                log: &TransactionLog,
            )
        };
        assert_eq!(found(&sig), 0);
    }
}
