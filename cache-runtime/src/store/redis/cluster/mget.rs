//! Looks at many keys: one command for each slot, and all of them at once.

use std::{collections::BTreeMap, sync::Arc};

use redis::{Cmd, ErrorKind, RedisResult};

use super::{
    nodes::Cluster,
    redirect::{Redirection, redirection},
    slots::slot,
};
use crate::store::redis::{incarnation::Received, server::Server};

impl Cluster {
    /// What stands under each key, or why that cannot be said. `server` serves all of them, as far as is known.
    ///
    /// One look at many keys is as many looks at single slots: they are not all of one moment.
    pub(in crate::store::redis) async fn read_many(
        &self,
        keys: &[&str],
        server: Option<&Arc<Server>>,
    ) -> Vec<RedisResult<Received>> {
        let mut by_slot = BTreeMap::<u16, Vec<usize>>::new();
        for (at, key) in keys.iter().enumerate() {
            by_slot.entry(slot(key)).or_default().push(at);
        }
        let (slots, groups): (Vec<u16>, Vec<Vec<usize>>) = by_slot.into_iter().unzip();
        let get = |which: usize, _| get(groups[which].iter().map(|&at| keys[at]));
        let answers = self.send_all(&slots, server, &get, true).await;
        let mut found: Vec<_> = keys.iter().map(|_| missing()).collect();
        let mut singly = Vec::new();
        for (group, answer) in groups.iter().zip(answers) {
            // Some of the slot's keys have moved already, and some have not: each is asked for by itself.
            if answer.as_ref().err().and_then(redirection) == Some(Redirection::TryAgain) {
                singly.extend_from_slice(group);
            } else {
                group
                    .iter()
                    .zip(each(answer, group.len()))
                    .for_each(|(&at, answer)| found[at] = answer);
            }
        }
        if !singly.is_empty() {
            let slots: Vec<u16> = singly.iter().map(|&at| slot(keys[at])).collect();
            let answers = self
                .send_all(&slots, server, &|which, _| self::get([keys[singly[which]]]), true)
                .await;
            singly.into_iter().zip(answers).for_each(|(at, answer)| found[at] = answer);
        }
        found
    }
}

fn get<'a>(keys: impl IntoIterator<Item = &'a str>) -> Cmd {
    let keys: Vec<&str> = keys.into_iter().collect();
    let mut get = Cmd::new();
    get.arg(if keys.len() == 1 { "GET" } else { "MGET" }).arg(&keys);
    get
}

/// The answer for each key of a group.
fn each(answer: RedisResult<Received>, keys: usize) -> Vec<RedisResult<Received>> {
    match answer {
        answer if keys == 1 => vec![answer],
        Ok(received) => match received.each(keys) {
            Some(received) => received.map(Ok).collect(),
            None => (0..keys).map(|_| missing()).collect(),
        },
        Err(error) => (0..keys).map(|_| Err(error.clone())).collect(),
    }
}

fn missing() -> RedisResult<Received> {
    Err((ErrorKind::UnexpectedReturnType, "a key has no answer").into())
}
