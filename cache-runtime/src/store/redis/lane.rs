//! Lanes: where the steps on a key go, resolved once. What is sent over one lane arrives in its order.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use redis::{Pipeline, RedisResult, Value, cmd};

use super::{
    cluster::{nodes::Cluster, slots::slot},
    command::{
        CallScript, is_a_writers, may_be_repeated, may_go_with_others, takes_copies_away, under,
    },
    incarnation::{Outgoing, Received},
    reconnect::Link,
    reply::{found, reply, unavailable},
    script::Script,
    server::Server,
    store::{RedisStore, Servers},
    together::{Operation, get},
};
use crate::{
    entry::Entry,
    error::Error,
    protocol::{Incarnation, Reply, State, Step},
    store::{
        batch::{Replies, States},
        breaker::Breaker,
        connection::ConnectionState,
        inspected::Inspected,
    },
};

/// A key's connection, and its server. A lane is for one operation: where a cluster's slots move, a later one resolves its
/// key anew.
pub(crate) struct Lane<'s> {
    store: &'s RedisStore,
    route: Route<'s>,
}

enum Route<'s> {
    /// Over this link of the only server.
    Only { server: &'s Arc<Server>, link: &'s Link },
    /// To the master that serves this slot, if it is known.
    Slot { cluster: &'s Cluster, slot: u16, server: Option<Arc<Server>> },
}

impl RedisStore {
    /// The lane of a key.
    pub(crate) fn lane(&self, key: &str) -> Lane<'_> {
        let route = match &self.servers {
            Servers::One(server) => Route::Only { server, link: server.link(place(server, key)) },
            Servers::Cluster(cluster) => {
                let slot = slot(key);
                Route::Slot { cluster, slot, server: cluster.server(slot) }
            }
        };
        Lane { store: self, route }
    }

    /// The lanes of `keys`, each with the places of its keys in their order.
    pub(crate) fn lanes<'k>(
        &self,
        keys: impl Iterator<Item = &'k str>,
    ) -> Vec<(Lane<'_>, Vec<usize>)> {
        let mut lanes = BTreeMap::<_, (Lane<'_>, Vec<usize>)>::new();
        for (at, key) in keys.enumerate() {
            let lane = match &self.servers {
                Servers::One(server) => (0, server.link_index(place(server, key))),
                Servers::Cluster(cluster) => cluster.connection_of(slot(key)),
            };
            lanes.entry(lane).or_insert_with(|| (self.lane(key), Vec::new())).1.push(at);
        }
        lanes.into_values().collect()
    }

    /// Whether every key has the same lane.
    pub(crate) fn has_one_lane(&self) -> bool {
        matches!(&self.servers, Servers::One(server) if server.links().len() == 1)
    }

    /// Whether keys are on several servers.
    pub(crate) fn has_several_servers(&self) -> bool {
        matches!(self.servers, Servers::Cluster(_))
    }
}

/// The place of a key among the connections to the only server. It is its hash slot, so that keys with one hash tag have one
/// lane, here as on a cluster.
fn place(server: &Server, key: &str) -> usize {
    match server.links() {
        // Nothing to choose from.
        [_] => 0,
        _ => usize::from(slot(key)),
    }
}

