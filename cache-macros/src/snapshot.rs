//! Snapshots of expansions, for tests: what the user writes, and what it becomes.

use expect_test::ExpectFile;
use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

/// Compares `written`, as the compiler would expand it, with a file.
///
/// `inside` puts a method into its `impl` or `trait`, for the printer; the attribute itself never sees it.
/// `UPDATE_EXPECT=1 cargo test -p cache-macros` writes the files anew.
pub(crate) fn check(
    file: &ExpectFile,
    inside: Option<&str>,
    written: TokenStream,
    becomes: TokenStream,
) {
    let print = |tokens: TokenStream| match inside {
        None => pretty(tokens),
        Some(outer) => {
            let outer: TokenStream = outer.parse().expect("the head of an `impl` or a `trait`");
            pretty(quote!(#outer { #tokens }))
        }
    };
    let (written, becomes) = (print(written), print(becomes));
    file.assert_eq(&format!("{written}\n// becomes\n\n{becomes}"));
}

fn pretty(tokens: TokenStream) -> String {
    let text = tokens.to_string();
    match syn::parse2(tokens) {
        Ok(file) => prettyplease::unparse(&file),
        Err(error) => panic!("{error} in\n{text}"),
    }
}

/// The messages of an expansion, in order.
pub(crate) fn messages(expansion: TokenStream) -> Vec<String> {
    let tokens: Vec<_> = expansion.into_iter().collect();
    let errors = tokens.windows(3).filter(|three| three[0].to_string() == "compile_error");
    let message = |three: &[TokenTree]| match &three[2] {
        TokenTree::Group(text) => {
            syn::parse2::<syn::LitStr>(text.stream()).expect("a message").value()
        }
        other => panic!("no message: {other}"),
    };
    errors.map(message).collect()
}
