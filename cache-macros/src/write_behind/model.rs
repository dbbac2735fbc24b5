//! The model of `#[write_behind]`.

use proc_macro2::Ident;
use syn::{Expr, LitStr, Type};

use crate::duration::Length;
use crate::encoding::Encoding;
use crate::freshness_args::FreshnessArgs;
use crate::function::Function;
use crate::key::Key;
use crate::params::Params;
use crate::shared_args::SharedArgs;

pub(crate) struct WriteBehind {
    pub(crate) function: Function,
    /// The names that the key may use: the value, and `self`.
    pub(crate) params: Params,
    pub(crate) options: Options,
}

/// The arguments. One that is missing or could not be parsed is `None` and has been reported.
pub(crate) struct Options {
    pub(crate) queue: Option<LitStr>,
    pub(crate) key: Option<Key>,
    pub(crate) ttl: Option<Length>,
    pub(crate) enqueue: Option<Enqueue>,
    /// The tags of an entry once it is in the database.
    pub(crate) tags: Vec<Key>,
    /// The shared policy, which other arguments override.
    pub(crate) policy: Option<Expr>,
    pub(crate) freshness: FreshnessArgs,
    pub(crate) encoding: Encoding,
    /// What compares a value with what its encoding gives back.
    pub(crate) same: Option<Expr>,
    /// The settings of the queue, each with the method that sets it.
    pub(crate) settings: Vec<(&'static str, Setting)>,
    pub(crate) shared: SharedArgs,
}

/// `save(user)`
pub(crate) struct Enqueue {
    pub(crate) name: Ident,
    pub(crate) value: Ident,
}

pub(crate) enum Setting {
    Number(Expr),
    Time(Length),
}

/// What the expansion needs of the batch function's signature.
pub(crate) struct Batch<'a> {
    pub(crate) receiver: ReceiverForm,
    /// The parameter's type.
    pub(crate) parameter: &'a Type,
    /// The type of the queue's values.
    pub(crate) value: &'a Type,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReceiverForm {
    /// A free function.
    None,
    /// `&self`
    Reference,
    /// `self: Arc<Self>`
    Shared,
    /// `self: &Arc<Self>`
    SharedReference,
}

impl WriteBehind {
    pub(crate) fn new(function: Function, options: Options) -> Self {
        let Params { receiver, names, .. } = function.params();
        let batch = names.into_iter().next();
        let value = options.enqueue.as_ref().map(|enqueue| enqueue.value.clone());
        let params =
            Params { receiver, names: value.into_iter().collect(), batch, ..Params::default() };
        WriteBehind { function, params, options }
    }
}
