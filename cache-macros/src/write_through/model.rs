//! The model of `#[write_through]`. It keeps the user's tokens, so that later stages can point at them.

use proc_macro2::{Ident, Span};
use syn::{Expr, ExprClosure};

use crate::duration::Length;
use crate::encoding::Encoding;
use crate::freshness_args::FreshnessArgs;
use crate::function::Function;
use crate::key::Key;
use crate::params::Params;
use crate::shared_args::SharedArgs;
use crate::transactions::Transactions;

pub(crate) struct WriteThrough {
    pub(crate) function: Function,
    pub(crate) params: Params,
    pub(crate) options: Options,
}

/// The arguments. One that is missing or could not be parsed is `None` and has been reported.
pub(crate) struct Options {
    /// The key under which the value is stored.
    pub(crate) key: Option<Key>,
    pub(crate) ttl: Option<Ttl>,
    /// The value to store, if it is not the result.
    pub(crate) value: Option<Value>,
    /// Other keys that the function makes stale.
    pub(crate) invalidates: Vec<Key>,
    pub(crate) tags: Tags,
    /// The list with another key for each element.
    pub(crate) each: Option<Ident>,
    /// The span of `on_unavailable = "error"`.
    pub(crate) refuses: Option<Span>,
    /// The policy of its readers, which other arguments override.
    pub(crate) policy: Option<Expr>,
    pub(crate) freshness: FreshnessArgs,
    pub(crate) encoding: Encoding,
    /// A condition on the parameters: if it is false, nothing is stored and nothing invalidated.
    pub(crate) when: Option<Expr>,
    pub(crate) transactions: Transactions,
    /// What compares a value with what its encoding gives back.
    pub(crate) same: Option<Expr>,
    pub(crate) shared: SharedArgs,
}

pub(crate) enum Ttl {
    Length(Length),
    /// `|user: &User| ...`
    OfValue(ExprClosure),
}

pub(crate) enum Value {
    /// `|saved: &Saved| &saved.user`, or the path of a function: takes the result.
    Of(Expr),
    /// `user`: an expression over the parameters, evaluated before the body.
    Given(Expr),
    /// An expression that has been reported.
    Unreadable,
}

#[derive(Default)]
pub(crate) struct Tags {
    /// `tags(...)`: the tags that the function makes stale.
    pub(crate) fenced: Vec<Key>,
    /// `tags = [...]`: the tags of the entry.
    pub(crate) carried: Vec<Key>,
}

impl Options {
    /// The keys and tags that the function makes stale. They are fenced, unless they name the result.
    pub(crate) fn fences(&self) -> impl Iterator<Item = &Key> {
        self.key.iter().chain(&self.invalidates).chain(&self.tags.fenced)
    }
}
