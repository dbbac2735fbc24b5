//! What `#[cached]` knows once all is read: the user's own tokens, so that any later stage can
//! point at them.

use proc_macro2::Ident;
use syn::{Expr, ExprClosure};

use crate::duration::Length;
use crate::encoding::Encoding;
use crate::freshness_args::FreshnessArgs;
use crate::function::Function;
use crate::key::Key;
use crate::params::Params;
use crate::shared_args::SharedArgs;

pub(crate) struct Cached {
    pub(crate) function: Function,
    pub(crate) params: Params,
    pub(crate) options: Options,
}

/// The arguments. What is missing or could not be read is `None`, and was reported.
pub(crate) struct Options {
    pub(crate) key: Option<Key>,
    /// What the other arguments override.
    pub(crate) policy: Option<Expr>,
    pub(crate) ttl: Option<Ttl>,
    pub(crate) lock: Option<Lock>,
    pub(crate) skip: Vec<Ident>,
    /// The parameter that is a list, each of whose elements has a key.
    pub(crate) each: Option<Ident>,
    pub(crate) negative_ttl: Option<NegativeTtl>,
    pub(crate) freshness: FreshnessArgs,
    pub(crate) encoding: Encoding,
    /// What groups of entries are marked with: keys of their own.
    pub(crate) tags: Vec<Key>,
    /// A condition on the arguments: without it the cache is left alone.
    pub(crate) when: Option<Expr>,
    /// A condition on the value: with it nothing is stored.
    pub(crate) unless: Option<Expr>,
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
    /// Where it is written, for the error of a function that never returns `None`.
    pub(crate) name: Ident,
    pub(crate) length: Length,
}

impl Cached {
    pub(crate) fn new(function: Function, options: Options) -> Self {
        let mut params = function.params();
        params.each.clone_from(&options.each);
        Cached { function, params, options }
    }

    /// Whether `param` is what `cache = ...` names: that is where values are, not what they are of.
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
