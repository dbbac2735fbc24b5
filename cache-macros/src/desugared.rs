//! Functions that are async without `async fn`: they return `Box::pin(async move { ... })` or `async move { ... }.boxed()`, or
//! `async move { ... }` as an `impl Future`.
//!
//! `#[async_trait]` makes the first kind. It expands before the attributes of its methods, which therefore see
//!
//! ```text
//! fn find<'life0, 'async_trait>(&'life0 self, __arg1: Path<u64>)
//!     -> Pin<Box<dyn Future<Output = User> + Send + 'async_trait>>
//! {
//!     Box::pin(async move {
//!         let __self = self;
//!         let Path(id) = { let __arg1 = __arg1; __arg1 };
//!         ...
//!     })
//! }
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::{
    AssocType, Block, Expr, ExprAsync, ExprCall, ExprMethodCall, GenericArgument, Local, Pat,
    PatIdent, PathArguments, ReturnType, Signature, Stmt, Type, TypeParamBound,
};

use crate::params::{self, Params};
use crate::tokens;

/// A function that returns an `async move` block.
pub(crate) struct Desugared {
    /// The statements before the call.
    before: Vec<Stmt>,
    /// What is done with the block.
    boxing: Boxing,
    /// `async move { ... }`, without its statements.
    block: ExprAsync,
    /// The `let` statements that destructure parameters: keys can name what they bind.
    patterns: Vec<Stmt>,
    /// All other statements of the block.
    body: Vec<Stmt>,
    /// The `Output` of the future.
    pub(crate) output: Option<Type>,
}

/// What a function does with its block.
#[derive(Clone)]
enum Boxing {
    /// It returns the block as it is.
    None,
    /// `Box::pin(...)`
    Call(ExprCall),
    /// `....boxed()`
    Method(ExprMethodCall),
}

impl Desugared {
    /// Recognises the form; `None` for any other function.
    pub(crate) fn recognise(sig: &Signature, body: TokenStream) -> Option<Self> {
        let mut before = Block::parse_within.parse2(body).ok()?;
        let Some(Stmt::Expr(last, None)) = before.pop() else {
            return None;
        };
        let (boxing, mut block) = match last {
            Expr::Async(block) => (Boxing::None, block),
            Expr::Call(mut call) if is_box_pin(&call.func) && call.args.len() == 1 => {
                let Expr::Async(block) = call.args.pop()? else { return None };
                (Boxing::Call(call), block)
            }
            Expr::MethodCall(call) if call.method == "boxed" || call.method == "boxed_local" => {
                let Expr::Async(block) = &*call.receiver else { return None };
                let block = block.clone();
                (Boxing::Method(call), block)
            }
            _ => return None,
        };
        // A block that does without `move` uses nothing of the function's own: it cannot borrow that and be returned.
        block.capture.get_or_insert_default();
        let (patterns, body) =
            (block.block.stmts.drain(..)).partition(|stmt| patterned(stmt, sig).is_some());
        Some(Desugared { before, boxing, block, patterns, body, output: output(&sig.output) })
    }

    /// Whether the block is in a `Box`, as `#[async_trait]` does it.
    pub(crate) fn is_boxed(&self) -> bool {
        !matches!(self.boxing, Boxing::None)
    }

    /// The span of the block's braces.
    pub(crate) fn braces(&self) -> Span {
        self.block.block.brace_token.span.join()
    }

    /// The statements of the future.
    pub(crate) fn body(&self) -> TokenStream {
        self.body.iter().map(ToTokens::to_token_stream).collect()
    }

    /// As [`body`](Desugared::body), without each `let id = id;` whose name nothing else mentions.
    pub(crate) fn busy(&self) -> TokenStream {
        let others = |at: usize| {
            let others = self.body.iter().enumerate().filter(move |(other, _)| *other != at);
            others.map(|(_, stmt)| stmt.to_token_stream()).collect::<TokenStream>()
        };
        let busy = self.body.iter().enumerate().filter(|(at, stmt)| {
            said_again(stmt)
                .is_none_or(|name| tokens::mentions(others(*at), &name.unraw().to_string()))
        });
        busy.map(|(_, stmt)| stmt.to_token_stream()).collect()
    }

