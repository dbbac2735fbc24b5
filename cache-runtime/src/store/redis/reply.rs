//! Reads the server's replies to steps.

use bytes::Bytes;
use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};

use super::incarnation::Received;
use crate::{
    entry::{self, Entry},
    error::Error,
    protocol::{Nonce, Reply, State, Step},
};

/// The reply to `step`, from the answer to its command.
pub(super) fn reply(
    step: &Step<Entry>,
    result: RedisResult<Received>,
) -> Result<Reply<Entry>, Error> {
    match step {
        Step::Read | Step::Stamp { .. } => found(result).map(Reply::Found),
        Step::Acquire { token, .. } | Step::Take { token, .. } => {
            let token = match &result {
                Ok(received) => token.of(received.incarnation),
                Err(_) => *token,
            };
            Ok(match found(result)? {
                State::Vacant => Reply::Acquired,
                // The first try took the lease, and its answer was lost with the connection.
                State::Leased(held) if held == token => Reply::Acquired,
                state => Reply::Found(state),
            })
        }
        Step::Fence { .. } => epoch_of(value(result)),
        _ => flag(value(result)),
    }
}

fn value(result: RedisResult<Received>) -> RedisResult<Value> {
    result.map(|received| received.value)
}

/// What a reading command found, to those who compare incarnations. A key of another Redis type is unreadable.
pub(super) fn found(result: RedisResult<Received>) -> Result<State<Entry>, Error> {
    match result {
        Ok(Received { value: Value::BulkString(bytes), incarnation }) => {
            Ok(entry::decode(Bytes::from(bytes)).under(incarnation))
        }
        Ok(Received { value: Value::Nil, .. }) => Ok(State::Vacant),
        Ok(_) => Ok(State::Unreadable),
        Err(e) if e.code() == Some("WRONGTYPE") => Ok(State::Unreadable),
        Err(e) => Err(unavailable(&e)),
    }
}

/// What a script that answers 1 or 0 did, or 2 for a settlement without its fence.
fn flag(result: RedisResult<Value>) -> Result<Reply<Entry>, Error> {
    match result {
        Ok(Value::Int(1)) => Ok(Reply::Done),
        Ok(Value::Int(2)) => Ok(Reply::Lost),
        Ok(_) => Ok(Reply::Superseded),
        Err(e) => Err(unavailable(&e)),
    }
}

/// The epoch in force that the fence script answers.
fn epoch_of(result: RedisResult<Value>) -> Result<Reply<Entry>, Error> {
    let bytes = match result {
        Ok(Value::BulkString(bytes)) => bytes,
        Ok(_) => Vec::new(),
        Err(e) => return Err(unavailable(&e)),
    };
    match <[u8; 16]>::try_from(bytes) {
        Ok(epoch) => Ok(Reply::Fenced(Nonce(epoch))),
        Err(_) => Err(Error::Unavailable("the server gave an answer that is no epoch".into())),
    }
}

/// Errors that say that the whole server serves nobody now. They count like no answer.
const UNWELL: [&str; 6] = ["LOADING", "BUSY", "CLUSTERDOWN", "MASTERDOWN", "NOAUTH", "WRONGPASS"];

/// The error in Redis' own words, which hold neither the URL nor the password.
pub(super) fn unavailable(error: &RedisError) -> Error {
    let hint = match error.kind() {
        // On a cluster they are followed.
        ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask) => {
            "; the server is a node of a cluster: connect to `redis+cluster://…`"
        }
        _ => "",
    };
    match error.code() {
        Some(code) if !UNWELL.contains(&code) => Error::Refused(format!("{error}{hint}")),
        _ => Error::Unavailable(error.to_string()),
    }
}
