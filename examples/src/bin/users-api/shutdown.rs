//! When to stop: on SIGTERM, which is what an orchestrator sends, or Ctrl-C.

use std::io;

use tokio::{signal, sync::watch};

/// Becomes true when the process has been asked to stop. From this call on, being asked does not end it.
pub(crate) fn requests() -> io::Result<watch::Receiver<bool>> {
    let asked = asked()?;
    let (requested, requests) = watch::channel(false);
    tokio::spawn(async move {
        asked.await;
        tracing::info!("stopping: no new requests are taken");
        requested.send_replace(true);
    });
    Ok(requests)
}

/// Returns when the process has been asked to stop.
pub(crate) async fn requested(mut requests: watch::Receiver<bool>) {
    // Nobody to ask any more would be an answer too.
    _ = requests.wait_for(|requested| *requested).await;
}

#[cfg(unix)]
fn asked() -> io::Result<impl Future<Output = ()>> {
    use signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn asked() -> io::Result<impl Future<Output = ()>> {
    Ok(async { signal::ctrl_c().await.expect("a process may listen to its own signals") })
}
