//! What a script takes on a cluster has to be in one hash slot: a key that is written behind, and its queue.

use crate::{
    error::Error,
    store::{
        queue::Names,
        redis::{cluster::slots::slot, store::Servers},
    },
};

/// Whether a queue, and a key of it, can be changed in one step.
pub(super) fn check(servers: &Servers, names: &Names, key: Option<&str>) -> Result<(), Error> {
    match servers {
        Servers::One(_) => Ok(()),
        Servers::Cluster(_) => check_slots(names, key),
    }
}

/// Whether a queue, and a key of it, are in one slot.
pub(super) fn check_slots(names: &Names, key: Option<&str>) -> Result<(), Error> {
    let Names { title, queue, dead, index, leader, .. } = names;
    let place = slot(queue);
    if [&**dead, &**index, &**leader].iter().any(|own| slot(own) != place) {
        return Err(Error::Config(format!(
            "on a Redis Cluster the name of a queue needs a hash tag: call the queue `{title}` `{{{title}}}`, and put \
             `{{{title}}}` into its keys too, as in `{{{title}}}:<id>`"
        )));
    }
    match key.filter(|key| slot(key) != place) {
        None => Ok(()),
        Some(key) => Err(Error::Config(format!(
            "on a Redis Cluster a key has to be in the hash slot of its queue: `{key}` is in slot {}, the queue \
             `{title}` in {place}; put the queue's hash tag into the key, as in `{}:<id>`",
            slot(key),
            tag(queue),
        ))),
    }
}

/// The hash tag of a name that has one.
fn tag(name: &str) -> &str {
    let tagged = name.find('{').and_then(|open| {
        let close = name[open..].find('}')?;
        Some(&name[open..=open + close])
    });
    tagged.unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(namespace: Option<&str>, title: &str, key: &str) -> String {
        match check_slots(&Names::new(namespace, title), Some(key)) {
            Ok(()) => "nothing".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_hash_tag_brings_a_queue_and_its_keys_together() {
        assert_eq!(said(None, "{views}", "{views}:7"), "nothing");
        assert_eq!(said(Some("shop"), "{views}", "shop:{views}:7:v2"), "nothing");
        assert_eq!(said(Some("{shop}"), "views", "{shop}:views:7"), "nothing");
        assert_eq!(said(None, "{views}:2", "page:{views}"), "nothing");
    }

    #[test]
    fn without_one_it_is_said_what_to_write() {
        let untagged = said(Some("shop"), "views", "shop:views:7");
        assert!(untagged.contains("call the queue `views` `{views}`"), "{untagged}");
        assert!(untagged.contains("as in `{views}:<id>`"), "{untagged}");
        let apart = said(Some("shop"), "{views}", "shop:views:7");
        assert!(apart.contains("`shop:views:7` is in slot "), "{apart}");
        assert!(apart.contains("as in `{views}:<id>`"), "{apart}");
        // A tag of the namespace comes first.
        let hidden = said(Some("{shop}"), "{views}", "{views}:7");
        assert!(hidden.contains("as in `{shop}:<id>`"), "{hidden}");
    }
}
