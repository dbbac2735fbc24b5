//! The annotated function. Its body stays tokens, so that the compiler reports mistakes in it.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::visit::{self, Visit};
use syn::{
    AngleBracketedGenericArguments, Attribute, FnArg, GenericArgument, Generics, Item, Pat,
    PatIdent, PatType, Path, PathArguments, ReturnType, Signature, Token, Type, TypeImplTrait,
    Visibility,
};

use crate::desugared::Desugared;
use crate::invisible_groups;
use crate::lifetimes;
use crate::params::{self, Params};
use crate::tokens;

pub(crate) struct Function {
    attrs: Vec<Attribute>,
    vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) form: Form,
    /// `#![...]` at the start of the body.
    inner_attrs: Vec<Attribute>,
    /// The span of the body's braces.
    braces: Span,
}

pub(crate) enum Form {
    /// `async fn` and its statements.
    Async(TokenStream),
    /// `fn` and `Box::pin(async move { ... })`.
    Desugared(Box<Desugared>),
    /// Any other `fn`.
    Blocking,
    /// A method of a trait, without a body.
    Bodiless,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let mut sig: Signature = input.parse()?;
        invisible_groups::open_in_signature(&mut sig);
        if input.peek(Token![;]) {
            let braces = input.parse::<Token![;]>()?.span;
            let (form, inner_attrs) = (Form::Bodiless, Vec::new());
            return Ok(Function { attrs, vis, sig, form, inner_attrs, braces });
        }
        let block = invisible_groups::block(input)?;
        let (inner_attrs, body) = split_body.parse2(block.stream())?;
        let form = match sig.asyncness {
            Some(_) => Form::Async(body),
            None => Desugared::recognise(&sig, body)
                .map_or(Form::Blocking, |found| Form::Desugared(Box::new(found))),
        };
        let braces = block.span();
        Ok(Function { attrs, vis, sig, form, inner_attrs, braces })
    }
}

/// The items at the start of a body, and the rest.
fn leading_items(body: TokenStream) -> (TokenStream, TokenStream) {
    let split = |input: ParseStream<'_>| {
        let mut items = TokenStream::new();
        loop {
            let ahead = input.fork();
            match ahead.parse::<Item>() {
                // One that expands to something may be a statement.
                Ok(Item::Macro(_) | Item::Verbatim(_)) | Err(_) => break,
                Ok(item) => item.to_tokens(&mut items),
            }
            input.advance_to(&ahead);
        }
        Ok((items, input.parse()?))
    };
    split.parse2(body.clone()).unwrap_or((TokenStream::new(), body))
}

/// What is in the angle brackets of `Result<T, E>`.
fn result_arguments(ty: &Type) -> Option<&AngleBracketedGenericArguments> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Result")?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => Some(arguments),
        _ => None,
    }
}

fn split_body(input: ParseStream<'_>) -> syn::Result<(Vec<Attribute>, TokenStream)> {
    Ok((Attribute::parse_inner(input)?, input.parse()?))
}

impl Function {
    pub(crate) fn vis(&self) -> &Visibility {
        &self.vis
    }

    /// The function's `#[cfg]` attributes: functions generated beside it need them too.
    pub(crate) fn outer(&self) -> TokenStream {
        params::conditions(&self.attrs)
    }

    pub(crate) fn params(&self) -> Params {
        match &self.form {
            Form::Desugared(desugared) => desugared.params(&self.sig),
            _ => Params::of(&self.sig),
        }
    }

    /// The type that the function returns once awaited; `None` if none is written.
    pub(crate) fn output(&self) -> Option<&Type> {
        match (&self.form, &self.sig.output) {
            (Form::Desugared(desugared), _) => desugared.output.as_ref(),
            (_, ReturnType::Type(_, ty)) => Some(ty),
            (_, ReturnType::Default) => None,
        }
    }

