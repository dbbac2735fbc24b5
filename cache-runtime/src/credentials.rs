//! Credentials that can change while the program runs.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

/// A user and a password for the cache's server: see [`Builder::credentials`](crate::Builder::credentials).
///
/// [`Debug`](fmt::Debug) shows the user alone.
#[derive(Clone)]
#[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "there is no server to log in to"))]
pub struct Credentials {
    pub(crate) user: Option<String>,
    pub(crate) password: String,
}

impl Credentials {
    /// Credentials of an ACL user.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Credentials {
        Credentials { user: Some(user.into()), password: password.into() }
    }

    /// The password of the default user: `requirepass`.
    pub fn password(password: impl Into<String>) -> Credentials {
        Credentials { user: None, password: password.into() }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A provider of credentials. Its error is a text.
pub(crate) type Provider = Arc<dyn Fn() -> CredentialsFuture + Send + Sync>;

/// The future of a provider.
pub(crate) type CredentialsFuture =
    Pin<Box<dyn Future<Output = Result<Credentials, String>> + Send>>;
