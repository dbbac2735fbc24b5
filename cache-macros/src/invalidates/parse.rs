//! Parses the arguments of `#[invalidates]`.

use proc_macro2::{Span, TokenStream};

use super::model::Options;
use crate::args::{Args, Spec};
use crate::ctxt::Ctxt;
use crate::hold;
use crate::key::Key;
use crate::lists;
use crate::on_unavailable;
use crate::params::Params;
use crate::per_call;
use crate::shared_args::{self, SharedArgs};
use crate::transactions::{self, Transactions};
use crate::when;

pub(crate) const INVALIDATES: Spec = Spec {
    attribute: "`#[invalidates]`",
    known: &[
        &[
            ("tags", "tags(\"tenant:<tenant>\")"),
            lists::USAGE,
            on_unavailable::USAGE,
            when::USAGE,
            hold::USAGE,
        ],
        transactions::USAGES,
        shared_args::USAGES,
    ],
    refused: &[
        (
            "key",
            "`#[invalidates]` takes keys without a name, since there can be several: `#[invalidates({})]`",
        ),
        ("keys", "`#[invalidates]` takes keys without a name: `#[invalidates({})]`"),
        (
            "ttl",
            "`#[invalidates]` stores nothing, so it has no `ttl`: remove it, or use `#[write_through]` to store the result",
        ),
        ("lock", "`lock` is for readers: remove it; a writer fences its keys instead"),
        (
            "skip",
            "`skip` is for readers: remove it; the keys of a writer need not name every parameter",
        ),
    ],
    of_type: None,
    positional: None,
};

pub(super) fn options(tokens: TokenStream, params: &Params, cx: &Ctxt) -> Options {
    let mut args = Args::parse(tokens, &INVALIDATES, cx);
    per_call::check(&args, params, cx);
    let keys = std::mem::take(&mut args.positional);
    let tags = args.take("tags");
    if keys.is_empty() && tags.is_none() && args.lacks("key") && args.lacks("keys") {
        let message = "`#[invalidates]` needs the keys or tags that the function makes stale: \
                       `#[invalidates(\"user:<user.id>\")]`";
        cx.error(syn::Error::new(Span::call_site(), message));
    }
    Options {
        keys: keys.into_iter().filter_map(|key| Key::parse(key, cx)).collect(),
        tags: tags
            .map(|tags| Key::list(tags, cx))
            .into_iter()
            .flatten()
            .map(Key::into_tag)
            .collect(),
        each: lists::parse(&mut args, cx),
        refuses: on_unavailable::parse(&mut args, cx),
        when: when::parse(&mut args, cx),
        hold: hold::parse(&mut args, cx),
        transactions: Transactions::parse(&mut args, cx),
        shared: SharedArgs::parse(&mut args, params, cx),
    }
}
