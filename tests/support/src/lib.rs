//! What tests need that knows nothing of the library: real servers, the ways to them, and waiting.
//!
//! The library's own unit tests use it too. What tests do with a cache is in `cache-tests`.

pub mod cluster;
pub mod dialogue;
pub mod faults;
pub mod gate;
pub mod half_open;
pub mod log;
pub mod patience;
pub mod port;
pub mod replicas;
pub mod sentinel;
pub mod server;
pub mod source;
pub mod tls;
pub mod wire;
