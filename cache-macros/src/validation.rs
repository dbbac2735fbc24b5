//! The rules that attributes share, one function for each.

use syn::Expr;
use syn::ext::IdentExt;

use crate::ctxt::Ctxt;
use crate::function::{Form, Function};
use crate::key::{Key, Noun, Template};
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
pub(crate) fn check_key(key: &Key, noun: Noun, params: &Params, cx: &Ctxt) {
    match key {
        Key::Template(template) => _ = check_template(template, params, cx),
        Key::Expr(expr) => _ = check_is_no_word(expr, noun, params, cx),
    }
}

/// A word in lower case that is no parameter would be a static, which is no key: the quotes are missing. Says whether it is none.
pub(crate) fn check_is_no_word(key: &Expr, noun: Noun, params: &Params, cx: &Ctxt) -> bool {
    let Expr::Path(path) = key else { return true };
    let Some(word) = path.path.get_ident().map(ToString::to_string) else { return true };
    let is_word = word.starts_with(char::is_lowercase) && !params.contains(&word) && word != "self";
    if is_word {
        cx.error_at(
            path,
            format!("`{word}` is not a parameter: if it is the text of a {noun}, write it in quotes: `\"{word}\"`"),
        );
    }
    !is_word
}

/// Checks a template by itself. Returns the parameters that its mistakes probably meant: they need no second message.
pub(crate) fn check_template(template: &Template, params: &Params, cx: &Ctxt) -> Meant {
    let mut meant = check_placeholders(template, params, cx);
    let receiver = params.receiver.map(|_| "self".to_owned());
    let known: Vec<_> = params.list().into_iter().chain(receiver).collect();
    let braces = check_braces(template, &known, cx);
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
            template.error(placeholder.at.start, type_in_template(root, template), cx);
            continue;
        }
        if params.batch.as_ref().is_some_and(|batch| batch.unraw() == root)
            && let Some(value) = names.first()
        {
            meant.names.push(value.clone());
            template.error(placeholder.at.start, of_the_batch(placeholder, value, template), cx);
            continue;
        }
        let near = suggest::closest(root, &names);
        if near.is_none() && root.starts_with(char::is_uppercase) {
            meant.unknown += 1;
            template.error(placeholder.at.start, no_parameter(root, template), cx);
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

/// A constant, or a type or const parameter of an `impl`, which the macro cannot tell apart.
fn no_parameter(name: &str, template: &Template) -> String {
    let Template { noun, .. } = template;
    let of_a_type = match name.len() {
        1 => format!(", or for a type `{name}::NAME`"),
        _ => String::new(),
    };
    format!(
        "`{name}` is not a parameter of the function, and a template cannot contain a type or a constant: write the \
         {noun} as an expression, `{}`{of_a_type}",
        template.as_format(str::to_owned)
    )
}

fn type_in_template(name: &str, template: &Template) -> String {
    let named = |argument: &str| match argument == name {
        true => format!("{name}::NAME"),
        false => argument.to_owned(),
    };
    format!(
        "`{name}` is a type, which a template cannot contain: write the {} as an expression, such as `{}`",
        template.noun,
        template.as_format(named)
    )
}

/// `<users.id>` in the place of `<user.id>`.
fn of_the_batch(placeholder: &Placeholder, value: &str, template: &Template) -> String {
    let (root, noun) = (placeholder.root(), template.noun);
    let mut path = placeholder.path.clone();
    value.clone_into(&mut path[0]);
    let meant = path.join(".");
    format!("`{root}` is the whole batch, and a {noun} is that of one value: write `<{meant}>`")
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
    known: &[impl AsRef<str>],
    cx: &Ctxt,
) -> Vec<String> {
    let mut meant = Vec::new();
    let is_known = |name: &str| known.iter().any(|known| known.as_ref() == name);
    let in_key = |name: &str| template.placeholders().any(|it| it.root() == name);
    let missing: Vec<_> = known.iter().map(AsRef::as_ref).filter(|name| !in_key(name)).collect();
    let only = match missing[..] {
        [only] => only,
        _ => "name",
    };
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
                let path = if inside.is_empty() { only } else { path };
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
