//! What the attributes' expansions call. Not public API: it may change in any release.

mod body;
mod detach;
mod each;
mod ending;
mod kept;
mod label;
mod local;
mod nothing;
mod queue;
mod refused;
mod shapes;
mod share;
mod sites;
mod stored;

pub mod single;

use std::{
    future::Future,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};

pub use self::{
    body::{
        Changed, fails, project, returned, valued, valued_load, valued_rows, valued_rows_owned,
    },
    detach::{Argument, Borrowed, Detach0, Detach1, Detach2, foreground},
    each::{Found, Found0, Found1, ListOf, batch, batch_owned, list, list_owned},
    ending::{Apart, Ending0, Ending1, EndingProbe, Held},
    kept::*,
    local::{ArcProbe, ArcRowsProbe, ByArc0, ByArc1, Kept, kept, kept_rows},
    nothing::{Cacheable, ShapeOfNothing},
    queue::{
        QueueTag, enqueue, enqueue_tagged, flusher, queue, queue_fingerprint, queue_key,
        queue_same, queue_tag, queue_ttl,
    },
    refused::{FromUnavailable, Refuses, refusal},
    shapes::*,
    share::{Share0, Share1, Shared},
    sites::{Sites, checked},
    stored::{
        Fingerprint0, Fingerprint1, Link, Same0, Same1, ValueProbe, require_fingerprint, same,
    },
};
use crate::{
    cache::Cache,
    declared::{Declaration, Identity, Role, ValueType},
    guard::Guard,
    key::KeyWriter,
    policy::Policy,
    read::{DynFuture, Request, past},
    return_shape::Shape,
    stats::{Counters, NotStored, SitePlace},
    time::IntoTtl,
    transaction,
    write::Stores,
};
pub use crate::{
    flight::SharedError,
    key::{Rendered, rendered},
    read::{Attended, Decision, Owned, Run, keep},
    return_shape::Place,
    value::{Fingerprint, LayoutOf, Opaque},
    write::Leave,
};

/// The policy of a function whose ttl comes with each call.
pub const NO_TTL: Policy = Policy::UNSET;

/// What is constant about one annotated function.
#[derive(Debug)]
pub struct Site {
    path: fn() -> &'static str,
    policy: Policy,
    name: OnceLock<&'static str>,
    /// Its place among the functions of the process.
    place: SitePlace,
    /// Whether it has been logged that the function writes in a transaction without a scope.
    warned: AtomicBool,
}

impl Site {
    /// A function: `path` names something inside of it. A writer has no ttl.
    ///
    /// # Panics
    ///
    /// Where the parts of the policy do not go together; in a constant that is a compile error.
    pub const fn new(path: fn() -> &'static str, policy: Policy) -> Site {
        Site {
            path,
            policy: checked(policy),
            name: OnceLock::new(),
            place: SitePlace::new(),
            warned: AtomicBool::new(false),
        }
    }

    /// The same, of a function whose key has this template.
    pub const fn template(mut self, template: &'static str) -> Site {
        self.policy.template = Some(template);
        self
    }

    /// Logs once that this function has written in a transaction outside of a scope.
    fn warn_unscoped(&self, function: &str) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                function,
                "a function wrote in a transaction outside of `cache_runtime::transaction(...)`: its keys are settled when \
                 it returns, so others may cache the old value until the commit, and keep it"
            );
        }
    }

    fn id(&'static self) -> Identity {
        Identity::of_static(self)
    }

    #[cold]
    fn declaration(&'static self) -> Box<Declaration> {
        let role = Role::Invalidates;
        Box::new(Declaration::new(self.id(), self.label(), role, self.policy.version))
    }

    fn place(&self) -> usize {
        self.place.get()
    }

    fn label(&self) -> &'static str {
        self.name.get_or_init(|| self.policy.name.unwrap_or_else(|| label::label((self.path)())))
    }
}

