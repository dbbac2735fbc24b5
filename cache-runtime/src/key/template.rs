//! What is known of a function's keys: the template that they are written by, or one of them; and whether two functions
//! can have a key in common.

use std::fmt;

/// The keys, or tags, of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    /// All that this template writes, such as `user:<id>`.
    Of(&'static str),
    /// A key that was written without one, such as a string. There may be others.
    Example(String),
}

/// One place of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Is(char),
    /// One character of a placeholder.
    Part,
    /// Any number of them.
    Parts,
}

impl Template {
    /// Of a key that was written as `text`, by `template` if it says so. A key by hand that contains another one says the
    /// template of that.
    pub(crate) fn of(template: Option<&'static str>, text: &str) -> Template {
        let example = || Template::Example(text.to_owned());
        match template.map(Template::Of) {
            Some(template) if template.overlaps(&example()) => template,
            _ => example(),
        }
    }

    /// Whether both can be the same key.
    pub(crate) fn overlaps(&self, other: &Template) -> bool {
        let (one, other) = (self.places(), other.places());
        // Whether what follows the first `at` places of the one can be what follows the first `at` of the other.
        let mut same = vec![vec![false; other.len() + 1]; one.len() + 1];
        for a in (0..=one.len()).rev() {
            for b in (0..=other.len()).rev() {
                let (left, right) = (one.get(a), other.get(b));
                same[a][b] = match (left, right) {
                    (None, None) => true,
                    (Some(Place::Parts), _) if same[a + 1][b] => true,
                    (_, Some(Place::Parts)) if same[a][b + 1] => true,
                    (Some(Place::Parts), Some(right)) => right.is_of_a_part() && same[a][b + 1],
                    (Some(left), Some(Place::Parts)) => left.is_of_a_part() && same[a + 1][b],
                    (Some(left), Some(right)) => left.can_be(*right) && same[a + 1][b + 1],
                    _ => false,
                };
            }
        }
        same[0][0]
    }

    /// Whether both write the same text around their placeholders.
    pub(crate) fn has_shape_of(&self, other: &Template) -> bool {
        self.places() == other.places()
    }

    /// The text before the first separator or placeholder, by which keys of one kind begin.
    pub(crate) fn kind(&self) -> String {
        let is_kind = |place: &Place| matches!(place, Place::Is(c) if may_be_in_a_part(*c));
        let kind = self.places().into_iter().take_while(is_kind);
        kind.filter_map(|place| if let Place::Is(c) = place { Some(c) } else { None }).collect()
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Template::Example(text) => text.chars().map(Place::Is).collect(),
            Template::Of(template) => places(template),
        }
    }
}

fn places(template: &str) -> Vec<Place> {
    let mut places = Vec::with_capacity(template.len());
    let mut rest = template.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '<' | '>' if rest.next_if_eq(&c).is_some() => places.push(Place::Is(c)),
            '<' => {
                rest.by_ref().find(|c| *c == '>');
                // No part is empty.
                places.extend([Place::Part, Place::Parts]);
            }
            c => places.push(Place::Is(c)),
        }
    }
    places
}

impl Place {
    fn is_of_a_part(self) -> bool {
        match self {
            Place::Is(c) => may_be_in_a_part(c),
            Place::Part | Place::Parts => true,
        }
    }

    fn can_be(self, other: Place) -> bool {
        match (self, other) {
            (Place::Is(a), Place::Is(b)) => a == b,
            (Place::Is(c), _) | (_, Place::Is(c)) => may_be_in_a_part(c),
            _ => true,
        }
    }
}

/// Whether a part can contain `c`: what is unreserved, what encodes, and what structures.
fn may_be_in_a_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~%!(),'".contains(c)
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Template::Of(template) => write!(f, "`{template}`"),
            // Its text may hold what nobody may read in a log.
            Template::Example(_) => f.write_str("a key that is an expression"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_overlap_where_a_key_can_be_of_both() {
        let example = |text: &str| Template::Example(text.to_owned());
        let overlap = [
            (Template::Of("user:<id>"), Template::Of("user:<user.id>")),
            (Template::Of("user:<id>"), Template::Of("user:me")),
            (Template::Of("<kind>:<id>"), Template::Of("user:<id>")),
            (Template::Of("a<x>"), Template::Of("<x>z")),
            (Template::Of("<<<x>>>"), example("<7>")),
            (Template::Of("pair:<pair>"), example("pair:(1,%20)")),
            (Template::Of("none:<x>"), example("none:''")),
        ];
        for (one, other) in overlap {
            assert!(one.overlaps(&other) && other.overlaps(&one), "{one} {other}");
        }
        let apart = [
            (Template::Of("user:<id>"), Template::Of("users:<id>")),
            (Template::Of("user:<id>"), Template::Of("user:<tenant>:<id>")),
            (Template::Of("user:<id>"), example("user:")),
            (Template::Of("user:<id>"), example("user:7:posts")),
            (Template::Of("<<x>>"), example("7")),
        ];
        for (one, other) in apart {
            assert!(!one.overlaps(&other) && !other.overlaps(&one), "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_template_that_did_not_write_the_key_is_not_its_template() {
        let of = |text| Template::of(Some("user:<id>"), text);
        assert_eq!(of("user:7"), Template::Of("user:<id>"));
        assert_eq!(of("user:7:posts"), Template::Example("user:7:posts".into()));
        assert_eq!(of("x:user:7"), Template::Example("x:user:7".into()));
        assert_eq!(Template::of(None, "user:7"), Template::Example("user:7".into()));
    }

    #[test]
    fn the_kind_of_a_key_is_what_it_begins_with() {
        assert_eq!(Template::Of("user:<id>").kind(), "user");
        assert_eq!(Template::Of("user<id>").kind(), "user");
        assert_eq!(Template::Example("user:7".into()).kind(), "user");
        assert_eq!(Template::Of("<kind>:<id>").kind(), "");
    }
}
