//! A service to copy from: users by tenant over HTTP, in SQLite or PostgreSQL, cached.
//!
//! `cargo run --bin users-api` needs nothing installed. `examples/README.md` walks through it with curl.

mod config;
mod database;
mod error;
mod extract;
mod model;
mod outbox;
mod repository;
mod routes;
mod shutdown;
mod telemetry;

use std::{error::Error, process::ExitCode, time::Duration};

use cache_runtime::{Cache, Flusher, dashboard::Dashboard};
use clap::Parser;
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};

use crate::{config::Config, repository::Users, routes::App};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Config::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> Result<(), Box<dyn Error>> {
    let metrics = telemetry::install()?;
    let db = database::connect(&config.database_url).await?;
    // A cache that cannot be reached is no error: it connects when it can.
    let cache = Cache::builder().url(&config.cache_url).namespace("users-api").build().await?;
    cache_runtime::set_global(cache.clone())?;

    let users = Users::new(db.clone());
    // In every process: one of them flushes, and the others stand by.
    let flusher = users.queue_seen_flusher();
    // In every process too: they share the work.
    let follower = outbox::follow(&cache, &config.database_url).await?;

    let dashboard = Dashboard::new(&cache);
    serve(&config, App { users, cache, dashboard, metrics }).await?;
    // Only now, for the last requests may have queued something.
    flush(flusher, config.grace).await?;
    // What it has not taken stays in the table, for others or for the next start.
    follower.shutdown().await;
    db.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Serves until the process is asked to stop, and then until the requests under way have their answers.
async fn serve(config: &Config, app: App) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(config.listen).await?;
    let stop = shutdown::requests()?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = axum::serve(listener, routes::router(app))
        .with_graceful_shutdown(shutdown::requested(stop.clone()));
    let too_late = async {
        shutdown::requested(stop).await;
        sleep(config.grace).await;
    };
    tokio::select! {
        served = server => served?,
        () = too_late => tracing::warn!("some requests were cut short: they took too long"),
    }
    Ok(())
}

/// Brings to the database what is still queued.
async fn flush(flusher: Flusher, grace: Duration) -> Result<(), Box<dyn Error>> {
    let flushed = timeout(grace, flusher.shutdown()).await;
    // Over `memory://` they are lost. Redis keeps them for the next process.
    flushed.map_err(|_| format!("queued writes are not in the database after {grace:?}").into())
}
