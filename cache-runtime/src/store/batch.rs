//! What a store answers to several reads or steps at once. Each has an answer of its own.

use crate::{
    entry::Entry,
    error::Error,
    protocol::{Reply, State},
};

/// The answers to several steps.
pub(crate) type Replies = Vec<Result<Reply<Entry>, Error>>;

/// What stands under several keys.
pub(crate) type States = Vec<Result<State<Entry>, Error>>;
