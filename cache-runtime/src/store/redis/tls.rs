//! Encryption: whom to trust, and who we are.
//!
//! The certificates of the public authorities are compiled in, so that a container without any of its own can
//! connect, and nothing is read from files.

use std::{fmt, io, sync::Arc};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        self, ClientConfig, RootCertStore,
        crypto::{CryptoProvider, ring},
        pki_types::{
            CertificateDer, PrivateKeyDer, ServerName,
            pem::{self, PemObject},
        },
    },
};

use crate::error::Error;

/// How a connection is encrypted.
#[derive(Clone)]
pub(crate) struct Security(TlsConnector);

impl Security {
    /// Trusts the public authorities, and shows no certificate.
    pub(crate) fn public() -> Result<Security, Error> {
        Security::new(None, None)
    }

    /// Trusts the authorities in `roots`, or else the public ones, and shows a certificate that comes with its
    /// key. All of it is PEM.
    pub(crate) fn new(
        roots: Option<&[u8]>,
        identity: Option<(&[u8], &[u8])>,
    ) -> Result<Security, Error> {
        let trusted = roots.map_or_else(|| Ok(public_roots()), own_roots)?;
        // What the process has settled on; where it has not, nothing is settled for it.
        let provider = CryptoProvider::get_default().cloned();
        let provider = provider.unwrap_or_else(|| Arc::new(ring::default_provider()));
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| config(format!("TLS cannot be used: {e}")))?
            .with_root_certificates(trusted);
        let config = match identity {
            None => config.with_no_client_auth(),
            Some((chain, key)) => config
                .with_client_auth_cert(certificates("client certificate", chain)?, private(key)?)
                .map_err(unfit)?,
        };
        Ok(Security(TlsConnector::from(Arc::new(config))))
    }

    pub(super) async fn handshake(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        self.0.connect(name, stream).await.map_err(explained)
    }
}

impl fmt::Debug for Security {
    /// No key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Security")
    }
}

fn public_roots() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

fn own_roots(pem: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("root certificate", pem)? {
        roots
            .add(certificate)
            .map_err(|e| config(format!("a root certificate of `Tls` cannot be used: {e}")))?;
    }
    Ok(roots)
}

/// All certificates of a PEM file: one at least.
fn certificates(what: &str, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let all = CertificateDer::pem_slice_iter(text).collect::<Result<Vec<_>, _>>();
    let all = all.map_err(|e| broken(what, &e))?;
    match all.is_empty() {
        true => Err(config(format!(
            "the {what} of `Tls` is no PEM of a certificate: give the contents of a file with \
             `-----BEGIN CERTIFICATE-----` in it"
        ))),
        false => Ok(all),
    }
}

fn private(key: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
        pem::Error::NoItemsFound => config(
            "the private key of `Tls` is no PEM of a key: give the contents of a file with \
             `-----BEGIN PRIVATE KEY-----` in it, unencrypted"
                .into(),
        ),
        error => broken("private key", &error),
    })
}

/// The reader's errors may hold what was read.
fn broken(what: &str, error: &pem::Error) -> Error {
    let why = match error {
        pem::Error::MissingSectionEnd { .. } => "it ends in the middle",
        pem::Error::Base64Decode(_) => "it holds what is no Base64",
        _ => "it cannot be read",
    };
    config(format!("the {what} of `Tls` is broken PEM: {why}"))
}

fn unfit(error: rustls::Error) -> Error {
    config(match error {
        rustls::Error::InconsistentKeys(_) => {
            "the private key of `Tls` is not that of its client certificate".to_owned()
        }
        error => format!("the client certificate and key of `Tls` cannot be used: {error}"),
    })
}

/// Says what a failed handshake most likely means.
fn explained(error: io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let hint = match inner {
        Some(rustls::Error::InvalidMessage(_)) => {
            "does the server speak TLS? (`redis://` is without)"
        }
        Some(rustls::Error::InvalidCertificate(_)) => "the server is not trusted",
        Some(_) => "the TLS handshake failed",
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the server closed the connection during the TLS handshake"
        }
        None => return error,
    };
    io::Error::new(error.kind(), format!("{hint}: {error}"))
}

fn config(what: String) -> Error {
    Error::Config(what)
}
