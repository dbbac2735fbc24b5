//! Runs users-api as a process of its own, on each database and each store, and asks it over HTTP.

mod api;
mod dashboard;
mod grafana;
mod load;
mod outbox;
mod postgres;
mod service;
mod stopping;
mod walkthrough;
