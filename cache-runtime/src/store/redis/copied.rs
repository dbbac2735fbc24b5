//! Looks that are answered by copies, and looks that leave some: `CLIENT CACHING YES`, the read, `PTTL`, in one message.
//!
//! Over a connection of their own, since only that is told of changes. Where it does not do, a look goes the ordinary way and
//! leaves nothing.

use std::{pin::pin, sync::Arc, time::Duration};

use redis::{Cmd, Pipeline, RedisResult, Value, cmd};

use super::{
    connect::Connection,
    incarnation::{Outgoing, Received},
    lane::Lane,
    local::{Copies, Copy, Others, Ticket, Tracked, end},
    reconnect::Link,
    reply::found,
    store::RedisStore,
};
use crate::{
    boot_clock, entry::Entry, error::Error, look::Look, protocol::State, store::batch::States,
    time::in_real_time,
};

impl RedisStore {
    /// How long a writer has to wait after a step, until no process can serve a copy from before it.
    pub(crate) fn local_wait(&self) -> Option<Duration> {
        self.copies.wait()
    }

    /// Keeps copies from now on, or none.
    pub(crate) fn switch_local(&self, on: bool) {
        self.copies.switch(on);
    }

    /// How many copies there are, and their bytes.
    pub(crate) fn copies(&self) -> (u64, u64) {
        self.copies.size()
    }

    /// The copy of `key`, if it may be served at once.
    pub(crate) fn local(&self, key: &str, most: Duration) -> Option<Entry> {
        let now = boot_clock::now();
        self.copies.get(key, most, now)?.served(now)
    }
}

impl Lane<'_> {
    /// Looks at a key, in whichever way `look` allows.
    pub(crate) async fn look(&self, key: &str, look: Look) -> Result<State<Entry>, Error> {
        let Look::Local(most) = look else { return self.read(key).await };
        if let Some(entry) = self.copied(key, most).await {
            return Ok(State::Value(entry.stamp(), entry));
        }
        match self.read_tracked(&[key], false).await {
            Some(mut states) if states.len() == 1 => match states.swap_remove(0) {
                Some(state) => Ok(state),
                None => self.read(key).await,
            },
            _ => self.read(key).await,
        }
    }

    /// Looks at several keys, in whichever way `look` allows.
    pub(crate) async fn look_many(&self, keys: &[&str], look: Look) -> Result<States, Error> {
        let Look::Local(most) = look else { return self.read_many(keys).await };
        let mut states: Vec<Option<State<Entry>>> = Vec::with_capacity(keys.len());
        for key in keys {
            let copied = self.copied(key, most).await;
            states.push(copied.map(|entry| State::Value(entry.stamp(), entry)));
        }
        let asked = missing(keys, &states);
        if !asked.is_empty() {
            let found = self.read_tracked(&asked, !self.is_of_a_cluster()).await;
            let empty = states.iter_mut().filter(|state| state.is_none());
            empty.zip(found.unwrap_or_default()).for_each(|(state, found)| *state = found);
        }
        let asked = missing(keys, &states);
        let mut answers = match asked.is_empty() {
            true => Vec::new(),
            false => self.read_many(&asked).await?,
        }
        .into_iter();
        let missing = || Err(Error::Unavailable("the store did not answer for every key".into()));
        let answer = |state: Option<State<Entry>>| match state {
            Some(state) => Ok(state),
            None => answers.next().unwrap_or_else(missing),
        };
        Ok(states.into_iter().map(answer).collect())
    }

    /// The copy of `key`, if it may be served. Where only its lease has lapsed, it is renewed.
    async fn copied(&self, key: &str, most: Duration) -> Option<Entry> {
        let copies = &self.store().copies;
        let now = boot_clock::now();
        let copy = copies.get(key, most, now)?;
        if let Some(entry) = copy.served(now) {
            return Some(entry);
        }
        copies.lapsed();
        if copy.tracked.is_silent() || !copy.tracked.renewed(copies.settings().patience).await {
            return None;
        }
        // It may have been taken away meanwhile.
        let now = boot_clock::now();
        copies.get(key, most, now)?.served(now)
    }

    /// Whether other processes keep copies in the same way. One caller asks them now and then.
    async fn agrees(&self) -> bool {
        let copies = &self.store().copies;
        let (agreement, now) = (&copies.agreement, boot_clock::now());
        if !agreement.is_due(now) {
            return agreement.stands(now);
        }
        let lane = self.store().lane(&agreement.key);
        match lane.send(&Outgoing::Same(&agreement.question()), true).await {
            Ok(Received { value, .. }) => {
                if agreement.heard(&value, now) != Others::Same {
                    copies.flush();
                } else if value != Value::Nil {
                    // Whoever asks next finds out if it has failed.
                    _ = lane.send(&Outgoing::Same(&agreement.renewal()), true).await;
                }
            }
            Err(error) => agreement.failed(now, &error),
        }
        agreement.stands(now)
    }

    /// Reads keys over the connection for copies, and keeps what it can. None where that connection does not do; a key
    /// without an answer has to be read in the ordinary way.
    async fn read_tracked(
        &self,
        keys: &[&str],
        at_once: bool,
    ) -> Option<Vec<Option<State<Entry>>>> {
        let copies = &self.store().copies;
        if !copies.are_on() || !self.agrees().await {
            return None;
        }
        let link = self.server()?.link_for_copies(copies)?;
        let mut connection = link.at_hand()?;
        let tracked =
            connection.tracked().filter(|up| up.is_alive() && !up.is_silent()).cloned()?;
        let tickets: Vec<Ticket> = keys.iter().map(|key| copies.ticket(key)).collect();
        let sent = boot_clock::now();
        let pipeline = if at_once { all_at_once(keys) } else { one_by_one(keys) };
        let answers = send(link, &mut connection, &tracked, &pipeline, copies).await?;
        tracked.answered(sent);
        let mut answers = answers.into_iter();
        let mut states = Vec::with_capacity(keys.len());
        let reads = if at_once {
            let is_tracked = is_ok(answers.next()?);
            let values = match answers.next()? {
                Ok(Value::Array(values)) if values.len() == keys.len() => values,
                _ => return None,
            };
            values.into_iter().map(|value| (is_tracked, Ok(value))).zip(answers.by_ref()).collect()
        } else {
            let mut reads = Vec::with_capacity(keys.len());
            while let (Some(caching), Some(read), Some(ttl)) =
                (answers.next(), answers.next(), answers.next())
            {
                reads.push(((is_ok(caching), read), ttl));
            }
            reads
        };
        let incarnation = connection.incarnation();
        for ((&key, ticket), ((is_tracked, read), ttl)) in keys.iter().zip(tickets).zip(reads) {
            let received = read.map(|value| Received { value, incarnation });
            let Ok(state) = found(received) else {
                states.push(None);
                continue;
            };
            let state = self.store().encryptor.open_state(key, state);
            let ends = match ttl {
                Ok(Value::Int(ttl)) if is_tracked => end(sent, ttl),
                _ => None,
            };
            states.push(Some(match (state, ends) {
                (State::Value(stamp, entry), Some(ends)) => {
                    let entry = entry.keeping_its_value();
                    let tracked = Arc::clone(&tracked);
                    let copy = Copy::new(entry.clone(), tracked, sent, ends);
                    copies.insert(key, copy, ticket);
                    State::Value(stamp, entry)
                }
                (state, _) => state,
            }));
        }
        Some(states)
    }
}

