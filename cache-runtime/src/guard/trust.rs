//! Whose word pays a debt: that of a server which is the master still, and not that of one which only believes it.
//!
//! A server that goes on after it hung takes what was sent to it meanwhile, and confirms it, before it learns that a
//! replica has its place. What it has taken is lost then, with the old value still on the new master. So what is told in
//! the background pays a debt only if those who know (sentinels, the other nodes of a cluster) take that server for the
//! master even after it has answered. It is told again otherwise, to whoever is the master now.

use super::Guard;

/// The ways that steps on some keys have taken, where it matters which those are.
pub(super) struct Ways(Option<Vec<Option<u64>>>);

impl Guard {
    /// The ways that steps on `keys` are about to take.
    pub(super) fn ways(&self, keys: &[&str]) -> Ways {
        let ways = || keys.iter().map(|key| self.store.connection_of(key)).collect();
        Ways(self.store.has_stand_ins().then(ways))
    }

    /// For each of these keys, whether the way that its step has taken leads to the master still.
    pub(super) async fn have_led(&self, keys: &[&str], Ways(ways): Ways) -> Vec<bool> {
        let Some(ways) = ways else { return vec![true; keys.len()] };
        self.store.look_around(keys).await;
        let still = |(key, way): (&&str, Option<u64>)| {
            way.is_some() && self.store.connection_of(key) == way
        };
        keys.iter().zip(ways).map(still).collect()
    }
}
