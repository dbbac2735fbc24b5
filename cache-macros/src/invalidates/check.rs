//! The rules of `#[invalidates]`. Its keys and tags need not name every parameter: the readers decide what a key is made
//! of.

use super::model::Invalidates;
use crate::ctxt::Ctxt;
use crate::{on_unavailable, validation};

pub(super) fn all(model: &Invalidates, cx: &Ctxt) {
    validation::check_async(&model.function, "#[invalidates]", cx);
    validation::check_transactions(&model.function, COMMITS_TOO_LATE, cx);
    for key in model.options.keys.iter().chain(&model.options.tags) {
        validation::check_key(key, &model.params, cx);
    }
    let fences = model.options.keys.iter().chain(&model.options.tags);
    on_unavailable::check(model.options.refuses, fences, cx);
}

const COMMITS_TOO_LATE: &str = "the caller commits this transaction after the keys are \
    invalidated, so readers could cache the old value again: begin and commit it inside the \
    function, or fence the keys where it is committed: `cache.fence([..])`, commit, `settle()`";
