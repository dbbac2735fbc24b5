//! What the integration tests share: what they do with a cache, and, from `cache-test-support`, what they do it over.

pub mod authority;
pub mod browser;
pub mod by_hand;
pub mod chaos;
pub mod checker;
pub mod dashboard;
pub mod database;
pub mod direct;
pub mod herd;
pub mod load;
pub mod operations;
pub mod race;
pub mod rows;
pub mod sqlite;
pub mod stores;
pub mod strategies;
pub mod table;
pub mod unit_of_work;

pub use cache_test_support::{
    cluster, dialogue, faults, gate, half_open, log, patience, port, replicas, sentinel, server,
    source, tls, wire,
};
