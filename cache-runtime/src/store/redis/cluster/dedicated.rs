//! A connection of one's own to the node that serves a slot, whichever that is.

use std::sync::Arc;

use redis::{Cmd, RedisError, Value};
use tokio::time;

use super::{
    Cluster, LONGEST_PAUSE, Patience, Redirected, Target,
    node::{Node, send_asking},
};
use crate::store::redis::{pool, reconnect::Link};

pub(in crate::store::redis) struct Follower {
    cluster: Cluster,
    at: Option<(Arc<Node>, Link)>,
}

impl Cluster {
    /// One more connection, for whoever wants to wait on it.
    pub(in crate::store::redis) fn follower(&self) -> Follower {
        Follower { cluster: self.clone(), at: None }
    }
}

impl Follower {
    /// Sends a command for keys in `slot`, once.
    pub(in crate::store::redis) async fn send(
        &mut self,
        slot: u16,
        command: &Cmd,
    ) -> Result<Value, RedisError> {
        let mut patience = Patience::default();
        loop {
            let (node, mut answer) = self.ask(slot, command).await?;
            let mut elsewhere = self.cluster.elsewhere(slot, &node, answer.as_ref().err());
            if let Some(Redirected::At(Target { node, asking: true })) = elsewhere {
                answer = send_asking(node.link(slot), command).await;
                elsewhere = self.cluster.elsewhere(slot, &node, answer.as_ref().err());
            }
            match elsewhere {
                None => return answer,
                Some(Redirected::At(_)) => {}
                Some(Redirected::Later) => patience.exhaust(),
            }
            patience.pause().await;
        }
    }

    /// Sends a command that waits for something. Where the slot moves meanwhile, the wait is over.
    pub(in crate::store::redis) async fn wait(
        &mut self,
        slot: u16,
        command: &Cmd,
    ) -> Result<(), RedisError> {
        let (node, answer) = self.ask(slot, command).await?;
        match self.cluster.elsewhere(slot, &node, answer.as_ref().err()) {
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
        command: &Cmd,
    ) -> Result<(Arc<Node>, Result<Value, RedisError>), RedisError> {
        let node = self.cluster.owner(slot).await?;
        let link = match &mut self.at {
            Some((at, link)) if Arc::ptr_eq(at, &node) => link,
            at => {
                let link = self.cluster.further_link(&node);
                &mut at.insert((Arc::clone(&node), link)).1
            }
        };
        let asked = self.cluster.asked(&node);
        let answer = pool::send(link, command, false).await;
        asked.answered(answer.as_ref().err());
        Ok((node, answer))
    }
}
