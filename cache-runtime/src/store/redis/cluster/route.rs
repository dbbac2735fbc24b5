//! Sends a command to the node that serves its slot, and follows redirections.

use std::{sync::Arc, time::Duration};

use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisResult, cmd};
use tokio::time;

use super::{
    nodes::Cluster,
    redirect::{Redirection, redirection},
};
use crate::{
    store::redis::{
        incarnation::{Outgoing, Received},
        reconnect::Link,
        server::Server,
    },
    time::jittered,
};

/// Redirections that are followed at once. One leads to the node that knows; where nodes send a command to and fro, a
/// slot is just changing hands.
const AT_ONCE: u32 = 2;

/// The pause before one more is followed, doubled each time up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(1);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Where a command is sent to: a node, and whether the slot is still on its way to it.
pub(super) struct Target {
    pub(super) node: Arc<Server>,
    pub(super) asking: bool,
}

/// Where to send a command instead that was not executed.
pub(super) enum Redirected {
    At(Target),
    /// To the owner of its slot, after a while.
    Later,
}

impl Cluster {
    /// Sends a command for a key in `slot`, to its server as far as that is known; over a connection that turns out to
    /// be dead, `again` if it may be.
    pub(in crate::store::redis) async fn send(
        &self,
        slot: u16,
        server: Option<Arc<Server>>,
        command: &Outgoing<'_>,
        again: bool,
    ) -> RedisResult<Received> {
        let node = match server {
            Some(server) => server,
            None => self.owner(slot).await?,
        };
        let mut target = Target { node, asking: false };
        let mut backoff = Backoff::default();
        loop {
            let in_flight = self.in_flight(&target.node);
            let link = target.node.link(usize::from(slot));
            let answer = match target.asking {
                true => send_asking(link, command).await,
                false => link.send(command, again).await,
            };
            in_flight.answered(answer.as_ref().err());
            target = match self.redirected(slot, &target.node, answer.as_ref().err()) {
                None => return answer,
                Some(Redirected::At(target)) => target,
                Some(Redirected::Later) => {
                    backoff.exhaust();
                    Target { node: self.owner(slot).await?, asking: false }
                }
            };
            backoff.pause().await;
        }
    }

    /// Where to send a command instead of to `node`, if that is what an error says. A slot that has moved is looked for
    /// in its new place from then on.
    pub(super) fn redirected(
        &self,
        slot: u16,
        node: &Server,
        error: Option<&RedisError>,
    ) -> Option<Redirected> {
        let (place, asking) = match redirection(error?)? {
            Redirection::Moved(to) => (to, false),
            Redirection::Ask(at) => (at, true),
            Redirection::TryAgain => return Some(Redirected::Later),
        };
        let (host, _) = node.endpoint().place();
        let node = self.shared.change(|map| {
            let node = self.shared.find(map, place, host, map.nodes().len());
            if asking {
                map.add(&node);
            } else {
                map.give(slot..=slot, &node);
            }
            node
        });
        if !asking {
            self.refresh(Some(&node));
        }
        Some(Redirected::At(Target { node, asking }))
    }

    /// Where the last attempt to reach the server of `slot` failed, makes another one now; where that fails too, asks
    /// whether another node has its place, and tries that one.
    pub(in crate::store::redis) async fn retry_connect(&self, slot: u16) {
        let place = usize::from(slot);
        let node = match self.owner(slot).await {
            Ok(node) => {
                node.link(place).retry_connect().await;
                if node.link(place).connection().await.is_ok() {
                    return;
                }
                Some(node)
            }
            Err(_) => None,
        };
        self.refreshed().await;
        if let Ok(now) = self.owner(slot).await
            && node.is_none_or(|node| !Arc::ptr_eq(&node, &now))
        {
            now.link(place).retry_connect().await;
        }
    }
}

/// Has a node to which a slot is on its way execute a command for a key that is there already.
pub(super) async fn send_asking(link: &Link, command: &Outgoing<'_>) -> RedisResult<Received> {
    let both = |incarnation| {
        let mut both = Pipeline::with_capacity(2);
        both.add_command(asking()).add_command(command.written(incarnation).into_owned());
        both
    };
    let mut answers = link.send_all(&both, false).await?;
    let missing = || Err((ErrorKind::UnexpectedReturnType, "an answer is missing").into());
    answers.pop().unwrap_or_else(missing)
}

/// What goes before such a command.
pub(super) fn asking() -> Cmd {
    cmd("ASKING")
}

/// The pauses between redirections: none at first, then longer and longer ones, until the deadline of the caller.
#[derive(Default)]
pub(super) struct Backoff {
    followed: u32,
}

impl Backoff {
    /// There is a pause before the next one.
    pub(super) fn exhaust(&mut self) {
        self.followed = self.followed.max(AT_ONCE);
    }

    pub(super) async fn pause(&mut self) {
        if let Some(doubled) = self.followed.checked_sub(AT_ONCE) {
            let pause = FIRST_PAUSE * 2_u32.pow(doubled.min(10));
            time::sleep(jittered(pause.min(LONGEST_PAUSE))).await;
        }
        self.followed += 1;
    }
}
