//! A real `redis-server` that speaks TLS.

use std::{fs, path::PathBuf};

use crate::{port::Port, server::RedisServer};

/// A server with an encrypted port. Dropping it stops it.
///
/// It has a plain port besides, by which a test gives it orders.
#[derive(Debug)]
pub struct TlsServer {
    server: RedisServer,
    port: Port,
    files: Files,
}

/// What a server needs, as PEM: the authority that it trusts, and its own certificate and key.
#[derive(Clone, Copy, Debug)]
pub struct Pems<'a> {
    /// Whose certificates clients have to show, where any is asked for.
    pub authority: &'a str,
    /// The server's certificate.
    pub certificate: &'a str,
    /// Its key.
    pub key: &'a str,
}

impl TlsServer {
    /// Starts a server that lets clients in with a certificate only, or without one.
    ///
    /// # Panics
    ///
    /// As [`RedisServer::start`].
    pub fn start(pems: Pems<'_>, ask_clients: bool) -> TlsServer {
        let files = Files::write(pems);
        let ask = if ask_clients { "yes" } else { "no" };
        let own = files.settings();
        let port = Port::take();
        let tls_port = port.to_string();
        let mut settings = vec!["--save", "", "--tls-port", &tls_port, "--tls-auth-clients", ask];
        settings.extend(own.iter().map(String::as_str));
        TlsServer { server: RedisServer::start_with(&settings), port, files }
    }

    /// Gives the server another certificate, under which it answers from then on.
    ///
    /// # Panics
    ///
    /// Where it does not take it.
    pub fn renew(&self, pems: Pems<'_>) {
        self.files.fill(pems);
        let [authority, certificate, key] = ["ca", "crt", "key"].map(|name| self.files.path(name));
        let answer = self.server.command(&[
            "CONFIG",
            "SET",
            "tls-ca-cert-file",
            &authority,
            "tls-cert-file",
            &certificate,
            "tls-key-file",
            &key,
        ]);
        assert_eq!(answer.trim(), "+OK");
    }

    /// Starts a sentinel that knows the server as `master`, at its encrypted port, and has an encrypted port too,
    /// under the same certificate: the sentinel and that port.
    ///
    /// # Panics
    ///
    /// As [`RedisServer::start`].
    pub fn start_sentinel(&self, master: &str) -> (RedisServer, Port) {
        let [authority, certificate, key] = ["ca", "crt", "key"].map(|name| self.files.path(name));
        let port = Port::take();
        let lines = format!(
            "tls-port {port}\ntls-auth-clients no\ntls-replication yes\ntls-ca-cert-file {authority}\n\
             tls-cert-file {certificate}\ntls-key-file {key}\n\
             sentinel monitor {master} 127.0.0.1 {} 1",
            self.port
        );
        (RedisServer::start_sentinel(&lines), port)
    }

    /// The server itself, with its plain port.
    pub fn server(&self) -> &RedisServer {
        &self.server
    }

    /// The encrypted port.
    pub fn port(&self) -> u16 {
        self.port.number()
    }
}

/// A folder of files that servers read, removed when dropped.
#[derive(Debug)]
pub struct Files(PathBuf);

impl Files {
    /// Writes them.
    ///
    /// # Panics
    ///
    /// Where the temporary folder is not writable.
    pub fn write(pems: Pems<'_>) -> Files {
        let name = format!("cache-tests-tls-{}-{}", std::process::id(), fastrand::u64(..));
        let files = Files(std::env::temp_dir().join(name));
        fs::create_dir(&files.0).expect("the temporary folder is writable");
        files.fill(pems);
        files
    }

    /// Where a server finds them, as its settings.
    pub fn settings(&self) -> Vec<String> {
        let names =
            [("--tls-ca-cert-file", "ca"), ("--tls-cert-file", "crt"), ("--tls-key-file", "key")];
        names
            .into_iter()
            .flat_map(|(setting, name)| [setting.to_owned(), self.path(name)])
            .collect()
    }

    fn fill(&self, pems: Pems<'_>) {
        for (name, text) in [("ca", pems.authority), ("crt", pems.certificate), ("key", pems.key)] {
            fs::write(self.path(name), text).expect("the temporary folder is writable");
        }
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // A folder that is left behind does no harm.
        _ = fs::remove_dir_all(&self.0);
    }
}
