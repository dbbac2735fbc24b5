//! The settings of local copies over a server.

use std::time::Duration;

use super::Builder;

impl Builder {
    /// How many bytes the local copies of a cache over a server may take: 64 MiB by default. Keys, encoded values, decoded ones
    /// (as much again), and what it takes to keep them are counted. Copies that are read are kept, and others make room. One that
    /// is larger than a share of it (8 MiB, or all where that is less) is not kept.
    ///
    /// `?local_capacity=64MiB` in a URL overrides it.
    pub fn local_capacity(mut self, bytes: u64) -> Self {
        self.local.capacity = bytes;
        self
    }

    /// How long a local copy is served without an answer of its server: 200 ms by default.
    ///
    /// The server says when a key changes, usually within a fraction of a millisecond. Where its word does not come, because
    /// the network or the server hangs, copies are served for this long, and then the store is asked. So this bounds how far
    /// a hit can be behind a write that another process has made. While copies are in use and nothing else is asked, the lease
    /// is renewed three times in its life, by a `PING` for each connection.
    ///
    /// Over Sentinel and Cluster, two seconds are added after a failover: that often a server is asked whether it is still the
    /// master.
    ///
    /// `?local_lease=200ms` in a URL overrides it. All processes of a namespace need the same.
    pub fn local_lease(mut self, lease: Duration) -> Self {
        self.local.lease = lease;
        self
    }

    /// Whether no hit of a local copy is ever behind a write: `false` by default.
    ///
    /// Then whoever writes waits, once its fences are answered or have failed and before its body runs, until no process can serve
    /// a copy from before: the [lease](Builder::local_lease) and a hundredth. What invalidates without a fence, or finds its fence
    /// gone, waits before it returns.
    ///
    /// `?local_strict=on` in a URL overrides it. All processes of a namespace need the same, those that only write too.
    pub fn local_strict(mut self, strict: bool) -> Self {
        self.local.strict = strict;
        self
    }

    /// Whether functions with `local` keep copies over a server: `true` by default. It can be switched while the program runs:
    /// see [`Cache::switch_local`](crate::Cache::switch_local).
    ///
    /// `?local=off` in a URL overrides it.
    pub fn local(mut self, enabled: bool) -> Self {
        self.local.enabled = enabled;
        self
    }
}

/// The settings of local copies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Local {
    pub(super) capacity: u64,
    pub(super) lease: Duration,
    pub(super) strict: bool,
    pub(super) enabled: bool,
}

impl Default for Local {
    fn default() -> Self {
        Local {
            capacity: 64 << 20,
            lease: Duration::from_millis(200),
            strict: false,
            enabled: true,
        }
    }
}

#[cfg(feature = "redis")]
impl Local {
    /// Of a cache whose operations have this deadline. A look that its connection for copies does not answer goes the ordinary
    /// way in what is left.
    pub(super) fn settings(self, deadline: Duration) -> crate::store::redis::LocalSettings {
        let Local { capacity, lease, strict, enabled } = self;
        let patience = deadline / 2;
        crate::store::redis::LocalSettings { capacity, lease, strict, enabled, patience }
    }
}
