//! Redis Cluster: what goes where, what a tagged hit costs, slots that move under load, masters that die.

mod failover;
mod masters;
mod moves;
mod queues;
mod slots;
mod trips;
