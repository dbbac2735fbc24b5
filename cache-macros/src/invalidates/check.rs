//! The rules of `#[invalidates]`. Its keys and tags need not name every parameter: the readers decide what a key is made
//! of.

use super::model::Invalidates;
use crate::ctxt::Ctxt;
use crate::transactions::Access;
use crate::{on_unavailable, stale_keys, validation};

pub(super) fn all(model: &Invalidates, cx: &Ctxt) {
    validation::check_async(&model.function, "#[invalidates]", cx);
    model.options.transactions.check(&model.function, &model.params, Access::Writes, cx);
    let keys = || model.options.keys.iter().chain(&model.options.tags);
    stale_keys::check(&model.function, &model.params, &model.options.keys, &model.options.tags, cx);
    on_unavailable::check(model.options.refuses, keys(), cx);
}
