//! Calls without an attribute: their keys and tags, with what these say of the call.

use super::Inner;
use crate::{
    declared::{Declaration, Identity, Role, ValueType},
    key::{self, KeyWriter, Template},
};

/// A call, as far as it is the same each time.
#[derive(Clone, Copy)]
pub(crate) struct Direct<'a> {
    /// The name under which it is counted, or that of the operation.
    pub(crate) function: &'static str,
    pub(crate) role: Role,
    pub(crate) version: Option<u32>,
    pub(crate) value: Option<ValueType>,
    pub(crate) tags: &'a [Tag],
}

/// A tag that an entry carries.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    /// As it is stored.
    pub(crate) name: String,
    template: Option<&'static str>,
}

impl Tag {
    fn described(&self) -> Template {
        let text = self.name.split_once(key::TAG).map_or("", |(_, text)| text);
        Template::of(self.template, text)
    }
}

impl Direct<'_> {
    /// A call that invalidates.
    pub(crate) fn invalidates(function: &'static str, version: Option<u32>) -> Self {
        Direct { function, role: Role::Invalidates, version, value: None, tags: &[] }
    }

    fn identity(&self, template: Option<&'static str>) -> Identity {
        let (name, fingerprint) = self.value.map_or(("", 0), ValueType::parts);
        let tags =
            self.tags.iter().map(|tag| tag.template.map_or(0, |it| it.as_ptr().addr()) as u64);
        let tags = tags.fold(self.tags.len() as u64, |hash, tag| hash.rotate_left(9) ^ tag);
        let version = self.version.map_or(u64::MAX, u64::from);
        let words = [self.function, template.unwrap_or(""), name];
        Identity::of_words(&words, &[self.role as u64, version, fingerprint, tags])
    }

    fn declare(&self, id: Identity, template: Template) -> Declaration {
        let mut declaration = Declaration::new(id, self.function, self.role, self.version);
        match self.role {
            Role::Invalidates => declaration.fenced.push(template),
            _ => declaration.key = Some(template),
        }
        declaration.value = self.value;
        declaration.tags = self.tags.iter().map(Tag::described).collect();
        declaration
    }
}

impl Inner {
    /// The stored key of a call, and which call it is.
    pub(crate) fn direct_key(
        &self,
        call: &Direct<'_>,
        write: impl FnOnce(&mut KeyWriter<'_>),
    ) -> (String, Identity) {
        let mut id = None;
        let key = key::stored(self.namespace.as_deref(), call.version, |out| {
            write(out);
            id = Some(self.declare(call, out));
        });
        let Some(id) = id else { unreachable!("a key is written") };
        (key, id)
    }

    /// Takes note of a call whose key has been written.
    fn declare(&self, call: &Direct<'_>, out: &KeyWriter<'_>) -> Identity {
        let template = out.template_name();
        let id = call.identity(template);
        if self.guard.is_some() {
            if self.declared.is_new(id) {
                self.declared.add(&call.declare(id, out.described()));
            }
            // A text may be a key of other readers each time.
            if cfg!(debug_assertions) && template.is_none() && call.role != Role::Reads {
                self.declared.look_at(&call.declare(id, out.described()));
            }
        }
        id
    }

    /// A tag that entries carry.
    pub(crate) fn direct_tag(&self, write: impl FnOnce(&mut KeyWriter<'_>)) -> Tag {
        let mut template = None;
        let name = self.tag(|out| {
            write(out);
            template = out.template_name();
        });
        Tag { name, template }
    }

    /// The stored name of a tag that a call without an attribute invalidates.
    pub(crate) fn direct_stale_tag(
        &self,
        function: &'static str,
        write: impl FnOnce(&mut KeyWriter<'_>),
    ) -> String {
        self.tag(|out| {
            write(out);
            let id = Identity::of_words(&[function, out.template_name().unwrap_or("")], &[]);
            if self.guard.is_some() && self.declared.is_new(id) {
                let mut declaration = Declaration::new(id, function, Role::Invalidates, None);
                declaration.fenced_tags.push(out.described());
                self.declared.add(&declaration);
            }
        })
    }
}
