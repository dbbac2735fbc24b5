//! The one load of a call, and what becomes of its values: stored where nothing was written meanwhile, and shared as far
//! as that proves them good.

use std::{mem, time::Duration};

use super::{
    began::Began,
    decision::Decided,
    engine::{Ask, Engine},
    function::Function,
    load_role::LoadRole,
};
use crate::{
    codec::{self, Meta, Packed},
    entry::Entry,
    expiry,
    flight::SharedError,
    lease::Held,
    protocol::{Nonce, Reply, State, Step},
    stats::{NotStored, Warning},
    telemetry::tell,
};

/// After a load has failed for which an expired value stands in, nobody in the fleet tries again for so long.
const PAUSE: Duration = Duration::from_secs(1);

/// The tags that a loaded value names, and their versions.
type Named<'a> = (&'a [String], &'a [Nonce]);

/// What is to become of loaded values.
#[derive(Default)]
pub(super) struct Settlement {
    /// The steps that end this call's leases, or replace what has expired.
    steps: Vec<(usize, Step<Entry>)>,
    /// For those who wait.
    share: Option<Entry>,
    /// Nobody knows whether one of its tags was invalidated during the load.
    unproven: bool,
    /// The value cannot be shared, whoever loads it: nobody is to wait for another call's.
    unshareable: bool,
    /// Audited keys that differ from their source.
    differing: Vec<(usize, Nonce)>,
}

impl Settlement {
    pub(super) fn is_nothing(&self) -> bool {
        let Settlement { steps, share, unproven: _, unshareable, differing } = self;
        steps.is_empty() && share.is_none() && !unshareable && differing.is_empty()
    }
}

impl Engine {
    /// The load of what is missing, and of what is audited, begins now.
    pub(super) fn begin_load(&mut self) {
        if self.asked.is_empty() {
            self.asked = self.missing();
            self.asked.extend(self.first_look.audited.iter().map(|(at, _)| *at));
            self.asked.sort_unstable();
        }
        let counters = &self.request.counters;
        counters.audits.add(self.first_look.audited.len() as u64);
        counters.loads.add_one();
        self.waiting = None;
        self.mark = self.role.mark();
        self.began = Some(Began::now());
    }

    /// The load has just come to an end.
    pub(super) fn end_load(&self, succeeded: bool) {
        self.request.counters.loaded(self.took(), succeeded);
    }

    /// Counts loaded rows that cannot be stored, since nobody knows under which key.
    pub(super) fn count_unmatched(&self, rows: usize) {
        if rows == 0 {
            return;
        }
        let counters = &self.request.counters;
        counters.unmatched.add(rows as u64);
        counters.not_stored_many(rows as u64, self.about_call(), NotStored::Unmatched);
        if counters.is_first(Warning::Unmatched) {
            tell!(
                warn,
                self.about_call(),
                rows,
                "a batch has loaded rows that belong to no id that it was asked for, or two for an id that has one: \
                 they are returned and not stored (said once for each function)"
            );
        }
    }

    pub(super) fn took(&self) -> Duration {
        self.began.map(|began| began.elapsed()).unwrap_or_default()
    }

    /// Decides what becomes of what `function` has loaded.
    pub(super) fn plan(&mut self, function: &mut dyn Function) -> Settlement {
        let audited = mem::take(&mut self.first_look.audited);
        let mut settlement = Settlement::default();
        for (at, decided) in mem::take(&mut self.decided) {
            self.plan_key((at, decided), function, &mut settlement);
        }
        let differs = |(at, _): &(usize, Nonce)| super::audit::differs(function, *at);
        settlement.differing = audited.into_iter().filter(differs).collect();
        settlement
    }

