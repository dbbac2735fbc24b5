//! The rules that attributes share, one function to a rule.

use crate::ctxt::Ctxt;
use crate::function::{Form, Function};
use crate::key::{Key, Template};
use crate::params::{self, Params, RESULT};
use crate::suggest;
use crate::template::{Part, Placeholder};

/// The cache is asked over the network, so the function has to be able to wait.
///
/// A `const fn` is told apart, since making it async would not be allowed either.
pub(crate) fn check_async(function: &Function, attribute: &str, cx: &Ctxt) {
    let sig = &function.sig;
    if let Some(constness) = &sig.constness {
        cx.error_at(
            constness,
            format!(
                "a `const fn` runs at compile time, where there is no cache: write an `async fn` \
                 under `{attribute}`, and let it call this one"
            ),
        );
        return;
    }
    match function.form {
        Form::Async(_) | Form::Pinned(_) => {}
        Form::Blocking => cx.error_at(
            sig.fn_token,
            format!("`{attribute}` waits for the cache, so it needs an `async fn`"),
        ),
        Form::Bodiless => cx.error_at(
            &sig.ident,
            format!(
                "`{}` has no body here: put `{attribute}` on the implementation, or give the \
                 method a default body",
                sig.ident
            ),
        ),
    }
}

/// Inside a transaction a reader may see what never commits, and a writer's commit comes after
/// the attribute has finished: neither can keep the cache right.
pub(crate) fn check_transactions(function: &Function, message: &str, cx: &Ctxt) {
    for parameter in params::transactions(&function.sig) {
        cx.error_at(&parameter.ty, message);
    }
}

/// What is wrong with a key or a tag by itself. Of an expression nothing is known here.
pub(crate) fn check_key(key: &Key, params: &Params, cx: &Ctxt) {
    if let Key::Template(template) = key {
        check_template(template, params, cx);
    }
}

/// What is wrong with a template by itself. Gives the parameters that need no further message: those that were
/// probably meant.
pub(crate) fn check_template(template: &Template, params: &Params, cx: &Ctxt) -> Meant {
    let mut meant = check_placeholders(template, params, cx);
    meant.names.extend(check_braces(template, |name| params.contains(name), cx));
    meant
}

/// A placeholder that names nothing would be an error in generated code, far from the template.
pub(crate) fn check_placeholders(template: &Template, params: &Params, cx: &Ctxt) -> Meant {
    let mut meant = Meant::default();
    let names = params.list();
    for placeholder in template.placeholders() {
        let root = placeholder.root();
        if params.contains(root) {
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

/// What unknown placeholders were probably meant to be.
#[derive(Default)]
pub(crate) struct Meant {
    pub(crate) names: Vec<String>,
    /// Placeholders that are like no parameter.
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
    let there_is = match names {
        [] => "the function has no parameters".to_owned(),
        names => format!("there is {}", suggest::list(names)),
    };
    match root {
        "self" => format!("there is no `self` outside of a method; {there_is}"),
        RESULT => "the key is made before the function runs, so it cannot name what that returns"
            .to_owned(),
        _ => format!("`{root}` is not a parameter; {there_is}"),
    }
}

/// Braces are literal, for the hash tags of Redis Cluster, so `{id}` would give every call the
/// same key.
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
                let message = format!("braces are literal text: write `<{inside}>`");
                template.error(at.start + offset + doubled, message, cx);
                meant.push(root.to_owned());
            }
        }
    }
    meant
}
