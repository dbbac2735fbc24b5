//! What is stored: how it is written, how large it may be, and how its layout is known.

mod changed;
mod deployments;
mod fingerprints;
mod sharing;
mod sizes;
