//! The rules that attributes share, one function for each.

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
    if let Key::Template(template) = key {
        check_template(template, params, cx);
    }
}

/// Checks a template by itself. Returns the parameters that its mistakes probably meant: they need no second message.
pub(crate) fn check_template(template: &Template, params: &Params, cx: &Ctxt) -> Meant {
    let mut meant = check_placeholders(template, params, cx);
    meant.names.extend(check_braces(template, |name| params.contains(name), cx));
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
        match near {
            Some(near) => meant.names.push(near.to_owned()),
            None => meant.unknown += 1,
        }
        let message = unknown(placeholder, near, &names);
        template.error(placeholder.at.start, message, cx);
    }
    meant
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
            let root = inside.split('.').next().unwrap_or_default();
            if is_known(root) {
                let doubled = text[..offset].matches(['<', '>']).count();
                let message =
                    format!("`{{{inside}}}` is literal text: write `<{inside}>` for a placeholder");
                template.error(at.start + offset + doubled, message, cx);
                meant.push(root.to_owned());
            }
        }
    }
    meant
}
