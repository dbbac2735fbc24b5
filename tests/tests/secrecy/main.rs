//! What must not be seen: values on the server, passwords in logs, and the keys of others.

mod encryption;
mod events;
mod injection;
mod secrets;
