//! Many commands at once: a pipeline for each connection, all at the same time.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::join_all;
use redis::{Cmd, ErrorKind, Pipeline, RedisResult, Value};

use super::{
    nodes::Cluster,
    route::{Backoff, Redirected, Target, asking},
};
use crate::{
    protocol::Incarnation,
    store::redis::{incarnation::Received, server::Server},
};

/// How each command is written for a server of some incarnation.
pub(in crate::store::redis) type Commands<'a> = dyn Fn(usize, Incarnation) -> Cmd + Sync + 'a;

/// A command that has no answer yet, and where to send it, if not to the owner of its slot.
struct Open {
    at: usize,
    target: Option<Target>,
}

impl Cluster {
    /// Sends commands, each for keys in its slot; `command` says how each is written. Each has an answer of its own, be
    /// it that a node could not be reached. Those of one slot are taken in their order. Where a connection turns out to
    /// be dead, they are sent `again` if they may be.
    ///
    /// All of them go to `server`, as far as that is known; what that redirects goes on by itself. A command for several
    /// keys of a slot that is on its way may be answered that it be tried again later.
    pub(in crate::store::redis) async fn send_all(
        &self,
        slots: &[u16],
        server: Option<&Arc<Server>>,
        command: &Commands<'_>,
        again: bool,
    ) -> Vec<RedisResult<Received>> {
        let nothing = || Received { value: Value::Nil, incarnation: Incarnation::NONE };
        let mut answers: Vec<_> = slots.iter().map(|_| Ok(nothing())).collect();
        let target = || Some(Target { node: Arc::clone(server?), asking: false });
        let open = (0..slots.len()).map(|at| Open { at, target: target() });
        let mut open: Vec<Open> = open.collect();
        let mut backoff = Backoff::default();
        loop {
            let parts = self.parts(slots, open, &mut answers).await;
            let sent = parts.into_iter().map(|part| self.send_part(part, command, again));
            open = Vec::new();
            for (part, results) in join_all(sent).await {
                for (&(at, _), result) in part.commands.iter().zip(results) {
                    match self.redirected(slots[at], &part.node, result.as_ref().err()) {
                        Some(Redirected::At(target)) => {
                            open.push(Open { at, target: Some(target) });
                        }
                        Some(Redirected::Later) | None => answers[at] = result,
                    }
                }
            }
            if open.is_empty() {
                return answers;
            }
            open.sort_unstable_by_key(|open| open.at);
            backoff.pause().await;
        }
    }

    /// Sorts commands by the connection that each is to go over. Those that can go nowhere are answered.
    async fn parts(
        &self,
        slots: &[u16],
        open: Vec<Open>,
        answers: &mut [RedisResult<Received>],
    ) -> Vec<Part> {
        let mut parts = BTreeMap::<(usize, usize), Part>::new();
        for Open { at, target } in open {
            let slot = slots[at];
            let target = match target {
                Some(target) => Ok(target),
                None => self.owner(slot).await.map(|node| Target { node, asking: false }),
            };
            match target {
                Ok(Target { node, asking }) => {
                    let lane = (node.number, node.link_index(usize::from(slot)));
                    let part = Part { node, slot, commands: Vec::new() };
                    parts.entry(lane).or_insert(part).commands.push((at, asking));
                }
                Err(error) => answers[at] = Err(error),
            }
        }
        parts.into_values().collect()
    }

    async fn send_part(
        &self,
        part: Part,
        command: &Commands<'_>,
        again: bool,
    ) -> (Part, Vec<RedisResult<Received>>) {
        let in_flight = self.in_flight(&part.node);
        let pipeline = |incarnation| part.pipeline(command, incarnation);
        let sent = part.node.link(usize::from(part.slot)).send_all(&pipeline, again).await;
        in_flight.answered(sent.as_ref().err());
        let results = match sent {
            Ok(values) => part.answers(values),
            Err(error) => part.commands.iter().map(|_| Err(error.clone())).collect(),
        };
        (part, results)
    }
}

/// Commands that go over one connection of a node.
struct Part {
    node: Arc<Server>,
    /// That of one of them.
    slot: u16,
    /// Which they are, and whether each is to be taken though its slot is still on its way.
    commands: Vec<(usize, bool)>,
}

impl Part {
    fn pipeline(&self, command: &Commands<'_>, incarnation: Incarnation) -> Pipeline {
        let mut pipeline = Pipeline::with_capacity(self.commands.len());
        for &(at, asks) in &self.commands {
            if asks {
                pipeline.add_command(asking());
            }
            pipeline.add_command(command(at, incarnation));
        }
        pipeline
    }

    /// The answers to the commands themselves.
    fn answers(&self, values: Vec<RedisResult<Received>>) -> Vec<RedisResult<Received>> {
        let mut values = values.into_iter();
        let missing = || Err((ErrorKind::UnexpectedReturnType, "an answer is missing").into());
        let answer = |&(_, asks): &(usize, bool)| {
            if asks {
                values.next();
            }
            values.next().unwrap_or_else(missing)
        };
        self.commands.iter().map(answer).collect()
    }
}
