//! The rules of `#[invalidates]`. Its keys and tags need not name every parameter: the readers decide what a key is made
//! of.

use super::model::Invalidates;
use crate::ctxt::Ctxt;
use crate::{on_unavailable, stale_keys, transactions, validation};

pub(super) fn all(model: &Invalidates, cx: &Ctxt) {
    validation::check_async(&model.function, "#[invalidates]", cx);
    transactions::check(&model.function.sig, COMMITS_TOO_LATE, cx);
    let keys = || model.options.keys.iter().chain(&model.options.tags);
    stale_keys::check(&model.function, &model.params, keys(), cx);
    on_unavailable::check(model.options.refuses, keys(), cx);
}

const COMMITS_TOO_LATE: &str = "the caller commits this transaction after the keys are \
    invalidated, so readers could cache the old value again: begin and commit it inside the \
    function, or fence the keys where it is committed: `cache.fence([..])`, commit, `settle()`";