/// One call of an annotated function.
#[derive(Debug)]
pub struct Call {
    site: &'static Site,
    cache: Cache,
    /// What this call has instead of the site's policy. The policy itself is not moved from step to step.
    ttl: Option<Duration>,
    negative_ttl: Option<Duration>,
    fingerprint: u64,
    /// Why the cache is not used for it, if it is not.
    bypass: Option<NotStored>,
    /// A writer that invalidates nothing, since its `when` is false.
    is_idle: bool,
    /// For how long its fences stand after the write.
    hold: Duration,
    key: String,
    tags: Vec<String>,
    fences: Vec<String>,
    through: Option<String>,
    /// Boxed, since a reader has none and takes its room along.
    leave: Option<Box<Leave>>,
    /// What the function is, at its first call on this cache.
    declaration: Option<Box<Declaration>>,
}

impl Call {
    /// A call on the cache in force.
    #[inline]
    pub fn new(site: &'static Site) -> Call {
        Call::with(site, Cache::current())
    }

    /// A call on the cache that the attribute names.
    #[inline]
    pub fn on(site: &'static Site, cache: &Cache) -> Call {
        Call::with(site, cache.clone())
    }

    #[inline]
    fn with(site: &'static Site, cache: Cache) -> Call {
        let is_new = cache.inner.guard.is_some() && cache.inner.declared.is_new(site.id());
        Call {
            declaration: is_new.then(|| site.declaration()),
            site,
            cache,
            ttl: None,
            negative_ttl: None,
            fingerprint: 0,
            bypass: transaction::is_within().then_some(NotStored::Transaction),
            is_idle: false,
            hold: Duration::ZERO,
            key: String::new(),
            tags: Vec::new(),
            fences: Vec::new(),
            through: None,
            leave: None,
        }
    }

    /// Whether the cache is to be used for this call.
    #[inline]
    pub fn when(mut self, when: bool) -> Call {
        if !when {
            self.bypass.get_or_insert(NotStored::Bypassed);
        }
        self
    }

    /// Whether a writer is to invalidate anything.
    pub fn only_when(mut self, when: bool) -> Call {
        self.is_idle |= !when;
        self
    }

    /// For how long the fences of a writer stand after the write.
    pub fn hold(mut self, hold: impl IntoTtl) -> Call {
        self.hold = hold.into_ttl();
        self
    }

    /// The call may be made in a transaction, and has an argument of this type. Outside of a scope, one that is a transaction
    /// bypasses the cache.
    pub fn transaction(self, argument: &str) -> Call {
        self.in_transaction(transaction::is_type_of_one(argument))
    }

    /// The call may be made in a transaction, and has been asked whether it is.
    pub fn in_transaction(mut self, is_in_one: bool) -> Call {
        if is_in_one {
            self.bypass.get_or_insert(NotStored::Transaction);
        }
        self
    }

    /// This call's ttl.
    pub fn ttl(mut self, ttl: impl IntoTtl) -> Call {
        self.ttl = Some(ttl.into_ttl());
        self
    }

    /// This call's ttl for `None`.
    pub fn negative_ttl(mut self, ttl: impl IntoTtl) -> Call {
        self.negative_ttl = Some(ttl.into_ttl());
        self
    }

