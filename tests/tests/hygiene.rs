//! Expansions in the most hostile of crates: no prelude, the names of the prelude taken, every lint an error.
//!
//! That this compiles is the test. The lints of clippy are checked wherever this file is, since they are denied here.

#![no_implicit_prelude]
#![deny(warnings, clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(unused_qualifications, unused_results, let_underscore_drop, trivial_casts, missing_docs)]
// Of the code that stands here, not of what it becomes.
#![allow(clippy::unused_async, reason = "the bodies have nothing to wait for")]

/// The names that generated code might be tempted to use.
#[allow(dead_code, missing_docs, clippy::redundant_pub_crate, reason = "they are only in the way")]
mod taken {
    pub(crate) struct Option;
    pub(crate) struct Result;
    pub(crate) struct Some;
    pub(crate) struct None;
    pub(crate) struct Ok;
    pub(crate) struct Err;
    pub(crate) struct Box;
    pub(crate) struct String;
    pub(crate) struct Send;
    pub(crate) struct Policy;
    pub(crate) struct Future;
    pub(crate) struct Duration;
    pub(crate) mod core {}
    pub(crate) mod std {}
    pub(crate) mod cache_runtime {}
    pub(crate) mod serde {}
}

#[allow(unused_imports, reason = "they are only in the way")]
use taken::*;

use ::cache_runtime::{
    CacheKey, CacheValue, KeyPart, cached, invalidates, write_behind, write_through,
};

type Outcome<T> = ::core::result::Result<T, ::core::convert::Infallible>;

#[derive(Clone, KeyPart)]
struct Id(u64);

#[derive(KeyPart)]
enum Plan {
    Free,
}

#[derive(CacheKey)]
#[cache_key("plan:<id>:<plan>")]
struct PlanKey<'a> {
    id: &'a Id,
    plan: Plan,
}

#[allow(dead_code, reason = "that it compiles is all")]
#[derive(CacheKey, CacheValue)]
#[cache_key("row:<id>", value = Row<T>)]
struct Row<T> {
    id: u64,
    #[cache_value(by_name)]
    columns: T,
}

#[allow(dead_code, reason = "that it compiles is all")]
#[derive(CacheValue)]
enum Cell<'a, T, const N: usize> {
    Empty,
    Text(&'a str),
    Many { cells: [T; N] },
}

/// Methods with the names of those that generated code calls.
#[allow(dead_code, reason = "they are only in the way")]
trait Distraction {
    fn key(&self) {}
    fn part(&self) {}
    fn run(&self) {}
    fn of(&self) {}
    fn value(&self) {}
    fn empty(&self) {}
    fn leave(&self) {}
    fn write(&self) {}
    fn through(&self) {}
}

impl<T> Distraction for T {}

#[cached(
    key = "user:<cache>:<key>:<w>:<call>:<body>",
    ttl = "1h30m",
    lock(lease = "5s", wait = "10s"),
    negative_ttl = 5,
    version = 1,
    name = "hygiene",
    when = cache != 7,
    unless = |value| *value == 8
)]
async fn shadowed(
    cache: u64,
    key: u64,
    w: u64,
    call: u64,
    body: u64,
) -> Outcome<::core::option::Option<u64>> {
    let __call = cache + key;
    let __w = w + call + body;
    ::core::result::Result::Ok(::core::option::Option::Some(__call + __w))
}

#[cached(key = PlanKey { id: &Id(id), plan: Plan::Free }, ttl = ::core::time::Duration::from_secs(id))]
async fn by_key(id: u64) -> u64 {
    id
}

#[cached(key = "closure:<id>", ttl = |value| *value)]
async fn by_closure(id: u64) -> u64 {
    id
}

/// What a load in the background takes along, under names that generated code might use.
#[derive(Clone)]
struct Repo {
    load: u64,
}

const POLICY: ::cache_runtime::Policy = ::cache_runtime::Policy::ttl(60).xfetch();

impl Repo {
    #[cached(
        key = "background:<load>:<shape>:<value>:<plan>",
        policy = POLICY,
        background,
        ttl = |value: &u64| *value + load,
        unless = |value| *value == self.load,
        jitter = 0.1,
        stale_while_revalidate = "1500ms",
        stale_if_error = ::core::time::Duration::from_secs(61),
        soft_timeout = "120s",
        load_timeout = "300s",
        audit = 0.001,
        tags = ["plan:<plan>", PlanKey { id: &Id(load), plan: Plan::Free }],
        codec = json,
        max_bytes = 1024,
    )]
    async fn background(&self, load: u64, mut shape: u64, value: &[u64], plan: &str) -> u64 {
        let __shape = load + self.load;
        shape += __shape;
        ::core::iter::Iterator::sum::<u64>(value.iter()) + shape + plan.len() as u64
    }
}

#[cached(
    key = "batch:<load>:<shape>:<body.0>",
    each = body,
    ttl = 60,
    negative_ttl = 5,
    tags = ["batch:<load>"]
)]
async fn batch(
    load: u64,
    shape: Id,
    mut body: ::std::vec::Vec<(u64, u64)>,
) -> Outcome<::std::vec::Vec<((u64, u64), u64)>> {
    let __ids = load + shape.0;
    body.push((__ids, 1));
    ::core::result::Result::Ok(::std::vec![(body[0], __ids)])
}

