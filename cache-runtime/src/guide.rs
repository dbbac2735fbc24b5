//! The guide: a page for each question, with code that is compiled and run.
//!
//! | page | the question |
//! |---|---|
//! | [`start`] | How do I cache one function, and keep it right? |
//! | [`keys`] | What is a value stored under, and why does my key not compile? |
//! | [`values`] | What may a value be, and how is it stored? |
//! | [`writes`] | What does a writer do to the cache, and when? |
//! | [`tags`] | How do I invalidate what I cannot list? |
//! | [`batches`] | I load many rows with one query. Can they be the entries of single rows? |
//! | [`transactions`] | My functions run in a database transaction. What may be cached then? |
//! | [`freshness`] | How old may a value be, and who waits for a new one? |
//! | [`write_behind`] | Many writes to few rows: can they be answered now, and written later? |
//! | [`outbox`] | Somebody changes rows past my service: with psql, by a migration, from another program. Who invalidates? |
//! | [`by_hand`] | Can I do without the attributes? |
//! | [`local`] | A round trip for each hit is too much. Can hits come from the process's memory? |
//! | [`testing`] | How do I test code that caches? |
//! | [`outages`] | What happens when the store, or a process, dies? |
//! | [`redis`] | What does my Redis need: accounts, TLS, Sentinel, Cluster? |
//! | [`encryption`] | Whoever reads my Redis must not read my values. What do I write? |
//! | [`why`] | Why is it not cached? |
//! | [`watching`] | Is the cache doing its work, and is it right? |
//! | [`migrating`] | I have a cache already. What does the same look like here? |
//!
//! # Words
//!
//! | word | means |
//! |---|---|
//! | store | where entries are: a server (Redis, Valkey), or the embedded store in the process |
//! | entry | a value under a key, with its ttl, codec, tags and layout |
//! | load | a run of the body of a cached function, or of a closure that stands for one |
//! | lease | the right of one process to load a key, for a time; what `lock` waits for |
//! | fence | what a writer puts in the place of an entry before it writes: nobody is served the old value, and nobody can store it |
//! | settle | what ends a fence after the write: the key is empty, or has the new value |
//! | pending | an invalidation that the store has not confirmed yet; it is sent again |
//! | tag | a name that entries share, by which they are invalidated together |
//! | coalesced | a call that was answered by another call's load in the same process |
//! | breaker | what keeps calls from asking a store that does not answer |
//! | incarnation | a server's history from one start or promotion to the next; an entry of another one is not used |
//! | outbox | a table in which a database records what its transactions have made stale |
//! | follower | the task that takes from an outbox and invalidates |
//! | flusher | the task that brings what is written behind to the database |

/// A page of the guide, from the file of its name.
macro_rules! pages {
    ($($name:ident)*) => {$(
        #[doc = include_str!(concat!("guide/", stringify!($name), ".md"))]
        pub mod $name {}
    )*};
}

pages! {
    start keys values writes tags batches transactions freshness write_behind outbox by_hand local testing outages redis encryption
    why watching migrating
}