    /// What the patterns bind.
    pub(crate) fn bindings(&self, sig: &Signature) -> impl Iterator<Item = PatIdent> {
        self.patterns.iter().flat_map(|stmt| patterned(stmt, sig)).flat_map(params::bindings)
    }

    /// The parameters, with the names that patterns bind instead of their stand-ins.
    pub(crate) fn params(&self, sig: &Signature) -> Params {
        let mut params = Params::of(sig);
        params.names.retain(|name| !is_stand_in(name));
        params.names.extend(self.bindings(sig).map(|bound| bound.ident));
        params
    }

    /// The function's body with `inside` as the future's statements, which bind `rebound` again.
    pub(crate) fn around(&self, rebound: &[Ident], inside: TokenStream) -> TokenStream {
        let Desugared { before, .. } = self;
        let mut patterns = self.patterns.clone();
        for pattern in patterns.iter_mut().filter(|_| !rebound.is_empty()) {
            if let Stmt::Local(local) = pattern {
                local.pat = params::without_mut(&local.pat, rebound);
            }
        }
        let mut block = self.block.clone();
        block.block.stmts = vec![Stmt::Expr(Expr::Verbatim(inside), None)];
        block.block.stmts.splice(0..0, patterns);
        let mut body = TokenStream::new();
        for stmt in before {
            stmt.to_tokens(&mut body);
        }
        match self.boxing.clone() {
            Boxing::None => block.to_tokens(&mut body),
            Boxing::Call(mut call) => {
                call.args.push(Expr::Async(block));
                call.to_tokens(&mut body);
            }
            Boxing::Method(mut call) => {
                *call.receiver = Expr::Async(block);
                call.to_tokens(&mut body);
            }
        }
        body
    }
}

/// `Box::pin`, by any path.
fn is_box_pin(func: &Expr) -> bool {
    let Expr::Path(path) = func else { return false };
    let mut segments = path.path.segments.iter().rev();
    segments.next().is_some_and(|last| last.ident == "pin")
        && segments.next().is_some_and(|last| last.ident == "Box")
}

/// The pattern of `let Path(id) = { let __arg1 = __arg1; __arg1 };`
fn patterned<'a>(stmt: &'a Stmt, sig: &Signature) -> Option<&'a Pat> {
    let Stmt::Local(Local { pat, init: Some(init), .. }) = stmt else {
        return None;
    };
    let Expr::Block(block) = &*init.expr else {
        return None;
    };
    let Some(Stmt::Expr(Expr::Path(last), None)) = block.block.stmts.last() else {
        return None;
    };
    let name = last.path.get_ident()?;
    let is_param = Params::of(sig).names.contains(name);
    (is_stand_in(name) && is_param).then_some(pat)
}

/// The name in `let id = id;`, or in `let __self = self;`.
fn said_again(stmt: &Stmt) -> Option<&Ident> {
    let Stmt::Local(Local { pat: Pat::Ident(bound), init: Some(init), .. }) = stmt else {
        return None;
    };
    let Expr::Path(path) = &*init.expr else {
        return None;
    };
    let same = path.path.is_ident(&bound.ident) || path.path.is_ident("self");
    same.then_some(&bound.ident)
}

/// `__arg1`
fn is_stand_in(name: &Ident) -> bool {
    let name = name.to_string();
    name.strip_prefix("__arg")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}

