//! When to stop: on SIGTERM, which is what an orchestrator sends, or Ctrl-C.

use tokio::{signal, sync::watch};

/// Becomes true when the process has been asked to stop.
pub(crate) fn requests() -> watch::Receiver<bool> {
    let (requested, requests) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            () = interrupt() => {}
            () = terminate() => {}
        }
        tracing::info!("stopping: no new requests are taken");
        requested.send_replace(true);
    });
    requests
}

/// Returns when the process has been asked to stop.
pub(crate) async fn requested(mut requests: watch::Receiver<bool>) {
    // Nobody to ask any more would be an answer too.
    _ = requests.wait_for(|requested| *requested).await;
}

async fn interrupt() {
    signal::ctrl_c().await.expect("a process may listen to its own signals");
}

#[cfg(unix)]
async fn terminate() {
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())
        .expect("a process may listen to its own signals");
    terminate.recv().await;
}

#[cfg(not(unix))]
async fn terminate() {
    std::future::pending().await
}
