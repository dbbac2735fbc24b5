//! Return types of annotated functions, split into values to store and errors to pass on.

mod batch;
mod single;

#[cfg(test)]
pub(crate) use self::batch::{FallibleRows, Hashed};
pub(crate) use self::{
    batch::UniqueIds,
    single::{Alone, Cloned, Fallible, FallibleOptional, Optional, Plain},
};
pub use self::{
    batch::{LoadedRows, Rows},
    single::{Loaded, Shape},
};
