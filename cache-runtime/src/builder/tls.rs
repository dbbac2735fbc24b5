//! TLS: which authorities a connection trusts, and which certificate it presents.

use std::fmt;

use super::Builder;
#[cfg(feature = "tls")]
use crate::store::redis::Security;
#[cfg(feature = "redis")]
use crate::{error::Error, store::redis::Address};

/// Certificates and a key for encrypted connections: see [`Builder::tls`].
///
/// All of them are the contents of PEM files, so that they can come from a file, the mount of a secret, or the
/// environment. [`Debug`](fmt::Debug) shows none of them.
///
/// The server's certificate is always checked: a trusted authority has signed it, it has not expired, and it was issued
/// for the host of the URL, which may be an IP address. This cannot be switched off: whoever can pretend to be the server
/// would get the password, and could return any value. For a test, make an authority of your own, and trust it.
#[derive(Clone, Default)]
pub struct Tls {
    roots: Option<Vec<u8>>,
    /// The certificate chain and the key.
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl Tls {
    /// Trusts the public authorities that Mozilla's browsers trust, and presents no client certificate: what a
    /// `rediss://` URL means by itself.
    pub fn new() -> Tls {
        Tls::default()
    }

    /// Trusts the certificate authorities in `pem`, and no longer the public ones. Further calls add authorities, so
    /// that a new one can be trusted before the servers switch to it.
    ///
    /// The operating system's list is not read. If your authority is in that list, pass its file here.
    pub fn root_ca(mut self, pem: impl AsRef<[u8]>) -> Tls {
        let roots = self.roots.get_or_insert_default();
        roots.extend_from_slice(pem.as_ref());
        roots.push(b'\n');
        self
    }

    /// Presents a certificate to servers that ask for one (mutual TLS; Redis asks by default).
    ///
    /// `certificate` may hold a chain, the certificate itself first; `key` is its private key, unencrypted.
    pub fn client_certificate(
        mut self,
        certificate: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Tls {
        self.identity = Some((certificate.as_ref().to_vec(), key.as_ref().to_vec()));
        self
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("root_ca", &self.roots.as_ref().map_or("public", |_| "own"))
            .field("client_certificate", &self.identity.is_some())
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// How connections of a `rediss://` URL are encrypted (feature `tls`); without it, as [`Tls::new`] says.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use cache_runtime::{Cache, Tls};
    ///
    /// let tls = Tls::new()
    ///     .root_ca(std::fs::read("/etc/redis/ca.crt")?)
    ///     .client_certificate(
    ///         std::fs::read("/etc/redis/client.crt")?,
    ///         std::fs::read("/etc/redis/client.key")?,
    ///     );
    /// let cache = Cache::builder().url("rediss://cache.internal:6379").tls(tls).build().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// [`build`](Builder::build) then fails with [`Error::Config`](crate::Error::Config) for text that is not PEM, for a
    /// key that does not belong to the certificate, and for a URL without TLS. A server that is not trusted counts as
    /// unreachable: functions load without the cache, and the log says why.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The address, with the settings of [`tls`](Builder::tls).
    #[cfg(feature = "tls")]
    pub(super) fn with_tls(&self, address: Address) -> Result<Address, Error> {
        let Some(Tls { roots, identity }) = &self.tls else { return Ok(address) };
        let identity = identity.as_ref().map(|(chain, key)| (&chain[..], &key[..]));
        address.secured(Security::new(roots.as_deref(), identity)?)
    }

    #[cfg(all(feature = "redis", not(feature = "tls")))]
    pub(super) fn with_tls(&self, address: Address) -> Result<Address, Error> {
        match &self.tls {
            None => Ok(address),
            Some(Tls { .. }) => Err(Error::Config(
                "`tls` is set, and needs the feature `tls` of cache-runtime".into(),
            )),
        }
    }
}

#[cfg(all(test, not(feature = "tls")))]
mod tests {
    use super::{Builder, Tls};
    use crate::{Cache, Error};

    #[tokio::test]
    async fn without_the_feature_it_says_so() {
        for (url, tls) in [("rediss://localhost", None), ("redis://localhost", Some(Tls::new()))] {
            let builder = Cache::builder().url(url);
            let builder = tls.into_iter().fold(builder, Builder::tls);
            let Err(Error::Config(what)) = builder.build().await else { panic!("{url}: accepted") };
            let feature = if cfg!(feature = "redis") { "feature `tls`" } else { "feature `redis`" };
            assert!(what.contains(feature), "{url}: {what}");
        }
    }
}
