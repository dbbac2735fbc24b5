//! Renders tokens as text with one space between any two, so that it does not depend on how a compiler prints them.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

pub(super) fn of(tokens: TokenStream) -> String {
    let mut text = String::new();
    write(tokens, &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    // The invisible groups of `macro_rules!`, which nobody wrote.
                    Delimiter::None => ("", ""),
                };
                word(open, text);
                write(group.stream(), text);
                word(close, text);
            }
            token => word(&token.to_string(), text),
        }
    }
}

fn word(word: &str, text: &mut String) {
    // A lifetime is two tokens.
    let apart = !text.is_empty() && !text.ends_with('\'');
    if apart && !word.is_empty() {
        text.push(' ');
    }
    text.push_str(word);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::Group;
    use quote::quote;

    #[test]
    fn there_is_one_space_between_any_two_tokens() {
        let text = of(quote!(struct { id:u64, #[rename="a"] map: HashMap<u8,Vec<&'a str>>, }));
        let spaced =
            "struct { id : u64 , # [ rename = \"a\" ] map : HashMap < u8 , Vec < & 'a str > > , }";
        assert_eq!(text, spaced);
    }

    #[test]
    fn invisible_brackets_are_not_there() {
        let inside = TokenTree::from(Group::new(Delimiter::None, quote!(u64)));
        assert_eq!(of(quote!(id: #inside)), "id : u64");
    }
}