#[cached(
    key = "renewed:<load.0>:<body.0>",
    each = body,
    id = |value: &Owned| value.0,
    ttl = |value: &Owned| value.1 + load.0,
    unless = |value: &Owned| value.1 == plan.len() as u64,
    stale_while_revalidate = 30,
    skip(plan)
)]
async fn renewed(
    load: Id,
    mut plan: ::std::string::String,
    mut body: ::std::vec::Vec<(u64, u64)>,
) -> Outcome<::std::vec::Vec<Owned>> {
    let __ids = load.0;
    plan.push('!');
    body.push((__ids, plan.len() as u64));
    ::core::result::Result::Ok(::std::vec![(body[0], __ids)])
}

type Owned = ((u64, u64), u64);

#[cached(key = "grouped:<body.0>", each = body, id = |load| load.0, group, ttl = 60)]
async fn grouped(body: &[(u64, u64)]) -> ::std::vec::Vec<Owned> {
    let __row = body[0].0;
    ::std::vec![(body[0], __row), (body[0], 2)]
}

#[invalidates("user:<cache>:1:1:1:1", PlanKey { id: &Id(cache), plan: Plan::Free }, tags("plan:<cache>"))]
async fn writer(cache: u64) {
    let _ = cache;
}

#[write_through(
    key = "user:<cache>:<key>:<w>:<call>:<body>",
    ttl = |value: &u64| *value,
    value = |value| *value,
    invalidates("other:<return>:<leave>", PlanKey { id: &Id(cache), plan: Plan::Free }),
    tags("cache:<cache>"),
    tags = ["cache:<cache>", "key:<key>"],
    version = 1,
    name = "hygiene",
)]
async fn written(
    cache: u64,
    key: u64,
    w: u64,
    call: u64,
    body: u64,
    leave: u64,
) -> Outcome<::core::option::Option<u64>> {
    let __leave = cache + key;
    let __value = w + call + body + leave;
    ::core::result::Result::Ok(::core::option::Option::Some(__leave + __value))
}

#[write_through(key = "value:<value>", ttl = 60, value = value, invalidates("kept:<kept>"))]
async fn given(value: u64, kept: u64) {
    let _ = kept;
}

#[invalidates("inserted:<return>:<part0>")]
async fn inserted(part0: u64) -> u64 {
    part0
}

/// Rows that are written behind.
#[derive(Clone)]
pub(crate) struct Rows;

impl Rows {
    /// Writes all of them.
    #[write_behind(queue = "rows", key = "row:<this>", ttl = 60, enqueue = write(this), linger = "1ms")]
    pub(crate) async fn write_all(&self, batch: ::std::vec::Vec<u64>) -> Outcome<()> {
        ::core::mem::drop(batch);
        ::core::result::Result::Ok(())
    }
}

#[write_behind(queue = "free", key = "free:<w>", ttl = 60, enqueue = write_free(w))]
async fn write_all_free(queue: ::std::vec::Vec<u64>) -> ::core::result::Result<(), u8> {
    ::core::mem::drop(queue);
    ::core::result::Result::Ok(())
}

macro_rules! generated {
    ($name:ident, $id:ident, $ty:ty) => {
        #[cached(key = "generated:<id>:<other>", ttl = 60)]
        async fn $name($id: $ty, other: u64) -> $ty {
            $id + other
        }
    };
}

generated!(from_a_macro, id, u64);

/// Everything, so that nothing is unused.
#[::core::prelude::v1::test]
fn hostile_surroundings() {
    let everything = async {
        let five = ::core::option::Option::Some(5);
        ::core::assert_eq!(shadowed(1, 1, 1, 1, 1).await, ::core::result::Result::Ok(five));
        ::core::assert_eq!(by_key(1).await + by_closure(2).await, 3);
        ::core::assert_eq!(from_a_macro(1, 2).await, 3);
        ::core::assert_eq!(
            batch(1, Id(1), ::std::vec![(1, 1)]).await,
            ::core::result::Result::Ok(::std::vec![((1, 1), 2)])
        );
        ::core::assert_eq!(grouped(&[(1, 1)]).await, [((1, 1), 1), ((1, 1), 2)]);
        let plan = ::core::convert::Into::into("a");
        ::core::assert_eq!(
            renewed(Id(1), plan, ::std::vec![(1, 1)]).await,
            ::core::result::Result::Ok(::std::vec![((1, 1), 1)])
        );
        let repo = Repo { load: 1 };
        ::core::assert_eq!(repo.background(1, 1, &[1], "a").await, 5);
        writer(1).await;
        ::core::assert_eq!(
            written(1, 1, 1, 1, 1, 1).await,
            ::core::result::Result::Ok(::core::option::Option::Some(6))
        );
        given(1, 2).await;
        ::core::assert_eq!(inserted(1).await, 1);
        ::core::assert_eq!(Rows.write(&1).await, ::core::result::Result::Ok(()));
        Rows.write_flusher().shutdown().await;
        ::core::assert_eq!(write_free(&1).await, ::core::result::Result::Ok(()));
        write_free_flusher().shutdown().await;
    };
    let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build();
    let cache = ::cache_runtime::Cache::in_memory();
    ::core::result::Result::expect(runtime, "a runtime").block_on(cache.scope(everything));
}
