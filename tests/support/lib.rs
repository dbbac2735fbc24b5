//! What the integration tests share.

pub mod browser;
pub mod by_hand;
pub mod chaos;
pub mod checker;
pub mod cluster;
pub mod cluster_node;
pub mod dashboard;
pub mod database;
pub mod dialogue;
pub mod faults;
pub mod gate;
pub mod herd;
pub mod load;
pub mod log;
pub mod patience;
pub mod race;
pub mod replicas;
pub mod sentinel;
pub mod server;
pub mod source;
pub mod sqlite;
pub mod stores;
pub mod strategies;
pub mod table;
pub mod tls;
pub mod wire;