    fn plan_key(
        &self,
        (at, decided): (usize, Option<Decided>),
        function: &mut dyn Function,
        settlement: &mut Settlement,
    ) {
        let (wanted, names) = match decided {
            Some(Decided { ttl, tags, .. }) => (Some(ttl), tags),
            None => (None, Vec::new()),
        };
        let ttl = wanted.and_then(Result::ok).unwrap_or_default();
        let versions = match names.is_empty() {
            true => Some(Vec::new()),
            false => self.named_tags.as_deref().and_then(|named| named.versions(&names)),
        };
        settlement.unproven |= versions.is_none();
        let held = self.keys[at].lease().and_then(|which| self.claims.held(which));
        // Its release may prove the value good for all who are there by then.
        let mark = if held.is_some() { self.role.mark() } else { self.mark };
        let shares = self.role.has_followers_before(mark);
        let named = versions.as_deref().map(|versions| (&names[..], versions));
        let stores = held.is_some() && !ttl.is_zero() && named.is_some();
        let (mut fill, mut share) = (None, None);
        let mut why = match wanted {
            Some(Err(why)) => Some(why),
            Some(Ok(_)) if held.is_none() => Some(self.keys[at].why_not_storable()),
            // A writer of a tag that the value names may have come and gone.
            Some(Ok(_)) if named.is_none() => Some(NotStored::Superseded),
            _ => None,
        };
        if stores || shares {
            match self.pack((at, ttl), (held, named), function) {
                (Packed::Fits(entry), life) if stores => fill = Some((entry, life)),
                (Packed::Fits(entry), _) => share = Some(entry),
                (Packed::TooLarge(entry), _) => {
                    share = Some(entry);
                    why.get_or_insert(NotStored::TooLarge);
                }
                (Packed::Refused(refused), _) => {
                    settlement.unshareable = self.is_single();
                    why.get_or_insert(refused);
                }
            }
        }
        if let Some(why) = why {
            self.not_stored(at, why);
        }
        let Some(held) = held else {
            settlement.share = share;
            return;
        };
        let expected = held.expected();
        let step = match fill {
            Some((value, life)) => {
                share = Some(value.clone()).filter(|_| self.is_single());
                Step::Fill { expected, stamp: value.stamp(), value, life }
            }
            // A lease that nobody waits for goes with the call, or to the next one.
            None if self.is_single() && share.is_none() && !held.replaces() => return,
            // What is there is not the value any more, or a lease that others wait for.
            None => Step::Release { expected },
        };
        settlement.share = share;
        settlement.steps.push((at, step));
    }