impl Lane<'_> {
    /// Looks at a key.
    pub(crate) async fn read(&self, key: &str) -> Result<State<Entry>, Error> {
        let received = match &self.route {
            Route::Only { link, .. } => Operation::begin(link).look(key).await,
            Route::Slot { .. } => self.send(&Outgoing::Same(&get(key)), true).await,
        };
        Ok(self.store.encryptor.open_state(key, found(received)?))
    }

    /// All that the server knows of a key, in two round trips.
    pub(crate) async fn inspect(&self, key: &str) -> Result<Inspected, Error> {
        let pttl = cmd("PTTL").arg(key).to_owned();
        let received = self.send(&Outgoing::Same(&get(key)), true).await;
        let incarnation =
            received.as_ref().map_or(Incarnation::NONE, |received| received.incarnation);
        let state = found(received)?;
        let left = match self.send(&Outgoing::Same(&pttl), true).await {
            Ok(Received { value: Value::Int(left), .. }) => u64::try_from(left).ok(),
            // It may not be allowed to this user, and is told by nothing else.
            _ => None,
        };
        let raw = Inspected::of(state, left.map(Duration::from_millis), incarnation);
        let state = self.store.encryptor.open_state(key, raw.state);
        Ok(Inspected { state, ..raw })
    }

    /// Looks at several keys, in one round trip. A key of another Redis type may look vacant.
    pub(crate) async fn read_many(&self, keys: &[&str]) -> Result<States, Error> {
        let answers = match &self.route {
            Route::Only { link, .. } => {
                let received = Operation::begin(link).look_many(keys).await;
                received.map_err(|e| unavailable(&e))?.into_iter().map(Ok).collect()
            }
            Route::Slot { cluster, server, .. } => cluster.read_many(keys, server.as_ref()).await,
        };
        let opened =
            |(key, answer): (&&str, _)| Ok(self.store.encryptor.open_state(key, found(answer)?));
        Ok(keys.iter().zip(answers).map(opened).collect())
    }

    /// Takes one step.
    pub(crate) async fn run(&self, key: &str, step: Step<Entry>) -> Result<Reply<Entry>, Error> {
        let RedisStore { scripts, encryptor, .. } = self.store;
        let step = encryptor.step(key, step)?;
        let found_again;
        let lane = if is_a_writers(&step) {
            self.retry_connect().await;
            // Another server may have the key by now.
            found_again = self.store.lane(key);
            &found_again
        } else {
            self
        };
        let _own = takes_copies_away(&step).then(|| self.store.copies.write(key));
        let again = may_be_repeated(&step);
        let by_hash = |to| scripts.command(key, &under(&step, to), Script::by_hash);
        let by_hash = Outgoing::Under(&by_hash);
        let sent = match &lane.route {
            Route::Only { link, .. } if may_go_with_others(&step) => {
                Operation::begin(link).step(&by_hash, again).await
            }
            _ => lane.send(&by_hash, again).await,
        };
        let result = match sent {
            Err(e) if e.code() == Some("NOSCRIPT") => {
                let by_text = |to| scripts.command(key, &under(&step, to), Script::by_text);
                lane.send(&Outgoing::Under(&by_text), again).await
            }
            result => result,
        };
        Ok(encryptor.open_reply(key, reply(&step, result)?))
    }

    /// Takes several steps on keys of this lane, in one round trip and in this order. Each has an answer of its own.
    pub(crate) async fn run_many(&self, steps: &[(&str, Step<Entry>)]) -> Result<Replies, Error> {
        let encryptor = &self.store.encryptor;
        let sealed: Vec<(&str, Step<Entry>)>;
        let steps = if encryptor.seals() {
            let step = |(key, step): &(&'_ str, Step<Entry>)| encryptor.step(key, step.clone());
            let taken = steps.iter().map(step).collect::<Result<Vec<_>, _>>()?;
            sealed = steps.iter().map(|(key, _)| *key).zip(taken).collect();
            &sealed
        } else {
            steps
        };
        let writes = steps.iter().filter(|(_, step)| takes_copies_away(step));
        let _own: Vec<_> = writes.map(|(key, _)| self.store.copies.write(key)).collect();
        let all: Vec<usize> = (0..steps.len()).collect();
        let mut results = self.send_steps(steps, &all, Script::by_hash).await?;
        // A server that has forgotten the scripts is sent them again, all in one more round trip.
        let forgotten = |result: &RedisResult<Received>| {
            result.as_ref().is_err_and(|e| e.code() == Some("NOSCRIPT"))
        };
        let again: Vec<usize> = all.into_iter().filter(|&at| forgotten(&results[at])).collect();
        if !again.is_empty() {
            let sent = self.send_steps(steps, &again, Script::by_text).await?;
            again.into_iter().zip(sent).for_each(|(at, result)| results[at] = result);
        }
        let opened = |((key, step), result): (&(&str, Step<Entry>), _)| {
            Ok(encryptor.open_reply(key, reply(step, result)?))
        };
        Ok(steps.iter().zip(results).map(opened).collect())
    }

    /// Sends `some` of the steps.
    async fn send_steps(
        &self,
        steps: &[(&str, Step<Entry>)],
        some: &[usize],
        call: CallScript,
    ) -> Result<Vec<RedisResult<Received>>, Error> {
        let command = |which: usize, to| {
            let (key, step) = &steps[some[which]];
            self.store.scripts.command(key, &under(step, to), call)
        };
        match &self.route {
            Route::Only { link, .. } => {
                let pipeline = |to| {
                    let mut pipeline = Pipeline::with_capacity(some.len());
                    for which in 0..some.len() {
                        pipeline.add_command(command(which, to));
                    }
                    pipeline
                };
                link.send_all(&pipeline, false).await.map_err(|e| unavailable(&e))
            }
            Route::Slot { cluster, server, .. } => {
                let slots: Vec<u16> = some.iter().map(|&at| slot(steps[at].0)).collect();
                Ok(cluster.send_all(&slots, server.as_ref(), &command, false).await)
            }
        }
    }

    /// Sends a command for the key. Where the connection turns out to be dead, it is sent once more, if `again` allows it.
    pub(super) async fn send(&self, command: &Outgoing<'_>, again: bool) -> RedisResult<Received> {
        match &self.route {
            Route::Only { link, .. } => link.send(command, again).await,
            Route::Slot { cluster, slot, server } => {
                cluster.send(*slot, server.clone(), command, again).await
            }
        }
    }

    /// Where the last attempt to connect failed, makes another one now, and waits for it.
    pub(super) async fn retry_connect(&self) {
        match &self.route {
            Route::Only { link, .. } => link.retry_connect().await,
            Route::Slot { cluster, slot, .. } => cluster.retry_connect(*slot).await,
        }
    }

    /// The breaker of the server. Where the node of a cluster is not known, the breaker of all such keys.
    pub(crate) fn breaker(&self) -> &Arc<Breaker> {
        match &self.route {
            Route::Only { server, .. } => &server.breaker,
            Route::Slot { cluster, server, .. } => match server {
                Some(server) => &server.breaker,
                None => cluster.unknown(),
            },
        }
    }

    /// The state of the connection. Where the node of a cluster is not known, it is unreachable.
    pub(crate) fn state(&self) -> ConnectionState {
        self.link().map_or(ConnectionState::Unreachable, Link::state)
    }

    /// The id of the connection, if there is one.
    pub(crate) fn connection_id(&self) -> Option<u64> {
        self.link().and_then(Link::connection_id)
    }

    /// Whether something of a large value has come or gone over the connection within this time.
    pub(crate) fn transfers(&self, within: Duration) -> bool {
        self.link().is_some_and(|link| link.transfers(within))
    }

    /// An operation on `key` had no answer in time.
    pub(crate) fn mark_unresponsive(&self, key: &str) {
        self.link().inspect(|link| link.mark_unresponsive(key));
    }

    /// Makes an attempt to connect now, if there is no connection.
    pub(crate) fn reconnect_now(&self) {
        self.link().inspect(|link| link.reconnect_now());
    }

    pub(super) fn store(&self) -> &RedisStore {
        self.store
    }

    /// Whether it leads to a node of a cluster.
    pub(super) fn is_of_a_cluster(&self) -> bool {
        matches!(self.route, Route::Slot { .. })
    }

    pub(super) fn link(&self) -> Option<&Link> {
        match &self.route {
            Route::Only { link, .. } => Some(link),
            Route::Slot { slot, server, .. } => Some(server.as_ref()?.link(usize::from(*slot))),
        }
    }

    pub(super) fn server(&self) -> Option<&Arc<Server>> {
        match &self.route {
            Route::Only { server, .. } => Some(server),
            Route::Slot { server, .. } => server.as_ref(),
        }
    }
}
