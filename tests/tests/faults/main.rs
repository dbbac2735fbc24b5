//! Faults: whatever happens to the server, to processes and to what is stored, calls are answered, and answered rightly.

mod breaker;
mod chaos;
mod field;
mod local;
mod matrix;
mod outage;
mod poison;
mod transactions;
mod transfers;
