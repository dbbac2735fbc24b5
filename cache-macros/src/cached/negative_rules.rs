//! The rules of `negative`: an error that is remembered has a time, and is of a function that has no other way to say that there
//! is no value.

use super::model::Cached;
use super::negative::Negative;
use crate::ctxt::Ctxt;
use crate::tokens;
use crate::value_closures::inside;
use syn::Type;

pub(super) fn check(model: &Cached, cx: &Ctxt) {
    let Some(Negative { error, .. }) = &model.options.negative else { return };
    if model.options.negative_ttl.is_none() && model.options.policy.is_none() {
        cx.error_at(
            error,
            "`negative` does not say for how long the error is remembered: add `negative_ttl = 60`",
        );
    }
    if model.options.each.is_some() {
        cx.error_at(error, "rows of a batch that do not exist are missing in its result: remove `negative`, which is for one key");
        return;
    }
    if let Some(output) = model.function.output().filter(|output| cannot_fail(output)) {
        let text = tokens::text(output);
        cx.error_at(error, format!("`negative` is an error of the body, and `{text}` has none: remove `negative`; `None` is remembered by `negative_ttl` alone"));
    }
    let optional = model.function.output().and_then(|output| inside(output, "Result"));
    if optional.is_some_and(|value| inside(value, "Option").is_some()) {
        cx.error_at(error, "the function returns an `Option`, whose `None` is remembered: remove `negative`, or return `None` instead of this error");
    }
}

/// Whether this is no `Result`, as far as its name tells: others may be aliases of one.
fn cannot_fail(output: &Type) -> bool {
    const PLAIN: [&str; 8] =
        ["Arc", "BTreeMap", "HashMap", "Option", "String", "Vec", "bool", "char"];
    match output {
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|last| PLAIN.iter().any(|it| last.ident == it))
        }
        Type::Tuple(_) | Type::Array(_) => true,
        _ => false,
    }
}
