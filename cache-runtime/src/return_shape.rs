//! Return types of annotated functions, split into values to store and errors to pass on.

mod batch;
mod by_arc;
mod hand_out;
mod projection;
mod single;

#[cfg(test)]
pub(crate) use self::batch::{FallibleRows, Hashed};
pub use self::{
    batch::{LoadedList, LoadedRows, Place, Rows},
    single::{Loaded, Shape},
};
pub(crate) use self::{
    batch::{Split, unique_ids},
    by_arc::{ArcRows, ByArc, Held, IsArc},
    hand_out::HandOut,
    projection::{Project, ProjectRows},
    single::{Alone, Cloned, Fallible, FallibleOptional, Optional, Plain},
};
