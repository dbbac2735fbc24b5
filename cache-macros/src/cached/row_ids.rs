//! `id` and `group`: which element of a list a row of a batch belongs to, where the batch returns a list of rows.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::{Expr, Path};

use crate::args::{Args, Usage, Value};
use crate::ctxt::Ctxt;
use crate::tokens;
use crate::value_closures;

/// How the arguments are written.
pub(super) const USAGES: &[Usage] = &[("id", "id = |row: &Row| row.id"), ("group", "group")];

#[derive(Default)]
pub(crate) struct RowIds {
    /// The function from a row to its id.
    pub(super) id: Option<(Ident, Expr)>,
    /// Whether an id may have many rows.
    pub(super) group: Option<Ident>,
    /// Whether an argument could not be parsed, and has been reported.
    pub(super) broken: bool,
}

impl RowIds {
    pub(super) fn parse(args: &mut Args, cx: &Ctxt) -> Self {
        let mut row_ids = RowIds::default();
        if let Some(arg) = args.take("id") {
            let name = arg.name.clone();
            row_ids.id = arg.expr(cx).and_then(|expr| id(expr, cx)).map(|expr| (name, expr));
            row_ids.broken = row_ids.id.is_none();
        }
        if let Some(arg) = args.take("group") {
            match arg.value {
                Value::Flag => row_ids.group = Some(arg.name),
                _ => row_ids.broken = arg.misused::<()>(cx).is_none(),
            }
        }
        row_ids
    }

    /// `let (__load, __rows, __value) = ...;`: the load of the list `ids`, and how what it returns is taken apart.
    pub(super) fn batch(
        &self,
        krate: &Path,
        at: Span,
        batch: &str,
        ids: &TokenStream,
        load: &TokenStream,
    ) -> TokenStream {
        let span = Span::mixed_site();
        let at_output = tokens::at(krate, at);
        let Some((_, id)) = &self.id else {
            let batch = Ident::new(batch, at);
            let batch = quote_spanned!(at=> #at_output::__private::#batch(#ids, #load));
            return quote_spanned!(span=> let (__load, __rows, __value) = #batch;);
        };
        let list = Ident::new(&batch.replace("batch", "list"), at);
        let list = quote_spanned!(at=> #at_output::__private::#list(#ids, #load));
        let method = if self.group.is_some() { "by_group" } else { "by_id" };
        let method = Ident::new(method, span);
        let at_id = span.located_at(tokens::first_span(id));
        let krate = tokens::at(krate, at_id);
        let id = quote_spanned!(at_id=> &#krate::__private::pick(__row, #id));
        quote_spanned! {span=>
            let (__load, __list) = #list;
            let (__rows, __value) = __list.#method(|__row, __ids| __ids.of_id(#id));
        }
    }
}

fn id(expr: Expr, cx: &Ctxt) -> Option<Expr> {
    match expr {
        Expr::Closure(closure) if closure.inputs.len() == 1 => {
            value_closures::check(&closure, None, cx);
            Some(Expr::Closure(closure))
        }
        path @ Expr::Path(_) => Some(path),
        other => {
            cx.error_at(
                other,
                "`id` must be a closure from a row to its id: `id = |row: &Row| row.id`",
            );
            None
        }
    }
}