/// Sends the reads. None where they are not answered in time, or not at all.
async fn send(
    link: &Link,
    connection: &mut Connection,
    tracked: &Tracked,
    pipeline: &Pipeline,
    copies: &Copies,
) -> Option<Vec<RedisResult<Value>>> {
    let answers = {
        let answers = pin!(connection.send_all(pipeline));
        in_real_time(copies.settings().patience, answers).await
    };
    match answers {
        Some(Ok(answers)) => Some(answers.into_iter().map(Value::extract_error).collect()),
        Some(Err(error)) => {
            link.lost(connection, &error);
            None
        }
        None => {
            tracked.is_late();
            // Its answer shows that the connection lives; without one, it is made anew.
            tracked.want();
            link.mark_unresponsive("");
            None
        }
    }
}

/// The keys that have no state yet.
fn missing<'k>(keys: &[&'k str], states: &[Option<State<Entry>>]) -> Vec<&'k str> {
    keys.iter().zip(states).filter(|(_, state)| state.is_none()).map(|(key, _)| *key).collect()
}

/// The reads of several keys of one server that has all slots.
fn all_at_once(keys: &[&str]) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(2 + keys.len());
    let mut get = cmd("MGET");
    get.arg(keys);
    pipeline.add_command(caching()).add_command(get);
    for key in keys {
        pipeline.add_command(pttl(key));
    }
    pipeline
}

/// The reads of keys, each by itself.
fn one_by_one(keys: &[&str]) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(3 * keys.len());
    for key in keys {
        let mut get = Cmd::with_capacity(2, 3 + key.len());
        get.arg("GET").arg(*key);
        pipeline.add_command(caching()).add_command(get).add_command(pttl(key));
    }
    pipeline
}

/// What makes the server track the keys of the next command.
fn caching() -> Cmd {
    let mut caching = cmd("CLIENT");
    caching.arg("CACHING").arg("YES");
    caching
}

fn pttl(key: &str) -> Cmd {
    let mut pttl = cmd("PTTL");
    pttl.arg(key);
    pttl
}

fn is_ok(answer: RedisResult<Value>) -> bool {
    matches!(answer, Ok(Value::Okay))
}
