//! The model of `#[invalidates]`.

use proc_macro2::{Ident, Span};
use syn::Expr;

use crate::duration::Length;
use crate::function::Function;
use crate::key::Key;
use crate::params::Params;
use crate::shared_args::SharedArgs;
use crate::transactions::Transactions;

pub(crate) struct Invalidates {
    pub(crate) function: Function,
    pub(crate) params: Params,
    pub(crate) options: Options,
}

pub(crate) struct Options {
    pub(crate) keys: Vec<Key>,
    /// The tags whose entries the function makes stale.
    pub(crate) tags: Vec<Key>,
    /// The list with a key for each element.
    pub(crate) each: Option<Ident>,
    /// The span of `on_unavailable = "error"`.
    pub(crate) refuses: Option<Span>,
    /// A condition on the parameters: if it is false, nothing is invalidated.
    pub(crate) when: Option<Expr>,
    pub(crate) hold: Option<Length>,
    pub(crate) transactions: Transactions,
    pub(crate) shared: SharedArgs,
}

impl Invalidates {
    pub(crate) fn new(function: Function, options: Options) -> Self {
        let mut params = function.params();
        params.result = true;
        params.each.clone_from(&options.each);
        Invalidates { function, params, options }
    }
}
