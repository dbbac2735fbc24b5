//! The rules of `id` and `group`, one function for each, with its reason.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Expr, GenericArgument, PathArguments, Type};

use super::model::Cached;
use super::row_ids::RowIds;
use crate::ctxt::Ctxt;
use crate::params;
use crate::tokens;

pub(super) fn check(model: &Cached, cx: &Ctxt) {
    let RowIds { id, group, broken } = &model.options.row_ids;
    let each = model.options.each.as_ref();
    match (id, group) {
        _ if *broken => return,
        (Some((name, _)), _) if each.is_none() => {
            cx.error_at(
                name,
                "`id` says which element of a list a row belongs to: add `each = ids`, or remove `id`",
            );
            return;
        }
        (None, Some(name)) => {
            cx.error_at(
                name,
                "`group` is for a list of rows, each with its id: add `id = |row: &Row| row.id`, or remove `group`",
            );
            return;
        }
        _ => {}
    }
    if let Some((_, id)) = id {
        check_sees_only_the_row(model, id, cx);
    } else if let (Some(list), Some((output, row))) = (each, model.function.output().and_then(rows))
    {
        check_rows_have_ids(list, output, row, cx);
    }
    if let (Some(_), Some(negative)) = (group, &model.options.negative_ttl) {
        cx.error_at(
            &negative.name,
            "with `group`, an id without rows has an empty list, which is kept for `ttl`: remove `negative_ttl`",
        );
    }
}

/// The rows of a call may be loaded by another one.
fn check_sees_only_the_row(model: &Cached, id: &Expr, cx: &Ctxt) {
    let own = match id {
        Expr::Closure(closure) => closure.inputs.iter().flat_map(params::bound).collect(),
        _ => Vec::new(),
    };
    let body = match id {
        Expr::Closure(closure) => closure.body.to_token_stream(),
        other => other.to_token_stream(),
    };
    let names = model.params.names.iter().filter(|name| !own.contains(name));
    let names = names.map(|name| name.unraw().to_string()).chain(["self".to_owned()]);
    for name in names {
        if tokens::mentions(body.clone(), &name) {
            cx.error_at(
                id,
                format!("`id` sees the row and nothing else, so it cannot use `{name}`: take the id from the row"),
            );
            return;
        }
    }
}

/// By their position alone, a row could be stored under the id of another one.
fn check_rows_have_ids(list: &Ident, output: &Type, row: &Type, cx: &Ctxt) {
    let (list, row) = (list.unraw(), tokens::text(row));
    cx.error_at(
        output,
        format!(
            "nothing says which `{row}` belongs to which of `{list}`: write `id = |row: &{row}| row.id`, and `group` if \
             there may be many for one; or return a `HashMap`"
        ),
    );
}

/// `Vec<Row>` and `Row`, in what a function returns. A pair says itself whose row it is.
fn rows(output: &Type) -> Option<(&Type, &Type)> {
    let Type::Path(path) = output else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(inner) if last.ident == "Result" => rows(inner),
        GenericArgument::Type(Type::Tuple(pair)) if pair.elems.len() == 2 => None,
        GenericArgument::Type(row) if last.ident == "Vec" => Some((output, row)),
        _ => None,
    }
}