    /// The entry of a loaded value, and how long the store is to keep it.
    fn pack(
        &self,
        (at, ttl): (usize, Duration),
        (held, named): (Option<&Held>, Option<Named<'_>>),
        function: &dyn Function,
    ) -> (Packed, Duration) {
        let policy = &self.request.policy;
        let cost = u32::try_from(self.took().as_micros()).unwrap_or(u32::MAX);
        let life = expiry::Expiry::new(ttl, policy, self.request.guard.clock().now_ms());
        let mut tags = Vec::new();
        if held.is_some() {
            tags.extend_from_slice(&self.claims.tags);
            tags.extend(self.keys[at].beside().map(|(_, stamp)| stamp));
            tags.extend(named.iter().flat_map(|(_, versions)| versions.iter()));
        }
        let stamp = held.map_or(Nonce([0; 16]), Held::stamp);
        let encoded = function.encode(at, stamp, &policy.encoding, Meta::new(&life, cost, &tags));
        let packed =
            codec::packed(encoded, &policy.encoding, &self.request.counters, self.about(at));
        let packed = match (packed, named) {
            (Packed::Fits(entry), Some((names, _))) if policy.names_tags => {
                entry.naming(names).map_or(Packed::TooLarge(entry), Packed::Fits)
            }
            (packed, _) => packed,
        };
        (packed, life.store_ttl)
    }

    /// Takes the steps, and shares the value: one round trip.
    pub(super) async fn settle(mut self, settlement: Settlement) -> (Engine, Ask) {
        let Settlement { steps, share, unproven, unshareable, differing } = settlement;
        let proven = self.role.mark();
        let mark = match !steps.is_empty() && self.take_steps(steps).await && !unproven {
            // What was claimed still stood, and the tags do yet: the value is good for all who had called by then.
            true => proven,
            // It is good for those who had called when the load began.
            false => self.mark,
        };
        if unshareable {
            self.end(None);
        } else if let Some(entry) = share {
            mem::take(&mut self.role).publish(mark, entry);
        }
        if !differing.is_empty() {
            self.count_stale(differing).await;
        }
        (self, Ask::Return)
    }

    /// Takes the steps, and for one key looks at its tags after that. Says whether all of it stood as it was claimed.
    async fn take_steps(&mut self, steps: Vec<(usize, Step<Entry>)>) -> bool {
        let fills: Vec<_> =
            steps.iter().map(|(at, step)| (*at, matches!(step, Step::Fill { .. }))).collect();
        let mut sent: Vec<_> =
            steps.into_iter().map(|(at, step)| (self.keys[at].key(), step)).collect();
        let mut versions = Vec::new();
        if self.is_single() {
            let beside = self.keys[0].beside();
            sent.extend(self.request.tags.iter().map(|tag| (tag.as_str(), Step::Read)));
            sent.extend(beside.map(|(own_key, _)| (own_key, Step::Read)));
            versions.extend_from_slice(&self.claims.tags);
            versions.extend(beside.map(|(_, stamp)| stamp));
            let named = self.named_tags.as_deref().map_or(&[][..], |named| &named.learned);
            sent.extend(named.iter().map(|(name, _)| (name.as_str(), Step::Read)));
            versions.extend(named.iter().map(|(_, version)| *version));
        }
        let mut replies = match self.send(sent).await {
            Ok(replies) => replies.into_iter(),
            // The leases may stand yet: they are given up with the call.
            Err(error) => {
                self.count_error(&error);
                let lost = fills.into_iter().filter(|(_, fills)| *fills);
                lost.for_each(|(at, _)| self.not_stored(at, NotStored::Unavailable));
                return false;
            }
        };
        let mut stood = true;
        for ((at, fills), reply) in fills.into_iter().zip(replies.by_ref()) {
            match reply {
                Ok(reply) => {
                    let done = matches!(reply, Reply::Done | Reply::NotKept);
                    stood &= done;
                    self.stored = done && fills;
                    if !done && (fills || self.is_single()) {
                        self.request.counters.superseded.add_one();
                    }
                    if fills && reply != Reply::Done {
                        let why = if done { NotStored::TooLarge } else { NotStored::Superseded };
                        self.not_stored(at, why);
                    }
                    if done {
                        tell!(trace, self.about(at), "a load has ended its claim");
                    }
                    if let Some(which) = self.keys[at].lease() {
                        self.claims.settled(which);
                    }
                }
                Err(error) => {
                    stood = false;
                    self.count_error(&error);
                    if fills {
                        self.not_stored(at, NotStored::Unavailable);
                    }
                }
            }
        }
        let unchanged = |(reply, version): (Result<Reply<Entry>, _>, Nonce)| matches!(reply, Ok(Reply::Found(State::Value(now, _))) if now == version);
        stood && replies.zip(versions).all(unchanged)
    }

    /// The load has failed. Those who wait get its error, or try for themselves.
    pub(super) fn failed(&mut self, function: &dyn Function) {
        self.request.counters.load_failures.add_one();
        tell!(debug, self.about_call(), "a load has failed");
        self.end(function.share_error());
    }

    /// How long the load may take.
    pub(super) fn load_timeout(&self) -> Option<Duration> {
        let policy = &self.request.policy;
        if self.detached { Some(policy.background_timeout()) } else { policy.load_timeout }
    }

    /// Whether the call can end without its load: nobody waits for it, or there is something else to serve.
    pub(super) fn can_give_up_load(&self) -> bool {
        self.detached || self.is_answered() || (self.falls_back && self.can_fall_back())
    }

    /// The load has had its time, and is not waited for. Others try for themselves.
    pub(super) fn timed_out(&mut self) {
        self.request.counters.load_failures.add_one();
        self.tell_overrun("a load has taken longer than its load_timeout, and was dropped");
        self.end(None);
    }

    /// The load has had its time, and there is nothing to serve but its value, which is not stored any more. Somebody else
    /// is to lead.
    pub(super) fn give_up_claims(&mut self) {
        self.tell_overrun(
            "a load has taken longer than its load_timeout, and its value will not be stored",
        );
        self.close(NotStored::LoadTimeout);
        self.role = LoadRole::Background;
    }

    fn tell_overrun(&self, what: &'static str) {
        let load_timeout = self.load_timeout();
        tell!(warn, self.about_call(), ?load_timeout, "{what}");
    }

    /// Ends with nothing to share but an error. Where an expired value can be served, nobody in the fleet is to try
    /// again for a moment; other leases go to whoever tries next.
    fn end(&mut self, error: Option<SharedError>) {
        self.claims.fail(PAUSE);
        let claims = self.claims.take();
        mem::take(&mut self.role).fail(error, claims);
    }

    /// After the failed load of a batch: looks again for expired values to serve, for a write may have come meanwhile,
    /// and a write wins.
    pub(super) async fn look_for_stale(mut self) -> (Engine, Ask) {
        // What ends a tag meanwhile ends what is found here, whatever this call knew of that tag before.
        self.named_tags = None;
        self.fetch(|state| !state.is_answered()).await;
        self.look_at_unseen().await;
        if self.can_fall_back() {
            self.fall_back();
        }
        (self, Ask::Decode)
    }

    /// Renews some keys in the background: those for which this process is elected, of the whole fleet.
    pub(super) async fn renew(mut self) -> (Engine, Ask) {
        self.acquire_wanted().await;
        // What others renew, and what was renewed or invalidated meanwhile, is not for this call to load.
        self.asked = (0..self.keys.len()).filter(|&at| self.keys[at].is_refreshing()).collect();
        if self.asked.is_empty() {
            return (self, Ask::Return);
        }
        self.request.counters.refreshes.add_one();
        (self, Ask::Load)
    }

    /// Loads a key anew, whatever is cached, to be stored in the place of that.
    pub(super) async fn reload(mut self) -> (Engine, Ask) {
        self.falls_back = false;
        self.look().await;
        self.first_look.over = true;
        if let Some(hit) = self.only().take_found() {
            self.only().replace(hit.entry, false);
        }
        self.acquire_wanted().await;
        (self, Ask::Load)
    }
}
