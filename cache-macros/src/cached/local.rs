//! `local` and `local = "30s"`: copies of what the store holds, in the memory of the process.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::Path;

use crate::args::{Args, Usage, Value};
use crate::ctxt::Ctxt;
use crate::duration::Length;

/// How the argument is written.
pub(super) const USAGE: Usage = ("local", "local` or `local = \"30s\"");

pub(crate) struct Local {
    /// The argument's name, where the compiler reports a value that cannot be handed out.
    name: Ident,
    /// How long a copy is kept, if that is less than its value.
    time: Option<Length>,
}

impl Local {
    pub(super) fn parse(args: &mut Args, cx: &Ctxt) -> Option<Self> {
        let arg = args.take("local")?;
        let name = arg.name.clone();
        if let Value::Flag = arg.value {
            return Some(Local { name, time: None });
        }
        let zero = "no copy would be kept; write for example `\"30s\"`, or `local` alone to keep each as long as its value";
        let time = cx.ok(Length::parse("local", arg.expr(cx)?, zero))?;
        Some(Local { name, time: Some(time) })
    }

    /// The call that sets this on a `Policy`.
    pub(super) fn policy(&self) -> TokenStream {
        let span = Span::mixed_site();
        match self.time.as_ref().map(Length::duration) {
            None => quote_spanned!(span=> .local()),
            Some(time) => quote_spanned!(span=> .local_for(#time)),
        }
    }

    /// `let __shape = ...;`: the shape that takes a value out of its `Arc`, if it is in one.
    pub(super) fn shape(&self, krate: &Path) -> TokenStream {
        let span = Span::mixed_site();
        quote_spanned! {span=>
            let __shape = {
                #[allow(unused_imports)]
                use #krate::__private::{ByArc0 as _, ByArc1 as _};
                (&#krate::__private::ArcProbe::of(__shape)).__cache_by_arc()
            };
        }
    }

    /// `let __kept = ...;`: how values are kept. If that cannot be done, the compiler reports it at the argument.
    pub(super) fn kept(&self, krate: &Path) -> TokenStream {
        let span = Span::mixed_site();
        let shape = quote_spanned!(span.located_at(self.name.span())=> &__shape);
        quote_spanned!(span=> let __kept = #krate::__private::kept(#shape);)
    }

    /// The same of the rows of a batch over `ids`, and the probe of what is stored for one of them.
    pub(super) fn rows(&self, krate: &Path, ids: &TokenStream) -> TokenStream {
        let span = Span::mixed_site();
        let rows = quote_spanned!(span.located_at(self.name.span())=> &__rows);
        quote_spanned! {span=>
            let __rows = {
                #[allow(unused_imports)]
                use #krate::__private::{ByArc0 as _, ByArc1 as _};
                (&#krate::__private::ArcRowsProbe::of(__rows, #ids)).__cache_by_arc()
            };
            let __value = #krate::__private::ValueProbe::of_rows(&__rows, #ids);
            let __kept = #krate::__private::kept_rows(#rows, #ids);
        }
    }
}
