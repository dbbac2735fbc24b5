//! Fragments of a `macro_rules!` macro, such as a `$ty:ty`, arrive in groups without delimiters. Here they are taken out, so
//! that a function reads the same as one that was written by hand.

use proc_macro2::{Delimiter, Group, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::token::Paren;
use syn::{
    FnArg, GenericArgument, Path, PathArguments, ReceiverKind, ReturnType, Signature, Type,
    TypeParamBound, TypeParen,
};

/// Takes the types of the parameters and of the result out of their groups.
pub(crate) fn open_in_signature(sig: &mut Signature) {
    for input in &mut sig.inputs {
        match input {
            FnArg::Typed(typed) => open(&mut typed.ty),
            FnArg::Receiver(receiver) => {
                if let ReceiverKind::Typed(_, ty) = &mut receiver.kind {
                    open(ty);
                }
            }
        }
    }
    if let ReturnType::Type(_, ty) = &mut sig.output {
        open(ty);
    }
}

/// Parses a body, which may be a `$body:block`.
pub(crate) fn block(input: ParseStream<'_>) -> syn::Result<Group> {
    if let TokenTree::Group(group) = input.fork().parse()?
        && group.delimiter() == Delimiter::None
    {
        input.parse::<TokenTree>()?;
        return block.parse2(group.stream());
    }
    input.parse()
}

/// Takes a type out of its group, and the types within it.
fn open(ty: &mut Type) {
    match ty {
        Type::Group(group) => {
            *ty = (*group.elem).clone();
            open(ty);
        }
        Type::Reference(reference) => open_behind(&mut reference.elem),
        Type::Ptr(pointer) => open_behind(&mut pointer.elem),
        Type::Paren(paren) => open(&mut paren.elem),
        Type::Slice(slice) => open(&mut slice.elem),
        Type::Array(array) => open(&mut array.elem),
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(open),
        Type::Path(path) => {
            if let Some(of) = &mut path.qself {
                open(&mut of.ty);
            }
            open_arguments(&mut path.path);
        }
        Type::ImplTrait(ty) => ty.bounds.iter_mut().for_each(open_bound),
        Type::TraitObject(ty) => ty.bounds.iter_mut().for_each(open_bound),
        _ => {}
    }
}

/// The same behind a `&` or `*`, where `dyn A + B` needs parentheses.
fn open_behind(ty: &mut Box<Type>) {
    let was_grouped = matches!(**ty, Type::Group(_));
    open(ty);
    let has_plus = match &**ty {
        Type::TraitObject(ty) => ty.bounds.len() > 1,
        Type::ImplTrait(ty) => ty.bounds.len() > 1,
        _ => false,
    };
    if was_grouped && has_plus {
        **ty = Type::Paren(TypeParen {
            attrs: Vec::new(),
            paren_token: Paren::default(),
            elem: ty.clone(),
        });
    }
}

fn open_bound(bound: &mut TypeParamBound) {
    if let TypeParamBound::Trait(bound) = bound {
        open_arguments(&mut bound.path);
    }
}

fn open_arguments(path: &mut Path) {
    for segment in &mut path.segments {
        match &mut segment.arguments {
            PathArguments::None => {}
            PathArguments::AngleBracketed(arguments) => {
                for argument in &mut arguments.args {
                    match argument {
                        GenericArgument::Type(ty) => open(ty),
                        GenericArgument::AssocType(of) => open(&mut of.ty),
                        _ => {}
                    }
                }
            }
            PathArguments::Parenthesized(arguments) => {
                arguments.inputs.iter_mut().for_each(|input| open(&mut input.ty));
                if let ReturnType::Type(_, ty) = &mut arguments.output {
                    open(ty);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::TokenStream;
    use quote::{ToTokens, quote};

    fn group(tokens: TokenStream) -> Group {
        Group::new(Delimiter::None, tokens)
    }

    #[test]
    fn types_are_as_if_written_by_hand() {
        let (id, row, object) = (group(quote!(u64)), group(quote!(&str)), group(quote!(dyn A + B)));
        let nested = group(group(quote!(Vec<#id>)).into_token_stream());
        let mut sig: Signature = syn::parse_quote! {
            fn f(self: #nested, a: &[#id], b: (#id, #row), c: &#object, d: impl Fn(#id) -> #row)
                -> Result<Option<#row>, Box<#object>>
        };
        open_in_signature(&mut sig);
        let expected = quote! {
            fn f(self: Vec<u64>, a: &[u64], b: (u64, &str), c: &(dyn A + B), d: impl Fn(u64) -> &str)
                -> Result<Option<&str>, Box<dyn A + B>>
        };
        assert_eq!(
            format!("{:?}", tokens(sig.to_token_stream())),
            format!("{:?}", tokens(expected))
        );
    }

    /// The text of each token, and of groups without delimiters too.
    fn tokens(stream: TokenStream) -> Vec<String> {
        let text = |token| match token {
            TokenTree::Group(group) => {
                format!("{:?} {:?}", group.delimiter(), tokens(group.stream()))
            }
            other => other.to_string(),
        };
        stream.into_iter().map(text).collect()
    }
}