    /// The names that the parameters bind, each with its type if the name is the whole parameter.
    pub(crate) fn bindings(&self) -> Vec<(PatIdent, Option<&Type>)> {
        let known = self.params();
        let mut bindings = Vec::new();
        for input in &self.sig.inputs {
            let FnArg::Typed(PatType { pat, ty, .. }) = input else {
                continue;
            };
            let whole = matches!(&**pat, Pat::Ident(_)).then_some(&**ty);
            bindings.extend(params::bindings(pat).into_iter().map(|bound| (bound, whole)));
        }
        // The user did not write the names that stand in for patterns.
        bindings.retain(|(bound, _)| known.names.contains(&bound.ident));
        if let Form::Desugared(desugared) = &self.form {
            bindings.extend(desugared.bindings(&self.sig).map(|bound| (bound, None)));
        }
        bindings
    }

    /// The user's statements.
    pub(crate) fn all_statements(&self) -> TokenStream {
        match &self.form {
            Form::Async(body) => body.clone(),
            Form::Desugared(desugared) => desugared.body(),
            Form::Blocking | Form::Bodiless => TokenStream::new(),
        }
    }

    /// The user's statements, without the `let id = id;` that `#[async_trait]` adds.
    pub(crate) fn statements(&self) -> TokenStream {
        match &self.form {
            Form::Async(body) => body.clone(),
            Form::Desugared(desugared) => desugared.busy(),
            Form::Blocking | Form::Bodiless => TokenStream::new(),
        }
    }

    /// A future of the function's output that runs `before` and then `body`.
    ///
    /// Its first statement never runs. It tells the compiler the block's type, so that `?`, `return` and coercions work as
    /// they do in the function.
    pub(crate) fn future(&self, before: &TokenStream, body: TokenStream) -> TokenStream {
        let span = Span::mixed_site();
        let typed = match self.output() {
            Some(ty) if can_be_named(ty) => typed(span.located_at(tokens::first_span(ty)), ty),
            Some(_) => TokenStream::new(),
            None => typed(span, &quote_spanned!(span=> ())),
        };
        // Items come first, as clippy would have it.
        let (items, body) = leading_items(body);
        let block = quote_spanned!(span=> #items #typed #before #body);
        let mut block = Group::new(Delimiter::Brace, block);
        // The compiler points at these braces if the body has no result, or ends in the middle of an expression; and it
        // takes the block for the user's.
        let braces = self.body_braces();
        block.set_span(braces);
        quote_spanned!(braces=> async move #block)
    }

    /// The span of the braces around the user's statements.
    fn body_braces(&self) -> Span {
        match &self.form {
            Form::Desugared(desugared) => desugared.braces(),
            _ => self.braces,
        }
    }

    /// Whether the error that the function returns may borrow, so that no other caller can share it. A lifetime of an alias,
    /// such as `Parsed<'a, User>`, may be its error's.
    pub(crate) fn error_borrows(&self) -> bool {
        let Some(output) = self.output() else { return false };
        match result_arguments(output) {
            Some(arguments) => {
                let mut errors = arguments.args.iter().skip(1);
                errors.any(|argument| match argument {
                    GenericArgument::Type(error) => {
                        lifetimes::borrows(error) || self.may_be_short_lived(error)
                    }
                    // `Result<'a, T>` is an alias.
                    GenericArgument::Lifetime(_) => true,
                    _ => false,
                }) || lifetimes::borrows(output) && arguments.args.len() < 2
            }
            None => lifetimes::borrows(output),
        }
    }

    /// Whether a type names `Self`, which may borrow, or a type parameter that is not `'static`: one of the function's, or a name
    /// of one letter, which may be its `impl`'s.
    fn may_be_short_lived(&self, ty: &Type) -> bool {
        struct Named<'a>(&'a Generics, bool);

        impl<'ast> Visit<'ast> for Named<'_> {
            fn visit_path(&mut self, path: &'ast Path) {
                self.1 |= path.is_ident("Self")
                    || path
                        .segments
                        .first()
                        .is_some_and(|first| lifetimes::may_be_short_lived(self.0, &first.ident));
                visit::visit_path(self, path);
            }
        }

        let mut named = Named(&self.sig.generics, false);
        named.visit_type(ty);
        named.1
    }

