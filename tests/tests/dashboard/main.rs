//! The dashboard in a real browser: served by axum, over a cache under load, read by Chromium.

mod explain;
mod looks;
mod numbers;
mod site;
mod states;
mod troubles;
