//! Reads the arguments of `#[invalidates]`.

use proc_macro2::{Span, TokenStream};

use super::model::Options;
use crate::args::{Args, Spec};
use crate::common::Common;
use crate::ctxt::Ctxt;
use crate::key::Key;

const INVALIDATES: Spec = Spec {
    attribute: "`#[invalidates]`",
    known: &[
        ("cache", "cache = self.cache"),
        ("version", "version = 2"),
        ("name", "name = \"users.update\""),
        ("crate", "crate = my_cache"),
    ],
    refused: &[(
        "key",
        "keys have no name here, since there can be several: `#[invalidates(\"user:<user.id>\")]`",
    )],
    positional: None,
};

pub(super) fn options(tokens: TokenStream, cx: &Ctxt) -> Options {
    let mut args = Args::parse(tokens, &INVALIDATES, cx);
    let keys = std::mem::take(&mut args.positional);
    if keys.is_empty() && args.lacks("key") {
        let message = "`#[invalidates]` needs the keys that the function makes stale: \
                       `#[invalidates(\"user:<user.id>\")]`";
        cx.error(syn::Error::new(Span::call_site(), message));
    }
    Options {
        keys: keys.into_iter().filter_map(|key| Key::parse(key, cx)).collect(),
        common: Common::parse(&mut args, cx),
    }
}
