//! Writes through the cache: what they end, what they leave, and what becomes of it where the store does not answer.

mod after_commit;
mod apart;
mod declared;
mod local_strict;
mod many_keys;
mod on_unavailable;
mod pending_invalidations;
mod stale_race;
mod within;
mod write_behind;
mod write_through;
