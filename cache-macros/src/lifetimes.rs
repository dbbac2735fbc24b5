//! What a type borrows.

use syn::visit::{self, Visit};
use syn::{Lifetime, ParenthesizedGenericArguments, Type, TypeFnPtr, TypeReference};

/// Whether a value of this type borrows for less than `'static`.
pub(crate) fn borrows(ty: &Type) -> bool {
    struct Borrows(bool);

    impl<'ast> Visit<'ast> for Borrows {
        fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
            self.0 |= !is_static(lifetime);
        }

        fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
            self.0 |= reference.lifetime.is_none();
            visit::visit_type_reference(self, reference);
        }

        // A function pointer does not hold its arguments.
        fn visit_type_fn_ptr(&mut self, _: &'ast TypeFnPtr) {}
        fn visit_parenthesized_generic_arguments(
            &mut self,
            _: &'ast ParenthesizedGenericArguments,
        ) {
        }
    }

    let mut found = Borrows(false);
    found.visit_type(ty);
    found.0
}

pub(crate) fn is_static(lifetime: &Lifetime) -> bool {
    lifetime.ident == "static"
}
