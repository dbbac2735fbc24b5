//! The keys that encrypt the values on the server.

use super::Builder;
use crate::encryption::{Encryptor, KeyRing};

impl Builder {
    /// Encrypts every value before it goes to the server, with XChaCha20-Poly1305 under a key of `ring`. Needs the
    /// feature `encryption`.
    ///
    /// Whoever can read the server, its backups or the traffic learns nothing about a value but its length. Whoever can
    /// write to the server can neither invent a value, nor change one, nor move it to another key: such an entry is a
    /// miss, is counted as [`undecodable`](crate::FunctionStats::undecodable), and is replaced.
    /// [`Cache::get`](crate::Cache::get) returns what is wrong with it. The same holds for queued writes and for dead
    /// letters, except for the error text of the batch function.
    ///
    /// Not protected are:
    ///
    /// - keys, tags and the names of queues, which are stored in the clear: keep secrets out of them;
    /// - when and how often something is read or written, how long a value is, what its load cost, when it
    ///   expires, the number of its tags, and the fingerprint of its type. If compressed values mix a secret with text
    ///   that an attacker can choose, their length can reveal the secret;
    /// - the order of time: whoever can write to the server can delete entries, or put back an older entry of the same
    ///   key, with the stamps that its tags had. Such a replay is a genuine value, but an old one; from a write-behind
    ///   queue it can reach the database again;
    /// - a copy from another database or server, if its cache has the same encryption key and the same name of the
    ///   entry's key: give every environment an encryption key of its own;
    /// - the process itself. `memory://` encrypts nothing, because nothing leaves the process.
    ///
    /// # Rotating keys
    ///
    /// Every release has to be able to read what its neighbours write. Otherwise they replace each other's entries, and
    /// each load runs again, for as long as both run; nothing worse happens. So a new key takes two steps, and the removal
    /// of the old one is a third. Roll out each step everywhere before the next:
    ///
    /// ```
    /// # use cache_runtime::KeyRing;
    /// # let (a, b) = ([1; 32], [2; 32]);
    /// let first = KeyRing::new("a", &a).with_decryption_key("b", &b);
    /// let second = KeyRing::new("b", &b).with_decryption_key("a", &a);
    /// let third = KeyRing::new("b", &b); // when the longest ttl is over, and queues and dead letters are empty
    /// ```
    ///
    /// Entries of a removed key are misses. To begin with encryption:
    ///
    /// ```
    /// # use cache_runtime::KeyRing;
    /// # let a = [1; 32];
    /// let first = KeyRing::plaintext().with_decryption_key("a", &a);
    /// let second = KeyRing::new("a", &a).and_plaintext();
    /// let third = KeyRing::new("a", &a); // from here on only the service can write a value
    /// ```
    ///
    /// To end it, take the same steps backwards.
    ///
    /// # Errors
    ///
    /// [`build`](Builder::build) fails for an id that is empty, too long or not printable, and for one that the ring has twice.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// use cache_runtime::{Cache, KeyRing};
    ///
    /// # let key = [1; 32];
    /// let cache = Cache::builder()
    ///     .url("redis://127.0.0.1:6379")
    ///     .encryption(KeyRing::new("2026-11", &key))
    ///     .build()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn encryption(mut self, ring: KeyRing) -> Self {
        self.encryptor = Encryptor::with(ring);
        self
    }
}
