//! Renews the lease of a connection while its copies are in use: one `PING` for all who want it.

use std::sync::Arc;

use redis::{Cmd, aio::MultiplexedConnection, cmd};
use tokio::task::AbortHandle;

use super::tracked::Tracked;
use crate::boot_clock;

/// The task that renews the lease of a connection. Dropping this ends it.
pub(in crate::store::redis) struct Keeper(AbortHandle);

impl Keeper {
    /// Begins to renew the lease of `tracked`, whose server is `connection`'s.
    pub(in crate::store::redis) fn of(
        connection: MultiplexedConnection,
        tracked: Arc<Tracked>,
    ) -> Keeper {
        Keeper(tokio::spawn(keep(connection, tracked)).abort_handle())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Each renewal waits for its answer for as long as it takes: whoever wants the lease bounds that himself.
async fn keep(mut connection: MultiplexedConnection, tracked: Arc<Tracked>) {
    let ping: Cmd = cmd("PING");
    loop {
        tracked.renew.notified().await;
        let sent = boot_clock::now();
        match connection.send_packed_command(&ping).await {
            Ok(_) => tracked.answered(sent),
            Err(error) if error.is_unrecoverable_error() || error.is_io_error() => tracked.end(),
            Err(_) => {}
        }
        tracked.over();
    }
}
