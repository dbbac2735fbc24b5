//! A connection of one's own to the node that serves a slot, whichever that is.

use std::sync::Arc;

use redis::{Cmd, RedisResult, Value};
use tokio::time;

use super::{
    nodes::Cluster,
    route::{Backoff, LONGEST_PAUSE, Redirected, Target, send_asking},
};
use crate::store::redis::{
    incarnation::{Outgoing, Received},
    reconnect::Link,
    server::Server,
};

pub(in crate::store::redis) struct SlotConnection {
    cluster: Cluster,
    at: Option<(Arc<Server>, Link)>,
}

impl SlotConnection {
    /// One more connection to a node of `cluster`, for whoever wants to wait on it.
    pub(in crate::store::redis) fn new(cluster: &Cluster) -> SlotConnection {
        SlotConnection { cluster: cluster.clone(), at: None }
    }

    /// Sends a command for keys in `slot`, once.
    pub(in crate::store::redis) async fn send(
        &mut self,
        slot: u16,
        command: &Outgoing<'_>,
    ) -> RedisResult<Value> {
        let mut backoff = Backoff::default();
        loop {
            let (node, mut answer) = self.ask(slot, command).await?;
            let mut redirected = self.cluster.redirected(slot, &node, answer.as_ref().err());
            if let Some(Redirected::At(Target { node, asking: true })) = redirected {
                answer = send_asking(node.link(usize::from(slot)), command).await;
                redirected = self.cluster.redirected(slot, &node, answer.as_ref().err());
            }
            match redirected {
                None => return answer.map(|received| received.value),
                Some(Redirected::At(_)) => {}
                Some(Redirected::Later) => backoff.exhaust(),
            }
            backoff.pause().await;
        }
    }

    /// Sends a command that waits for something. Where the slot moves meanwhile, the wait is over.
    pub(in crate::store::redis) async fn wait(
        &mut self,
        slot: u16,
        command: &Cmd,
    ) -> RedisResult<()> {
        let (node, answer) = self.ask(slot, &Outgoing::Same(command)).await?;
        match self.cluster.redirected(slot, &node, answer.as_ref().err()) {
            None => answer.map(drop),
            Some(_) => {
                // While a slot is on its way, there would be one look after the other.
                time::sleep(LONGEST_PAUSE).await;
                Ok(())
            }
        }
    }

    /// The connection, if there has been need of one.
    pub(in crate::store::redis) fn link(&self) -> Option<&Link> {
        self.at.as_ref().map(|(_, link)| link)
    }

    /// Asks the node that serves the slot now.
    async fn ask(
        &mut self,
        slot: u16,
        command: &Outgoing<'_>,
    ) -> RedisResult<(Arc<Server>, RedisResult<Received>)> {
        let node = self.cluster.owner(slot).await?;
        let link = match &mut self.at {
            Some((at, link)) if Arc::ptr_eq(at, &node) => link,
            at => {
                let link = node.further_link();
                &mut at.insert((Arc::clone(&node), link)).1
            }
        };
        let in_flight = self.cluster.in_flight(&node);
        let answer = link.send(command, false).await;
        in_flight.answered(answer.as_ref().err());
        Ok((node, answer))
    }
}
