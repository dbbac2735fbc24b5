//! The rules that attributes share, one function for each.

use syn::Expr;

use crate::ctxt::Ctxt;
use crate::function::{Form, Function};
use crate::key::{Key, Template};
use crate::params::{Params, RESULT};
use crate::suggest;
use crate::template::{Part, Placeholder};

/// The cache is reached over the network, so the function must be async.
///
/// A `const fn` has its own message, since it cannot be made async.
pub(crate) fn check_async(function: &Function, attribute: &str, cx: &Ctxt) {
    let sig = &function.sig;
    if let Some(constness) = &sig.constness {
        cx.error_at(
            constness,
            format!(
                "a `const fn` cannot wait for the cache: put `{attribute}` on an `async fn` that \
                 calls this one"
            ),
        );
        return;
    }
    match function.form {
        Form::Async(_) | Form::Desugared(_) => {}
        Form::Blocking => cx.error_at(
            sig.fn_token,
            format!("`{attribute}` waits for the cache: make this an `async fn`"),
        ),
        Form::Bodiless => cx.error_at(
            &sig.ident,
            format!(
                "`{}` has no body: put `{attribute}` on the implementation, or give the method a \
                 default body",
                sig.ident
            ),
        ),
    }
}

/// Checks a key or tag by itself. Expressions are left to the compiler.
pub(crate) fn check_key(key: &Key, params: &Params, cx: &Ctxt) {
    match key {
        Key::Template(template) => _ = check_template(template, params, cx),
        Key::Expr(expr) => _ = check_is_no_word(expr, params, cx),
    }
}

/// A word in lower case that is no parameter would be a static, which is no key: the quotes are missing. Says whether it is none.
pub(crate) fn check_is_no_word(key: &Expr, params: &Params, cx: &Ctxt) -> bool {
    let Expr::Path(path) = key else { return true };
    let Some(word) = path.path.get_ident().map(ToString::to_string) else { return true };
    let is_word = word.starts_with(char::is_lowercase) && !params.contains(&word) && word != "self";
    if is_word {
        cx.error_at(
            path,
            format!("`{word}` is not a parameter: for a key of this text write it in quotes, `\"{word}\"`"),
        );
    }
    !is_word
}

/// Checks a template by itself. Returns the parameters that its mistakes probably meant: they need no second message.
pub(crate) fn check_template(template: &Template, params: &Params, cx: &Ctxt) -> Meant {
    let mut meant = check_placeholders(template, params, cx);
    let braces = check_braces(template, |name| params.contains(name), cx);
    meant.unknown += braces.iter().filter(|name| name.is_empty()).count();
    meant.names.extend(braces);
    meant
}

/// Every placeholder must name a parameter. The compiler would report it in generated code, far from the template.
pub(crate) fn check_placeholders(template: &Template, params: &Params, cx: &Ctxt) -> Meant {
    let mut meant = Meant::default();
    let names = params.list();
    for placeholder in template.placeholders() {
        let root = placeholder.root();
        if params.contains(root) {
            continue;
        }
        if params.types.iter().any(|ty| ty == root) {
            meant.names.push(root.to_owned());
            template.error(placeholder.at.start, type_in_template(root), cx);
            continue;
        }
        let near = suggest::closest(root, &names);
        if near.is_none() && root.starts_with(char::is_uppercase) {
            meant.unknown += 1;
            template.error(placeholder.at.start, no_parameter(root), cx);
            continue;
        }
        match near {
            Some(near) => meant.names.push(near.to_owned()),
            None => meant.unknown += 1,
        }
        let message = unknown(placeholder, near, &names);
        template.error(placeholder.at.start, message, cx);
    }
    meant
}

/// A constant, or a type parameter of an `impl`.
fn no_parameter(name: &str) -> String {
    format!(
        "`{name}` is not a parameter, and a template cannot contain a type or a constant: write the key as an \
         expression, such as `format!(\"setting:{{}}\", {})`",
        if name.len() == 1 { format!("{name}::NAME") } else { name.to_owned() }
    )
}

fn type_in_template(name: &str) -> String {
    format!(
        "`{name}` is a type, which a template cannot contain: write the key as an expression, such as \
         `format!(\"setting:{{}}\", {name}::NAME)`"
    )
}

/// The parameters that unknown placeholders probably meant.
#[derive(Default)]
pub(crate) struct Meant {
    pub(crate) names: Vec<String>,
    /// The number of placeholders that resemble no parameter.
    pub(crate) unknown: usize,
}

fn unknown(placeholder: &Placeholder, near: Option<&str>, names: &[String]) -> String {
    let root = placeholder.root();
    if let Some(near) = near {
        let mut path = placeholder.path.clone();
        near.clone_into(&mut path[0]);
        let meant = path.join(".");
        return format!("`{root}` is not a parameter; did you mean `<{meant}>`?");
    }
    let there_are = suggest::parameters(names);
    match root {
        "self" => format!("`self` exists only in a method; {there_are}"),
        RESULT => "a reader's key is made before the function runs, so it cannot name the result: \
                   name a parameter"
            .to_owned(),
        _ => format!("`{root}` is not a parameter; {there_are}"),
    }
}

/// Braces are literal text, for the hash tags of Redis Cluster. `{id}` would give every call the same key.
pub(crate) fn check_braces(
    template: &Template,
    is_known: impl Fn(&str) -> bool,
    cx: &Ctxt,
) -> Vec<String> {
    let mut meant = Vec::new();
    for part in &template.parts {
        let Part::Text { text, at } = part else {
            continue;
        };
        for (offset, _) in text.match_indices('{') {
            let Some((inside, _)) = text[offset + 1..].split_once('}') else {
                continue;
            };
            // As in a format string: `{id:?}`, and `{}`.
            let path = inside.split(':').next().unwrap_or_default();
            let root = path.split('.').next().unwrap_or_default();
            if is_known(root) || inside.is_empty() {
                let path = if inside.is_empty() { "name" } else { path };
                let doubled = text[..offset].matches(['<', '>']).count();
                let message =
                    format!("`{{{inside}}}` is literal text: write `<{path}>` for a placeholder");
                template.error(at.start + offset + doubled, message, cx);
                meant.push(root.to_owned());
            }
        }
    }
    meant
}
