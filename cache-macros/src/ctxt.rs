//! Collects errors, so that five mistakes give five messages.

use std::cell::RefCell;
use std::fmt::Display;

use quote::ToTokens;

/// Collects errors until [`Ctxt::check`] returns them. Dropping it unchecked would lose them, so with debug assertions that
/// panics.
pub(crate) struct Ctxt {
    errors: RefCell<Option<Vec<syn::Error>>>,
}

impl Ctxt {
    pub(crate) fn new() -> Self {
        Ctxt { errors: RefCell::new(Some(Vec::new())) }
    }

    /// Reports `message` at `tokens`.
    pub(crate) fn error_at(&self, tokens: impl ToTokens, message: impl Display) {
        self.error(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn error(&self, error: syn::Error) {
        if let Some(errors) = self.errors.borrow_mut().as_mut() {
            errors.push(error);
        }
    }

    /// The value of a fallible step, or `None` after collecting its error.
    pub(crate) fn ok<T>(&self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.error(error)).ok()
    }

    /// Whether no error has been reported.
    pub(crate) fn is_clean(&self) -> bool {
        self.errors.borrow().as_ref().is_none_or(Vec::is_empty)
    }

    /// All errors combined, or `Ok` without any.
    pub(crate) fn check(self) -> syn::Result<()> {
        let errors = self.errors.take().unwrap_or_default();
        errors
            .into_iter()
            .reduce(|mut all, error| {
                all.combine(error);
                all
            })
            .map_or(Ok(()), Err)
    }
}

impl Drop for Ctxt {
    fn drop(&mut self) {
        debug_assert!(
            std::thread::panicking() || self.errors.borrow().is_none(),
            "errors were collected and never checked"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::Span;

    #[test]
    fn all_errors_are_kept() {
        let cx = Ctxt::new();
        cx.error(syn::Error::new(Span::call_site(), "one"));
        cx.error(syn::Error::new(Span::call_site(), "two"));
        assert!(!cx.is_clean());
        let all = cx.check().unwrap_err();
        let all: Vec<_> = all.into_iter().map(|e| e.to_string()).collect();
        assert_eq!(all, ["one", "two"]);
    }

    #[test]
    fn no_error_is_ok() {
        assert!(Ctxt::new().check().is_ok());
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "never checked")]
    fn forgetting_to_check_panics() {
        drop(Ctxt::new());
    }
}