    /// The key, unless the cache is not to be used.
    pub fn key(mut self, write: impl FnOnce(&mut KeyWriter<'_>)) -> Call {
        if self.bypass.is_none() && self.cache.inner.guard.is_some() {
            let declaration = &mut self.declaration;
            self.key = self.cache.key(self.site.policy.version, |out| {
                write(out);
                if let Some(declaration) = declaration {
                    declaration.key = Some(out.described());
                }
            });
        }
        self
    }

    /// One of the tags that the entry carries, unless the cache is not to be used.
    pub fn tag(mut self, write: impl FnOnce(&mut KeyWriter<'_>)) -> Call {
        if self.bypass.is_none() && self.cache.inner.guard.is_some() {
            let declaration = &mut self.declaration;
            self.tags.push(self.cache.tag(|out| {
                write(out);
                if let Some(declaration) = declaration {
                    Declaration::note(&mut declaration.tags, out.described());
                }
            }));
        }
        self
    }

    /// One of the tags that a writer fences.
    pub fn fence_tag(mut self, write: impl FnOnce(&mut KeyWriter<'_>)) -> Call {
        if self.cache.inner.guard.is_some() {
            let declaration = &mut self.declaration;
            self.fences.push(self.cache.tag(|out| {
                write(out);
                if let Some(declaration) = declaration {
                    Declaration::note(&mut declaration.fenced_tags, out.described());
                }
            }));
        }
        self
    }

    /// The fingerprint of the value's type; of a type that has none, it is left to the policy.
    #[inline]
    pub fn fingerprint(mut self, fingerprint: u64) -> Call {
        self.fingerprint = fingerprint;
        self
    }

    /// The fingerprint that its entries are to have: where two types are found under one key, each has its own.
    #[inline]
    fn entry_fingerprint(&self) -> u64 {
        let known = match self.fingerprint {
            0 => self.site.policy.encoding.fingerprint,
            fingerprint => fingerprint,
        };
        self.cache.inner.declared.fingerprint(self.site.id(), known)
    }

    /// The policy of this call.
    fn policy(&self) -> Policy {
        let mut policy = self.site.policy;
        policy.ttl = self.ttl.unwrap_or(policy.ttl);
        policy.negative_ttl = self.negative_ttl.or(policy.negative_ttl);
        if self.fingerprint != 0 {
            policy.encoding.fingerprint = self.fingerprint;
        }
        policy
    }

    /// One of the keys that a writer fences.
    pub fn fence(mut self, write: impl FnOnce(&mut KeyWriter<'_>)) -> Call {
        if self.cache.inner.guard.is_some() {
            let declaration = &mut self.declaration;
            self.fences.push(self.cache.key(self.site.policy.version, |out| {
                write(out);
                if let Some(declaration) = declaration {
                    Declaration::note(&mut declaration.fenced, out.described());
                }
            }));
        }
        self
    }

    fn counters(&self) -> Arc<Counters> {
        let registry = &self.cache.inner.registry;
        Arc::clone(registry.of_site(self.site.place(), || self.site.label()))
    }

    /// Runs a cached function.
    pub fn run<S, H, F>(self, _shape: S, hooks: H, body: F) -> Run<S, Attended<H, F>>
    where
        S: Shape,
        S::Stored: Serialize + DeserializeOwned,
        H: FnOnce(&S::Value, &mut Decision),
        F: Future<Output = S::Output> + Unpin,
    {
        let (request, key) = self.reads::<S::Value>().request();
        Run::new(request, key, false, Attended::new(hooks, body))
    }

    /// Runs a cached function whose body owns all that it needs, and can go on in the background.
    #[allow(clippy::type_complexity, reason = "it holds a closure, which no alias can name")]
    pub fn run_owned<S, H, L, F>(
        self,
        _shape: S,
        hooks: H,
        load: L,
    ) -> Run<S, Owned<S, H, impl FnOnce() -> DynFuture<S::Output>>>
    where
        S: Shape + 'static,
        S::Output: Send + 'static,
        S::Stored: Serialize + DeserializeOwned + Send,
        H: FnOnce(&S::Value, &mut Decision) + Send + 'static,
        L: FnOnce() -> F,
        F: Future<Output = S::Output> + Send + 'static,
    {
        let (request, key) = self.reads::<S::Value>().request();
        Run::<S, _>::new(request, key, true, Call::owned(hooks, load))
    }

    /// A body that owns all that it needs.
    fn owned<S, H, L, F>(hooks: H, load: L) -> Owned<S, H, impl FnOnce() -> DynFuture<S::Output>>
    where
        S: Shape<Output: Send + 'static>,
        L: FnOnce() -> F,
        F: Future<Output = S::Output> + Send + 'static,
    {
        Owned::new(hooks, || Cache::in_same_scope(Box::pin(load())))
    }

    /// A cached function reads values of this type.
    #[inline]
    fn reads<V>(mut self) -> Call {
        if let Some(declaration) = self.declaration.take().filter(|_| self.bypass.is_none()) {
            let value = ValueType::of::<V>(self.policy().encoding.fingerprint);
            self.declare(*declaration, value);
        }
        self
    }

    #[cold]
    fn declare(&self, declaration: Declaration, value: ValueType) {
        let value = Some(value);
        let declaration = Declaration { role: Role::Reads, value, ..declaration };
        self.cache.inner.declared.add(&declaration);
    }

    /// What a cached function asks for, and under which key; nothing for a call that goes past the cache.
    fn request(self) -> (Option<Request>, String) {
        if self.cache.inner.guard.is_none() {
            return (None, self.key);
        }
        let counters = self.counters();
        if let Some(why) = self.bypass {
            past(&counters, &self.site.policy, why);
            return (None, self.key);
        }
        let mut policy = self.policy();
        policy.encoding.fingerprint = self.entry_fingerprint();
        (Request::new(&self.cache.inner, counters, policy, self.tags), self.key)
    }

    /// The key whose entry's place the value of a writer takes.
    pub fn through(mut self, write: impl FnOnce(&mut KeyWriter<'_>)) -> Call {
        if self.cache.inner.guard.is_some() {
            let declaration = &mut self.declaration;
            self.through = Some(self.cache.key(self.site.policy.version, |out| {
                write(out);
                if let Some(declaration) = declaration {
                    declaration.role = Role::Stores;
                    declaration.key = Some(out.described());
                }
            }));
        }
        self
    }

    /// The value that a writer leaves, where it is known before the body runs.
    pub fn leave(mut self, decide: impl FnOnce(&mut Leave)) -> Call {
        if self.cache.inner.guard.is_some() {
            let mut leave = self.new_leave(&self.counters());
            leave.declares(self.declaration.clone());
            decide(&mut leave);
            self.leave = Some(Box::new(leave));
        }
        self
    }

    fn new_leave(&self, counters: &Arc<Counters>) -> Leave {
        let stores = match (&self.through, self.bypass) {
            (None, _) => Stores::Nothing,
            (Some(_), Some(why)) => Stores::Not(why),
            (Some(_), None) => Stores::Value,
        };
        Leave::new(&self.cache.inner, counters, &self.policy(), self.site.id(), stores)
    }

    /// What a write touches and leaves; nothing for one that goes past the cache.
    fn writing(mut self) -> Option<Writing> {
        let given = self.leave.take();
        let guard = Arc::clone(self.cache.inner.guard.as_ref()?);
        let counters = self.counters();
        if self.is_idle {
            match self.through {
                Some(_) => past(&counters, &self.site.policy, NotStored::Bypassed),
                None => counters.bypassed.add_one(),
            }
            return None;
        }
        if self.bypass.is_some() && !transaction::is_within() {
            self.site.warn_unscoped(counters.name);
        }
        let mut leave = given.map_or_else(|| self.new_leave(&counters), |given| *given);
        leave.declares(self.declaration.take());
        let policy = self.policy();
        // What a transaction has written may never be committed.
        if self.bypass.is_some() {
            self.fences.extend(self.through.take());
        }
        let Call { cache, through: key, fences, tags, hold, .. } = self;
        Some(Writing { cache, guard, counters, policy, key, fences, tags, hold, leave })
    }
}

/// What one write touches and leaves.
struct Writing {
    cache: Cache,
    guard: Arc<Guard>,
    counters: Arc<Counters>,
    policy: Policy,
    key: Option<String>,
    fences: Vec<String>,
    tags: Vec<String>,
    hold: Duration,
    leave: Leave,
}

/// The hooks of a writer that leaves nothing, or whose value is known already.
pub fn leave_nothing<V: ?Sized>(_: &V, _: &mut Leave) {}

/// Shows a value to a closure, whose parameter's type is thereby known.
pub fn view<V: ?Sized, R>(value: &V, closure: impl FnOnce(&V) -> R) -> R {
    closure(value)
}
