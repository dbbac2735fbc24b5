//! Whether the server that confirmed a step is still the master.
//!
//! A server that hung executes and confirms what was sent to it meanwhile before it learns that a replica has been
//! promoted. Those writes are lost, and the new master still holds the old value. So an invalidation that is confirmed in
//! the background stays pending unless the sentinels, or the other nodes of a cluster, take that server for the master
//! even after its answer. Otherwise it is sent again, to the new master.

use super::operation::Guard;

/// The connection of each key, where another server may take the place of one.
pub(super) struct ConnectionIds(Option<Vec<Option<u64>>>);

impl Guard {
    /// The connections over which steps on `keys` are about to go.
    pub(super) fn connection_ids(&self, keys: &[&str]) -> ConnectionIds {
        let ids = || keys.iter().map(|key| self.store.lane(key).connection_id()).collect();
        ConnectionIds(self.store.has_stand_ins().then(ids))
    }

    /// For each of these keys, whether its connection still leads to the master.
    pub(super) async fn still_masters(
        &self,
        keys: &[&str],
        ConnectionIds(ids): ConnectionIds,
    ) -> Vec<bool> {
        let Some(ids) = ids else { return vec![true; keys.len()] };
        self.store.verify_masters(keys).await;
        let still = |(key, id): (&&str, Option<u64>)| {
            id.is_some() && self.store.lane(key).connection_id() == id
        };
        keys.iter().zip(ids).map(still).collect()
    }
}
