//! Looks into the store: the keys of a call and their tags, in one round trip.

use super::{
    engine::Engine,
    key_state::{KeyState, Want},
};
use crate::{entry::Entry, protocol::State, stats::NotStored, tag_version::current_stamp};

impl Engine {
    /// The first look.
    pub(super) async fn look(&mut self) {
        self.skip_own_loads();
        self.look_at_unseen().await;
    }

    /// Looks at the keys that have not been looked at: all of them at first, and then those whose entries stand beside
    /// others of another layout, while two releases of a service run side by side.
    pub(super) async fn look_at_unseen(&mut self) {
        if self.some_want(Want::Look) {
            self.fetch(KeyState::is_unseen).await;
        }
        while self.some_want(Want::Look) {
            Box::pin(self.look_again()).await;
        }
    }

    /// What was found asks for another look: at the tags that a value names, or at what stands beside it.
    async fn look_again(&mut self) {
        match self.keys.iter().any(|state| state.unjudged().is_some()) {
            true => self.look_at_named().await,
            false => self.fetch(KeyState::is_unseen).await,
        }
    }

    /// Looks at some of the keys and at the tags; for an entry that stands beside another, at that as well; and for a
    /// value that has expired, whether another process is elected to renew it.
    ///
    /// They may be seen at different moments. An entry that is found good was good when it was read, or when its tag
    /// was, and both are within the call.
    pub(super) async fn fetch(&mut self, which: impl Fn(&KeyState) -> bool) {
        if self.is_out() {
            return;
        }
        let look = self.request.policy.look();
        if self.is_plain() && which(&self.keys[0]) {
            return match self.request.guard.look(self.keys[0].key(), look).await {
                Ok(state) => self.see(0, state),
                Err(error) => self.store_failed(&error),
            };
        }
        let at: Vec<usize> = (0..self.keys.len()).filter(|&at| which(&self.keys[at])).collect();
        if at.is_empty() {
            return;
        }
        let those = |has: fn(&KeyState) -> bool| {
            at.iter().copied().filter(|&at| has(&self.keys[at])).collect::<Vec<_>>()
        };
        let expired = those(|state| state.refresh_key().is_some());
        let beside = those(|state| state.beside().is_some());
        let states = || at.iter().map(|&at| &self.keys[at]);
        let mut keys: Vec<&str> = states().map(KeyState::key).collect();
        keys.extend(self.request.tags.iter().map(String::as_str));
        keys.extend(states().filter_map(KeyState::refresh_key));
        keys.extend(states().filter_map(KeyState::beside).map(|(own_key, _)| own_key));
        let mut found = match self.request.guard.look_many(&keys, look).await {
            Ok(found) => found,
            Err(error) => return self.store_failed(&error),
        };
        let own_keys = found.split_off(found.len() - beside.len());
        let refresh_keys = found.split_off(found.len() - expired.len());
        let tags: Result<Vec<_>, _> = found.split_off(at.len()).into_iter().collect();
        match tags {
            Ok(tags) => self.tags = tags.iter().map(current_stamp).collect(),
            // Without its tags nobody can say of any entry whether it is good.
            Err(error) => return self.store_failed(&error),
        }
        for (at, state) in at.into_iter().zip(found) {
            match self.counted(state) {
                Some(state) => self.see(at, state),
                None => self.keys[at].not_storable(NotStored::Unavailable),
            }
        }
        for (at, state) in expired.into_iter().zip(refresh_keys) {
            if let Ok(state) = state {
                self.keys[at].see_refresh_key(&state);
            }
        }
        for (at, state) in beside.into_iter().zip(own_keys) {
            match self.counted(state) {
                Some(state) => {
                    let (keys, judge) = self.judge();
                    let unusable = keys[at].see_own_key(state, &judge);
                    self.note(at, unusable);
                }
                None => self.keys[at].not_storable(NotStored::Unavailable),
            }
        }
    }

    /// Whether a look is at one key and nothing else.
    fn is_plain(&self) -> bool {
        self.is_single()
            && self.request.tags.is_empty()
            && self.keys[0].beside().is_none()
            && self.keys[0].refresh_key().is_none()
    }

    pub(super) fn see(&mut self, at: usize, state: State<Entry>) {
        let (keys, judge) = self.judge();
        let unusable = keys[at].see(state, &judge);
        self.note(at, unusable);
    }
}
