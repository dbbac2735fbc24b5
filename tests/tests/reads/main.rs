//! Reads through the cache: what is loaded, by whom, what is stored of it, and for how long it is served.

mod absent;
mod background;
mod batches;
mod clock;
mod copies;
mod detours;
mod embedded;
mod explain;
mod failed_loads;
mod freshness;
mod kept_values;
mod lease;
mod local;
mod local_trips;
mod not_stored;
mod read_through;
mod round_trips;
mod stampede;
mod tags;
mod value_tags;
mod values;
mod versions;