    /// Whether the body ends after a dot, as where a method is still being typed. The compiler has said so when it read the item.
    pub(crate) fn breaks_off(&self) -> bool {
        let Form::Async(body) = &self.form else { return false };
        let tokens: Vec<_> = body.clone().into_iter().collect();
        let is_dot =
            |token: &TokenTree| matches!(token, TokenTree::Punct(dot) if dot.as_char() == '.');
        match &tokens[..] {
            [.., before, last] => is_dot(last) && !is_dot(before),
            _ => false,
        }
    }

    /// The function without its body, for its callers.
    pub(crate) fn without_body(&self) -> TokenStream {
        let Function { attrs, vis, sig, .. } = self;
        quote_spanned! {Span::mixed_site()=>
            #(#attrs)*
            #[allow(unused_variables)]
            #vis #sig { ::core::unreachable!() }
        }
    }

    /// The function with `inside` as its statements, which bind the parameters `rebound` again.
    pub(crate) fn with_rebound(&self, rebound: &[Ident], inside: TokenStream) -> TokenStream {
        let Function { attrs, vis, inner_attrs, .. } = self;
        let mut sig = self.sig.clone();
        for input in sig.inputs.iter_mut().filter(|_| !rebound.is_empty()) {
            match input {
                FnArg::Typed(typed) => *typed.pat = params::without_mut(&typed.pat, rebound),
                FnArg::Receiver(this) if rebound.iter().any(|name| name == "self") => {
                    this.mutability = None;
                }
                FnArg::Receiver(_) => {}
            }
        }
        let mut body = TokenStream::new();
        for attr in inner_attrs {
            attr.to_tokens(&mut body);
        }
        body.extend(match &self.form {
            Form::Desugared(desugared) => desugared.around(rebound, inside),
            _ => inside,
        });
        let mut body = Group::new(Delimiter::Brace, body);
        body.set_span(self.braces);
        quote_spanned!(Span::mixed_site()=> #(#attrs)* #vis #sig #body)
    }
}

/// A statement that never runs and gives a block the type `ty`. It has the span of the type, which the compiler shows if
/// the body has another one.
fn typed(span: Span, ty: &impl ToTokens) -> TokenStream {
    quote_spanned! {span=>
        if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<#ty> {
            return __ret;
        }
    }
}

/// Whether `ty` can be written inside a function: `impl Trait` and `!` cannot.
pub(crate) fn can_be_named(ty: &Type) -> bool {
    impl_traits(ty).is_empty() && !matches!(ty, Type::Never(_))
}

/// Every `impl Trait` within `ty`.
pub(crate) fn impl_traits(ty: &Type) -> Vec<&TypeImplTrait> {
    struct Found<'ast>(Vec<&'ast TypeImplTrait>);

    impl<'ast> Visit<'ast> for Found<'ast> {
        fn visit_type_impl_trait(&mut self, ty: &'ast TypeImplTrait) {
            self.0.push(ty);
            visit::visit_type_impl_trait(self, ty);
        }
    }

    let mut found = Found(Vec::new());
    found.visit_type(ty);
    found.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_ends_after_a_dot_breaks_off() {
        let breaks_off = |body: &str| {
            let function = format!("async fn f(id: u64) -> u64 {{ {body} }}");
            syn::parse_str::<Function>(&function).unwrap().breaks_off()
        };
        assert!(breaks_off("self.db.") && breaks_off("let a = 1; a."));
        for whole in ["", "id", "1.", "id..", "self.db", "g! { a. }", "id.await"] {
            assert!(!breaks_off(whole), "{whole}");
        }
    }
}
