//! Types that cannot fill a placeholder, as far as their names tell. The compiler would report them in generated code.

use syn::ext::IdentExt;
use syn::{Type, TypeParamBound};

use crate::ctxt::Ctxt;
use crate::function::Function;
use crate::key::Template;
use crate::tokens;

/// Checks the placeholders of a template.
pub(crate) fn check(function: &Function, template: &Template, cx: &Ctxt) {
    for (bound, ty) in function.bindings() {
        let Some(ty) = ty else { continue };
        let name = bound.ident.unraw().to_string();
        let named = template.placeholders().filter(|it| it.root().trim_start_matches("r#") == name);
        for placeholder in named {
            match placeholder.path.get(1) {
                Some(field) if is_option(ty) && !field.ends_with("()") => {
                    let message = format!(
                        "`{name}` is an `Option`, so it has no field `{field}`: name `<{name}>`, or write the {} as an \
                         expression",
                        template.noun
                    );
                    template.error(placeholder.at.start, message, cx);
                }
                None if is_no_key_part(ty) => {
                    let text = tokens::text(ty);
                    cx.error_at(
                        ty,
                        format!(
                            "`{text}` cannot fill the placeholder `<{name}>`, since its text is not known: take the type \
                             itself, such as `&str`, or add `KeyPart` to its bounds"
                        ),
                    );
                }
                _ => {}
            }
        }
    }
}

fn is_option(ty: &Type) -> bool {
    match ty {
        Type::Reference(ty) => is_option(&ty.elem),
        Type::Group(ty) => is_option(&ty.elem),
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "Option"),
        _ => false,
    }
}

/// Traits that do not make a type a `KeyPart`. A trait of the user's may.
const OTHER_TRAITS: [&str; 16] = [
    "AsRef",
    "Borrow",
    "Clone",
    "Copy",
    "Debug",
    "Display",
    "Eq",
    "Hash",
    "Into",
    "Ord",
    "PartialEq",
    "Send",
    "Serialize",
    "Sync",
    "ToOwned",
    "ToString",
];

/// Whether `ty` is `impl Trait`, and none of its traits may be one with a `KeyPart`.
fn is_no_key_part(ty: &Type) -> bool {
    match ty {
        Type::Reference(ty) => is_no_key_part(&ty.elem),
        Type::ImplTrait(ty) => ty.bounds.iter().all(|bound| match bound {
            TypeParamBound::Trait(bound) => bound
                .path
                .segments
                .last()
                .is_some_and(|last| OTHER_TRAITS.iter().any(|other| last.ident == other)),
            TypeParamBound::Lifetime(_) => true,
            _ => false,
        }),
        _ => false,
    }
}