/// The `Output` of a returned `Pin<Box<dyn Future<Output = R> + ...>>` or `impl Future<Output = R> + ...`. Any other type is
/// an alias of one of them.
fn output(returned: &ReturnType) -> Option<Type> {
    let ReturnType::Type(_, returned) = returned else {
        return None;
    };
    let future = argument(returned).and_then(argument);
    let bounds = match (&**returned, future) {
        (Type::ImplTrait(future), _) => &future.bounds,
        (_, Some(Type::TraitObject(future))) => &future.bounds,
        (alias, _) => {
            let at = Span::mixed_site().located_at(tokens::first_span(alias));
            return syn::parse2(quote_spanned!(at=> <#alias as ::core::future::Future>::Output))
                .ok();
        }
    };
    bounds.iter().find_map(output_of)
}

/// `R` of `Future<Output = R>`.
fn output_of(bound: &TypeParamBound) -> Option<Type> {
    let TypeParamBound::Trait(bound) = bound else {
        return None;
    };
    let PathArguments::AngleBracketed(arguments) = &bound.path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(AssocType { ident, ty, .. }) if ident == "Output" => {
            Some(ty.clone())
        }
        _ => None,
    })
}

/// The `T` of a `Box<T>`.
fn argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;
    use syn::ItemFn;

    fn recognise(item: TokenStream) -> Option<(Desugared, Signature)> {
        let item: ItemFn = syn::parse2(item).unwrap();
        let body = item.block.stmts.iter().map(ToTokens::to_token_stream).collect();
        Some((Desugared::recognise(&item.sig, body)?, item.sig))
    }

    #[test]
    fn async_trait_is_recognised() {
        let (found, sig) = recognise(quote! {
            fn find<'life0, 'async_trait>(&'life0 self, name: u8, __arg1: Path<u64>, __arg2: u8)
                -> ::core::pin::Pin<Box<dyn ::core::future::Future<Output = User> + Send + 'async_trait>>
            {
                Box::pin(async move {
                    let __self = self;
                    let name = name;
                    let Path(id) = { let __arg1 = __arg1; __arg1 };
                    let __arg2 = __arg2;
                    let __ret: User = { load(id, name) };
                    __ret
                })
            }
        })
        .unwrap();
        assert_eq!(found.params(&sig).list(), ["name", "id"]);
        assert_eq!(found.output.unwrap().to_token_stream().to_string(), "User");
        assert_eq!(found.patterns.len(), 1);
    }

    #[test]
    fn a_returned_block_is_recognised() {
        let (found, _) = recognise(quote! {
            fn find(&self, id: u64) -> impl Future<Output = sqlx::Result<User>> + Send {
                async move { self.db.find(id).await }
            }
        })
        .unwrap();
        assert!(!found.is_boxed());
        let output = found.output.unwrap().to_token_stream().to_string();
        assert_eq!(output, quote!(sqlx::Result<User>).to_string());
    }

    #[test]
    fn an_alias_of_a_boxed_future_is_asked_for_its_output() {
        let (found, _) = recognise(quote! {
            fn find(&self, id: u64) -> BoxFuture<'_, User> {
                Box::pin(async move { self.db.find(id).await })
            }
        })
        .unwrap();
        let output = found.output.unwrap().to_token_stream().to_string();
        let expected = quote!(<BoxFuture<'_, User> as ::core::future::Future>::Output);
        assert_eq!(output, expected.to_string());
    }

    #[test]
    fn a_block_may_be_boxed_by_a_method_and_need_no_move() {
        for item in [
            quote!(
                fn f(&self) -> BoxFuture<'_, User> {
                    async move { self.load().await }.boxed()
                }
            ),
            quote!(
                fn f(&self) -> LocalBoxFuture<'_, User> {
                    async { self.load().await }.boxed_local()
                }
            ),
            quote!(
                fn f(&self) -> BoxFuture<'_, User> {
                    Box::pin(async { self.load().await })
                }
            ),
        ] {
            let (found, _) = recognise(item).unwrap();
            assert!(found.is_boxed() && found.block.capture.is_some());
        }
    }

    #[test]
    fn other_functions_are_not() {
        for item in [
            quote!(
                fn f() -> u8 {
                    1
                }
            ),
            quote!(
                fn f() -> B {
                    Box::new(async move { 1 })
                }
            ),
            quote!(
                fn f() -> B {
                    Box::pin(future)
                }
            ),
            quote!(
                fn f() {
                    Box::pin(async move { 1 });
                }
            ),
        ] {
            assert!(recognise(item).is_none());
        }
    }
}
