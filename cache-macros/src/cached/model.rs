//! The model of `#[cached]`. It keeps the user's tokens, so that later stages can point at them.

use proc_macro2::Ident;
use syn::{Expr, ExprClosure};

use super::local::Local;
use super::negative::Negative;
use super::row_ids::RowIds;
use crate::duration::Length;
use crate::encoding::Encoding;
use crate::freshness_args::FreshnessArgs;
use crate::function::Function;
use crate::key::Key;
use crate::params::Params;
use crate::shared_args::SharedArgs;
use crate::transactions::Transactions;

pub(crate) struct Cached {
    pub(crate) function: Function,
    pub(crate) params: Params,
    pub(crate) options: Options,
}

/// The arguments. One that is missing or could not be parsed is `None` and has been reported.
pub(crate) struct Options {
    /// Whether all arguments were read: otherwise nobody knows which parameters they name.
    pub(crate) complete: bool,
    pub(crate) key: Option<Key>,
    /// The shared policy, which other arguments override.
    pub(crate) policy: Option<Expr>,
    pub(crate) ttl: Option<Ttl>,
    pub(crate) lock: Option<Lock>,
    /// Whether the process keeps copies.
    pub(crate) local: Option<Local>,
    pub(crate) skip: Vec<Ident>,
    /// The list whose elements have a key each.
    pub(crate) each: Option<Ident>,
    /// Which of them a row belongs to.
    pub(crate) row_ids: RowIds,
    pub(crate) negative_ttl: Option<NegativeTtl>,
    /// An error that is remembered as a `None` is.
    pub(crate) negative: Option<Negative>,
    pub(crate) freshness: FreshnessArgs,
    pub(crate) encoding: Encoding,
    /// What compares a value with what its encoding gives back.
    pub(crate) same: Option<Expr>,
    /// The tags of the entry.
    pub(crate) tags: Vec<Key>,
    /// The closure that gives those that its value names.
    pub(crate) value_tags: Option<Expr>,
    /// A condition on the parameters: if it is false, the call bypasses the cache.
    pub(crate) when: Option<Expr>,
    /// A condition on the value: if it is true, the value is not stored.
    pub(crate) unless: Option<Expr>,
    /// What is kept of the value that the body returns.
    pub(crate) value: Option<Expr>,
    pub(crate) transactions: Transactions,
    pub(crate) shared: SharedArgs,
}

pub(crate) enum Ttl {
    Length(Length),
    /// `|user: &User| ...`
    OfValue(ExprClosure),
}

/// `lock` or `lock(lease = ..., wait = ...)`
pub(crate) struct Lock {
    pub(crate) lease: Option<Length>,
    pub(crate) wait: Option<Length>,
}

pub(crate) struct NegativeTtl {
    /// The argument's name, for the error of a function that never returns `None`.
    pub(crate) name: Ident,
    pub(crate) length: Length,
}

impl Cached {
    pub(crate) fn new(function: Function, options: Options) -> Self {
        let mut params = function.params();
        params.each.clone_from(&options.each);
        Cached { function, params, options }
    }

    /// Whether `param` is the cache of `cache = ...`, which does not shape the value.
    pub(crate) fn is_the_cache(&self, param: &Ident) -> bool {
        let mut cache = self.options.shared.cache.as_ref();
        while let Some(Expr::Reference(reference)) = cache {
            cache = Some(&reference.expr);
        }
        matches!(cache, Some(Expr::Path(path)) if path.path.is_ident(param))
    }

    pub(crate) fn skips(&self, param: &Ident) -> bool {
        self.options.skip.contains(param)
    }
}
