//! Attributes that stand on something else than a function, and where they go instead.

use proc_macro2::{TokenStream, TokenTree};

/// Words that may stand before `fn`, and before other items.
const MODIFIERS: [&str; 7] = ["pub", "default", "safe", "unsafe", "async", "const", "extern"];

/// Items that are no place for functions.
const ITEMS: [&str; 7] = ["struct", "union", "static", "type", "use", "macro_rules", "crate"];

/// What to do with an attribute on `item`; `None` if that begins as a function does.
pub(crate) fn message(attribute: &str, item: &TokenStream) -> Option<String> {
    let tokens: Vec<_> = item.clone().into_iter().collect();
    let (modifiers, first) = begin(&tokens);
    let first = first.map(ToString::to_string).unwrap_or_default();
    let has = |punct: char| {
        let is = |token: &TokenTree| matches!(token, TokenTree::Punct(it) if it.as_char() == punct);
        tokens.iter().any(is)
    };
    let goes = format!("`{attribute}` goes on an `async fn`");
    let what = match attribute {
        "#[cached]" => "the function that loads the value",
        _ => "the function that writes to the database",
    };
    let message = match &*first {
        "fn" => return None,
        "impl" | "trait" => format!("{goes}: put it on the methods inside"),
        "mod" => format!("{goes}: put it on the functions inside"),
        "enum" => format!("{goes}, and this is an `enum`: put it on {what}"),
        item if ITEMS.contains(&item) => {
            format!("{goes}, and this is a `{item}`: put it on {what}")
        }
        _ if modifiers.iter().any(|modifier| modifier == "const") => {
            format!("{goes}, and this is a `const`: put it on {what}")
        }
        _ if has('|') => format!("{goes}: write one instead of the closure"),
        _ if first != "let" && has('!') => {
            format!("{goes}: put it on the function that the macro makes, in the macro")
        }
        _ => format!("{goes}: move this into one, and call it here"),
    };
    Some(message)
}

/// The modifiers with which an item begins, without attributes, and what follows.
fn begin(tokens: &[TokenTree]) -> (Vec<String>, Option<&TokenTree>) {
    let mut modifiers = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {}
            // Of an attribute, `pub(crate)` and `extern "C"`.
            TokenTree::Group(_) => {}
            TokenTree::Literal(_) if modifiers.iter().any(|modifier| modifier == "extern") => {}
            TokenTree::Ident(ident) if MODIFIERS.iter().any(|modifier| ident == modifier) => {
                modifiers.push(ident.to_string());
            }
            token => return (modifiers, Some(token)),
        }
    }
    (modifiers, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(item: &str) -> Option<String> {
        message("#[cached]", &item.parse().unwrap())
    }

    #[test]
    fn functions_are_left_to_the_parser() {
        for item in [
            "async fn f() {}",
            "#[inline] pub(in a::b) const unsafe extern \"C\" fn f() -> u8 { 1 }",
            "fn f(g: impl Fn(u8) -> u8) {}",
            "default async fn f(a: u8);",
            "fn 5",
        ] {
            assert_eq!(of(item), None, "{item}");
        }
    }

    #[test]
    fn other_items_have_a_place_where_the_attribute_goes() {
        let cases = [
            ("impl Users for fn(u8) -> u8 { async fn f() {} }", "the methods inside"),
            ("unsafe impl A for B {}", "the methods inside"),
            ("pub trait A { async fn f() {} }", "the methods inside"),
            ("mod a { async fn f() {} }", "the functions inside"),
            ("pub struct A { f: fn(u8) -> u8 }", "a `struct`: put it on the function that loads"),
            ("static A: fn() -> u8 = || 5;", "a `static`"),
            ("const A: fn() -> u8 = || 5;", "a `const`"),
            ("type A = fn() -> u8;", "a `type`"),
            ("macro_rules! a { () => { async fn f() {} } }", "a `macro_rules`"),
            ("let f = async |id: u64| 1;", "instead of the closure"),
            ("async move |id: u64| 1", "instead of the closure"),
            ("let user = load(5).await;", "move this into one"),
            ("async { 1 }", "move this into one"),
            ("functions!();", "in the macro"),
        ];
        for (item, part) in cases {
            let message = of(item).unwrap_or_default();
            assert!(message.contains(part), "{item}: {message}");
        }
    }
}
