//! Finds types and bounds that are known for transactions, connections and executors, by the names that sqlx, sea-orm,
//! diesel, diesel-async, tokio-postgres, rusqlite and mongodb give them.

use syn::visit::{self, Visit};
use syn::{
    FnArg, GenericParam, Ident, ParenthesizedGenericArguments, Path, PathSegment, ReceiverKind,
    Signature, TraitBound, Type, TypeFnPtr, TypePath, WherePredicate,
};

use crate::params;

/// The types of transactions, with the usual aliases.
const TRANSACTIONS: [&str; 8] = [
    "Transaction",
    "DatabaseTransaction",
    "PgTransaction",
    "SqliteTransaction",
    "MySqlTransaction",
    "Savepoint",
    "Tx",
    "Txn",
];

/// The types of connections, any of which may be in a transaction. A pool is none of them: a transaction holds one of its
/// connections.
const CONNECTIONS: [&str; 17] = [
    "Connection",
    "PgConnection",
    "MySqlConnection",
    "MysqlConnection",
    "MssqlConnection",
    "SqliteConnection",
    "AnyConnection",
    "PoolConnection",
    "PooledConnection",
    "AsyncPgConnection",
    "AsyncMysqlConnection",
    "AsyncSqliteConnection",
    "AsyncConnectionWrapper",
    "SyncConnectionWrapper",
    "DatabaseExecutor",
    "ClientSession",
    "ClientTransaction",
];

/// The traits of what may be one of either.
const TRAITS: [&str; 13] = [
    "Connection",
    "ConnectionTrait",
    "TransactionTrait",
    "StreamTrait",
    "Executor",
    "PgExecutor",
    "MySqlExecutor",
    "SqliteExecutor",
    "Acquire",
    "AsyncConnection",
    "AsyncConnectionCore",
    "LoadConnection",
    "GenericClient",
];

/// Connections whose names say nothing without their crates.
const OF_CRATES: [(&str, &[&str]); 2] = [
    ("tokio_postgres", &["Client"]),
    ("deadpool_postgres", &["Client", "Object", "ClientWrapper"]),
];

/// Crates whose connections have no transactions that a cache could mistake.
const OTHER_CRATES: [&str; 2] = ["redis", "lapin"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Transaction,
    Connection,
}

/// A parameter that is, or may be, in a transaction.
pub(super) struct Suspect<'ast> {
    pub(super) kind: Kind,
    /// The type or bound that says so.
    pub(super) path: &'ast Path,
    /// What the parameter is called; the type parameter, where no parameter is of its type.
    pub(super) names: Vec<Ident>,
}

impl Suspect<'_> {
    /// The name of the type or trait.
    pub(super) fn name(&self) -> String {
        self.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default()
    }
}

/// All of them, each once.
pub(super) fn suspects(sig: &Signature) -> Vec<Suspect<'_>> {
    let bounded = bounded(sig);
    let mut suspects = Vec::new();
    let mut used = Vec::new();
    for input in &sig.inputs {
        let (names, ty) = match input {
            FnArg::Typed(typed) => (params::bound(&typed.pat), &*typed.ty),
            FnArg::Receiver(receiver) => match &receiver.kind {
                ReceiverKind::Typed(_, ty) => {
                    (vec![Ident::new("self", receiver.self_token.span)], &**ty)
                }
                _ => continue,
            },
        };
        let by_bound = bounded.iter().find(|(of, ..)| mentions(ty, of));
        used.extend(by_bound.map(|(of, ..)| of.clone()));
        let found = Found::within(|found| found.visit_type(ty))
            .or_else(|| by_bound.map(|(_, kind, path)| (*kind, *path)));
        // One that has no name is not used.
        if let Some((kind, path)) = found.filter(|_| !names.is_empty()) {
            suspects.push(Suspect { kind, path, names });
        }
    }
    for (of, kind, path) in bounded.into_iter().filter(|(of, ..)| !used.contains(of)) {
        // Of `Self`, or of a type parameter of the `impl`.
        let is_own = sig.generics.type_params().any(|param| param.ident == of);
        let name = if is_own { of } else { Ident::new("self", of.span()) };
        suspects.push(Suspect { kind, path, names: vec![name] });
    }
    suspects
}

