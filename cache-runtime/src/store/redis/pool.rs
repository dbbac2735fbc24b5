//! The connections to one server that all callers share.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use redis::{Cmd, ErrorKind, Pipeline, RedisError, Value};

use super::{address::Address, reconnect::Link};

pub(super) struct Pool {
    links: Box<[Link]>,
    hasher: RandomState,
    /// What a further connection needs.
    address: Address,
    greeting: Arc<Pipeline>,
}

impl Pool {
    /// A pool of `connections` connections, each made when it is first needed.
    pub(super) fn new(address: &Address, connections: usize, greeting: Arc<Pipeline>) -> Pool {
        let link = |_| Link::new(address.clone(), Arc::clone(&greeting));
        Pool {
            links: (0..connections.max(1)).map(link).collect(),
            hasher: RandomState::new(),
            address: address.clone(),
            greeting,
        }
    }

    /// Starts to connect every link, and waits until each has succeeded or failed once.
    pub(super) async fn connect(&self) -> Result<(), RedisError> {
        for link in &self.links {
            link.start();
        }
        for link in &self.links {
            link.connection().await?;
        }
        Ok(())
    }

    /// The link of `key`: always the same one, so that the steps of this process on a key reach the server
    /// in the order in which they were sent.
    pub(super) fn link(&self, key: &str) -> &Link {
        match &*self.links {
            [only] => only,
            links => &links[self.hasher.hash_one(key) as usize % links.len()],
        }
    }

    /// Whether it is sentinels who say where the server is.
    pub(super) fn has_sentinels(&self) -> bool {
        self.address.sentinels.is_some()
    }

    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    /// One more link to the server, for whoever wants to wait on it.
    pub(super) fn further_link(&self) -> Link {
        Link::new(self.address.clone(), Arc::clone(&self.greeting))
    }
}

/// Sends a command. Where the connection turns out to be dead, one that may be sent `again` is, once,
/// over the next connection.
pub(super) async fn send(link: &Link, cmd: &Cmd, again: bool) -> Result<Value, RedisError> {
    let mut connection = link.connection().await?;
    match connection.send(cmd).await {
        Err(e) if link.lost(&connection, &e) && again => link.connection().await?.send(cmd).await,
        result => result,
    }
}

/// Sends some commands, in one round trip. Each has an answer of its own. Where the connection turns out to be dead,
/// those that may be sent `again` are, once, over the next connection.
pub(super) async fn send_all(
    link: &Link,
    commands: &Pipeline,
    again: bool,
) -> Result<Vec<Result<Value, RedisError>>, RedisError> {
    let mut connection = link.connection().await?;
    let values = match connection.send_all(commands).await {
        Err(e) if link.lost(&connection, &e) && again => {
            link.connection().await?.send_all(commands).await
        }
        result => result,
    }?;
    if values.len() != commands.len() {
        let what = "the server did not answer every command";
        return Err((ErrorKind::UnexpectedReturnType, what).into());
    }
    let answers: Vec<_> = values.into_iter().map(Value::extract_error).collect();
    answers.iter().filter_map(|answer| answer.as_ref().err()).for_each(|error| {
        link.lost(&connection, error);
    });
    Ok(answers)
}
