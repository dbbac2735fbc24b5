//! Functions whose policy names `Self` or a type parameter, as a `static` cannot: they have a site for each policy.

use std::{ptr, sync::OnceLock};

use super::Site;
use crate::policy::Policy;

/// The sites of one annotated function, made as their policies come.
#[derive(Debug)]
pub struct Sites {
    path: fn() -> &'static str,
    template: Option<&'static str>,
    first: OnceLock<Box<Entry>>,
}

/// The site of one policy, and those that came after it.
#[derive(Debug)]
struct Entry {
    policy: &'static Policy,
    site: Site,
    next: OnceLock<Box<Entry>>,
}

impl Sites {
    /// A function: `path` names something inside of it.
    pub const fn new(path: fn() -> &'static str) -> Sites {
        Sites { path, template: None, first: OnceLock::new() }
    }

    /// The same, of a function whose key has this template.
    pub const fn template(mut self, template: &'static str) -> Sites {
        self.template = Some(template);
        self
    }

    /// The site of a policy that is [`checked`].
    pub fn of(&'static self, policy: &'static Policy) -> &'static Site {
        let mut at = &self.first;
        loop {
            let entry = at.get_or_init(|| Box::new(self.entry(policy)));
            // Constants that are alike may have places of their own.
            if ptr::eq(entry.policy, policy) || entry.policy == policy {
                return &entry.site;
            }
            at = &entry.next;
        }
    }

    fn entry(&self, policy: &'static Policy) -> Entry {
        let site = Site::new(self.path, *policy);
        let site = match self.template {
            Some(template) => site.template(template),
            None => site,
        };
        Entry { policy, site, next: OnceLock::new() }
    }
}

/// A policy whose parts go together.
///
/// # Panics
///
/// Where they do not; in a constant that is a compile error.
pub const fn checked(policy: Policy) -> Policy {
    assert!(
        policy.soft_timeout.is_none() || !policy.stale_if_error.is_zero(),
        "there would be no stale value to serve when `soft_timeout` is over: add `stale_if_error`"
    );
    if let Some(soft_timeout) = policy.soft_timeout {
        assert!(
            soft_timeout.as_nanos() < policy.background_timeout().as_nanos(),
            "a load would end before `soft_timeout` is over: make `load_timeout`, which is 30 s by default, longer than `soft_timeout`"
        );
    }
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_has_a_site_and_alike_ones_have_one() {
        static SITES: Sites = Sites::new(|| "app::find::__here").template("user:<id>");
        static ONE: Policy = Policy::ttl(60);
        static ALIKE: Policy = Policy::ttl(60);
        static OTHER: Policy = Policy::ttl(61);
        let one = SITES.of(&ONE);
        assert!(ptr::eq(one, SITES.of(&ONE)) && ptr::eq(one, SITES.of(&ALIKE)));
        let other = SITES.of(&OTHER);
        assert!(!ptr::eq(one, other) && ptr::eq(other, SITES.of(&OTHER)));
        assert_eq!((one.label(), other.label()), ("app::find", "app::find"));
        assert_eq!(other.policy.template, Some("user:<id>"));
    }
}