/// Type parameters and other types, `Self` among them, whose bounds make them suspect.
fn bounded(sig: &Signature) -> Vec<(Ident, Kind, &Path)> {
    let inline = sig.generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some((param.ident.clone(), param.bounds.iter().collect())),
        _ => None,
    });
    let predicates = sig.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let clauses = predicates.filter_map(|predicate| match predicate {
        WherePredicate::Type(of) => {
            let bounds: Vec<_> = of.bounds.iter().collect();
            Some((innermost(&of.bounded_ty)?.clone(), bounds))
        }
        _ => None,
    });
    let mut found: Vec<(Ident, Kind, &Path)> = Vec::new();
    for (of, bounds) in inline.chain(clauses) {
        let first = bounds
            .into_iter()
            .find_map(|bound| Found::within(|found| found.visit_type_param_bound(bound)));
        if let Some((kind, path)) = first
            && !found.iter().any(|(known, ..)| *known == of)
        {
            found.push((of, kind, path));
        }
    }
    found
}

/// `C` of `C`, `&mut C` and `C::Item`.
fn innermost(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Reference(ty) => innermost(&ty.elem),
        Type::Paren(ty) => innermost(&ty.elem),
        Type::Group(ty) => innermost(&ty.elem),
        Type::Path(path) => path.path.segments.first().map(|first| &first.ident),
        _ => None,
    }
}

/// Whether a type mentions this type parameter.
fn mentions(ty: &Type, name: &Ident) -> bool {
    struct Mentions<'a>(&'a Ident, bool);

    impl<'ast> Visit<'ast> for Mentions<'_> {
        fn visit_ident(&mut self, ident: &'ast Ident) {
            self.1 |= ident == self.0;
        }

        fn visit_path_segment(&mut self, segment: &'ast PathSegment) {
            if !holds_no_connection(&segment.ident) {
                visit::visit_path_segment(self, segment);
            }
        }

        fn visit_type_fn_ptr(&mut self, _: &'ast TypeFnPtr) {}
        fn visit_parenthesized_generic_arguments(
            &mut self,
            _: &'ast ParenthesizedGenericArguments,
        ) {
        }
    }

    let mut mentions = Mentions(name, false);
    mentions.visit_type(ty);
    mentions.1
}

/// The first type or trait of such a name, behind any reference, wrapper, slice, tuple or bound.
struct Found<'ast>(Option<(Kind, &'ast Path)>);

impl<'ast> Found<'ast> {
    fn within(visit: impl FnOnce(&mut Found<'ast>)) -> Option<(Kind, &'ast Path)> {
        let mut found = Found(None);
        visit(&mut found);
        found.0
    }

    fn see(&mut self, path: &'ast Path, connections: &[&str]) {
        let Some(last) = path.segments.last() else { return };
        let of = |name: &str| path.segments.iter().any(|segment| segment.ident == name);
        if self.0.is_some() || OTHER_CRATES.into_iter().any(of) {
            return;
        }
        let is = |names: &[&str]| names.iter().any(|name| last.ident == name);
        let of_crate =
            || OF_CRATES.into_iter().any(|(crate_name, names)| of(crate_name) && is(names));
        if is(&TRANSACTIONS) {
            self.0 = Some((Kind::Transaction, path));
        } else if is(connections) || of_crate() {
            self.0 = Some((Kind::Connection, path));
        }
    }
}

impl<'ast> Visit<'ast> for Found<'ast> {
    fn visit_type_path(&mut self, ty: &'ast TypePath) {
        self.see(&ty.path, &CONNECTIONS);
        visit::visit_type_path(self, ty);
    }

    fn visit_trait_bound(&mut self, bound: &'ast TraitBound) {
        self.see(&bound.path, &TRAITS);
        visit::visit_trait_bound(self, bound);
    }

    fn visit_path_segment(&mut self, segment: &'ast PathSegment) {
        if !holds_no_connection(&segment.ident) {
            visit::visit_path_segment(self, segment);
        }
    }

    // A function that takes a transaction gets one that begins inside the annotated function.
    fn visit_type_fn_ptr(&mut self, _: &'ast TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments(&mut self, _: &'ast ParenthesizedGenericArguments) {}
}

/// A pool gives connections that are in no transaction yet.
fn holds_no_connection(name: &Ident) -> bool {
    let name = name.to_string();
    name.ends_with("Pool") || name.ends_with("Manager") || name == "PhantomData"
}
