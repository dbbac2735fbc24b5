//! Which keys encrypt the values that a cache keeps on a server.

use super::Builder;
use crate::encryption::{KeyRing, Seal};

impl Builder {
    /// Encrypts every value before it goes to the server, with XChaCha20-Poly1305 under a key of `ring`. Needs the
    /// feature `encryption`.
    ///
    /// Whoever can read the server, its backups or the traffic learns nothing of a value but its length; whoever can
    /// write to it cannot make a value up, change one, or put it under another key: such an entry is a miss, counted
    /// as [`undecodable`](crate::FunctionStats::undecodable), and is replaced. [`Cache::get`](crate::Cache::get) says
    /// what is wrong with it. This holds for what waits to be written behind as well, and for dead letters, but for the
    /// error that the batch function gave.
    ///
    /// What is not protected:
    ///
    /// - keys, tags and the names of queues, which are stored as they are: keep secrets out of them;
    /// - when and how often something is read or written, how long a value is, what its load cost, when it
    ///   expires, the number of its tags, and the fingerprint of its type. Values that are compressed and mix a secret
    ///   with what an attacker may choose can give the secret away by their length;
    /// - the order of time: who can write to the server can delete entries, or put back an older one of the same key,
    ///   with the stamps that its tags had. Such a replay is a true value, and an old one; written behind, it can
    ///   reach the database again;
    /// - a copy from another database or server whose cache has the same key and uses the same name: give
    ///   every environment a key of its own;
    /// - the process itself. `memory://` encrypts nothing, for nothing leaves the process.
    ///
    /// # Exchanging keys
    ///
    /// Every release has to be able to read what the ones beside it write. Otherwise nothing goes wrong but that they
    /// take each other's entries away, and each load is done again for as long as both run. So a new key comes in two
    /// steps, and the old one goes in a third, each rolled out everywhere before the next:
    ///
    /// ```
    /// # use cache_runtime::KeyRing;
    /// # let (a, b) = ([1; 32], [2; 32]);
    /// let first = KeyRing::new("a", &a).and_opens("b", &b);
    /// let second = KeyRing::new("b", &b).and_opens("a", &a);
    /// let third = KeyRing::new("b", &b); // when the longest ttl is over, and queues and dead letters are empty
    /// ```
    ///
    /// Entries of a key that has gone are misses. To begin with encryption:
    ///
    /// ```
    /// # use cache_runtime::KeyRing;
    /// # let a = [1; 32];
    /// let first = KeyRing::plaintext().and_opens("a", &a);
    /// let second = KeyRing::new("a", &a).and_plaintext();
    /// let third = KeyRing::new("a", &a); // from here on nobody but the service can write a value
    /// ```
    ///
    /// To end it, the same backwards.
    ///
    /// # Errors
    ///
    /// [`build`](Builder::build) refuses an id that is empty, too long or not printable, and one that the ring has twice.
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
        self.seal = Seal::with(ring);
        self
    }
}
