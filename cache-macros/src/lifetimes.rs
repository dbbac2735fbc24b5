//! What a type borrows.

use crate::constants;
use syn::visit::{self, Visit};
use syn::{
    Generics, Ident, Lifetime, ParenthesizedGenericArguments, PredicateType, Type, TypeFnPtr,
    TypeParamBound, TypeReference, WherePredicate,
};

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

/// Whether `name` is, or may be, a type parameter whose bounds do not say that it is `'static`.
pub(crate) fn may_be_short_lived(generics: &Generics, name: &Ident) -> bool {
    let Some(param) = generics.type_params().find(|param| param.ident == *name) else {
        return constants::is_letter(name);
    };
    let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let bounds = predicates.filter_map(|predicate| match predicate {
        WherePredicate::Type(PredicateType { bounded_ty: Type::Path(of), bounds, .. }) => {
            of.path.is_ident(name).then_some(bounds)
        }
        _ => None,
    });
    let mut bounds = bounds.chain([&param.bounds]).flatten();
    !bounds.any(|bound| matches!(bound, TypeParamBound::Lifetime(bound) if is_static(bound)))
}
