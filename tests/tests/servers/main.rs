//! Servers of every kind: accounts, TLS, sentinels and clusters, and what callers see when one takes another's place.

mod accounts;
mod cluster;
mod numbered;
mod restarts;
mod sentinel;
mod socket;
mod tls;
