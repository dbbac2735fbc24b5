//! Strings that lack their quotes: `key = user:<id>`, `tags("user", org:<id>)`, `ttl = 5 minutes`.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Expr, PathArguments, Token};

/// Reports the next value of `input` if it lacks its quotes. `before` is what is written before it.
pub(crate) fn check(input: ParseStream<'_>, before: &str) -> syn::Result<()> {
    if is_expression(&input.fork()) {
        return Ok(());
    }
    let tokens = next(&input.fork());
    let text = text(&tokens);
    let value: TokenStream = tokens.iter().cloned().collect();
    let error = |message| Err(syn::Error::new_spanned(&value, message));
    if is_template(&tokens) {
        return error(format!("a template is a string: write it in quotes: `{before}\"{text}\"`"));
    }
    let [TokenTree::Literal(_), TokenTree::Ident(_), ..] = &tokens[..] else {
        return Ok(());
    };
    match humantime::parse_duration(&text) {
        Ok(_) => error(format!("a duration is a string: write it in quotes: `{before}\"{text}\"`")),
        Err(_) => Ok(()),
    }
}

/// The same for each value of a list.
pub(crate) fn check_list(list: TokenStream) -> syn::Result<()> {
    let each = |input: ParseStream<'_>| {
        while !input.is_empty() {
            check(input, "")?;
            next(input);
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    each.parse2(list)
}

/// Takes the tokens before the next comma.
fn next(input: ParseStream<'_>) -> Vec<TokenTree> {
    let mut tokens = Vec::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        tokens.extend(input.parse::<TokenTree>());
    }
    tokens
}

/// Whether there is a placeholder among the tokens, or a colon that separates the parts of a key.
fn is_template(tokens: &[TokenTree]) -> bool {
    let is = |at: usize, punct: char| matches!(tokens.get(at), Some(TokenTree::Punct(it)) if it.as_char() == punct);
    let is_text = !tokens
        .iter()
        .any(|token| matches!(token, TokenTree::Literal(it) if it.to_string().contains('"')));
    let opens =
        |at| is(at, '<') && tokens[at..].iter().enumerate().any(|(next, _)| is(at + next, '>'));
    let separates = |at| is(at, ':') && at > 0 && !is(at - 1, ':') && !is(at + 1, ':');
    is_text && (0..tokens.len()).any(|at| opens(at) || separates(at))
}

/// Whether an expression comes next. `user::<id>` is none that makes sense: a generic function that nobody calls.
fn is_expression(input: ParseStream<'_>) -> bool {
    let value = input.parse();
    if !input.is_empty() && !input.peek(Token![,]) {
        return false;
    }
    match value {
        Ok(Expr::Path(path)) => {
            let last = path.path.segments.last();
            last.is_none_or(|last| !matches!(last.arguments, PathArguments::AngleBracketed(_)))
        }
        Ok(_) => true,
        Err(_) => false,
    }
}

/// The tokens as the user meant them: without spaces, but between two words.
fn text(tokens: &[TokenTree]) -> String {
    let is_word = |token: &TokenTree| matches!(token, TokenTree::Ident(_) | TokenTree::Literal(_));
    let mut text = String::new();
    for (at, token) in tokens.iter().enumerate() {
        if at > 0 && is_word(token) && is_word(&tokens[at - 1]) {
            text.push(' ');
        }
        text.push_str(&token.to_string().replace(' ', ""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(value: &str) -> Option<String> {
        let check = |input: ParseStream<'_>| {
            let found = check(input, "key = ").err().map(|error| error.to_string());
            input.parse::<TokenStream>()?;
            Ok(found)
        };
        check.parse_str(value).unwrap()
    }

    #[test]
    fn templates_are_recognised() {
        for text in [
            "user:<id>",
            "<id>",
            "user/<id>",
            "user-<id>",
            "user:id",
            "user:{id}",
            "a:<b.c>:<d.e()>",
        ] {
            let message = found(text).unwrap_or_default();
            assert!(message.ends_with(&format!("`key = \"{text}\"`")), "{text}: {message}");
        }
        assert!(found("user::<id>").is_some());
    }

    #[test]
    fn expressions_are_left_alone() {
        for text in [
            "id",
            "UserKey { id }",
            "User::<Org>::key(id)",
            "if a < b { c } else { d }",
            "a < b && b > c",
            "format!(\"user:{id}\")",
            "\"user:<id>\" ttl = 5",
            "<User as Named>::NAME",
            "|user: &Vec<User>| 5",
            "|user: &HashMap<u64, User>, other: &User| 5",
            "5 + x",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_recognised() {
        assert!(
            found("5 minutes").is_some_and(|message| message.contains("`key = \"5 minutes\"`"))
        );
        assert!(found("1 hour 30 minutes").is_some());
        assert_eq!(found("5 users"), None);
    }
}
