//! What `#[write_through]` knows once all is read: the user's own tokens, so that any later stage can
//! point at them.

use proc_macro2::Span;
use syn::{Expr, ExprClosure};

use crate::duration::Length;
use crate::encoding::Encoding;
use crate::freshness_args::FreshnessArgs;
use crate::function::Function;
use crate::key::Key;
use crate::params::Params;
use crate::shared_args::SharedArgs;

pub(crate) struct WriteThrough {
    pub(crate) function: Function,
    pub(crate) params: Params,
    pub(crate) options: Options,
}

/// The arguments. What is missing or could not be read is `None`, and was reported.
pub(crate) struct Options {
    /// The key whose entry's place the value takes.
    pub(crate) key: Option<Key>,
    pub(crate) ttl: Option<Ttl>,
    /// What is stored, if not what the function returns.
    pub(crate) value: Option<Value>,
    /// Other keys that the function makes stale.
    pub(crate) invalidates: Vec<Key>,
    pub(crate) tags: Tags,
    /// Where `on_unavailable = "error"` stands.
    pub(crate) refuses: Option<Span>,
    /// What the other arguments override: that of its readers.
    pub(crate) policy: Option<Expr>,
    pub(crate) freshness: FreshnessArgs,
    pub(crate) encoding: Encoding,
    pub(crate) shared: SharedArgs,
}

pub(crate) enum Ttl {
    Length(Length),
    /// `|user: &User| ...`
    OfValue(ExprClosure),
}

pub(crate) enum Value {
    /// `|saved: &Saved| &saved.user`, or the path of a function: of what is returned.
    Of(Expr),
    /// `user`: of the parameters, before the body runs.
    Given(Expr),
    /// Something that was reported.
    Unreadable,
}

#[derive(Default)]
pub(crate) struct Tags {
    /// `tags(...)`: what the function makes stale.
    pub(crate) fenced: Vec<Key>,
    /// `tags = [...]`: what makes the entry stale.
    pub(crate) carried: Vec<Key>,
}

impl Options {
    /// The keys and tags that are fenced, as far as they are known before.
    pub(crate) fn fences(&self) -> impl Iterator<Item = &Key> {
        self.key.iter().chain(&self.invalidates).chain(&self.tags.fenced)
    }

    /// All keys and tags.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        let Options { key, invalidates, tags, .. } = self;
        key.iter().chain(invalidates).chain(&tags.fenced).chain(&tags.carried)
    }
}
