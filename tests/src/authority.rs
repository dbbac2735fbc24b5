//! Authorities and their certificates, made for one test.

use std::{fmt, net::Ipv4Addr};

use cache_test_support::tls::Pems;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    SanType,
};

/// A certificate authority that nobody knows.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// Its own certificate, as PEM.
    pub pem: String,
}

/// A certificate and its key, as PEM.
#[derive(Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    ///
    /// Where the system has no randomness.
    pub fn new(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let pem = issuer.pem();
        Authority { issuer, pem }
    }

    fn certify(&self, names: Vec<SanType>) -> Identity {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// A certificate of a server that is reached as `localhost` and as 127.0.0.1.
    ///
    /// # Panics
    ///
    /// As [`new`](Authority::new).
    pub fn local(&self) -> Identity {
        let name = "localhost".try_into().unwrap();
        self.certify(vec![SanType::DnsName(name), SanType::IpAddress(Ipv4Addr::LOCALHOST.into())])
    }

    /// A certificate of whoever is called `name`.
    ///
    /// # Panics
    ///
    /// As [`new`](Authority::new).
    pub fn named(&self, name: &str) -> Identity {
        self.certify(vec![SanType::DnsName(name.try_into().unwrap())])
    }
}

impl Identity {
    /// What a server needs that trusts clients of `authority`.
    pub fn pems<'a>(&'a self, authority: &'a Authority) -> Pems<'a> {
        Pems { authority: &authority.pem, certificate: &self.certificate, key: &self.key }
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}
