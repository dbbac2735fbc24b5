//! What people would pick instead of this library, behind one interface, so that one run measures all of them.

pub mod cases;
pub mod interleaved;
pub mod source;
pub mod table;
pub mod value;
pub mod ways;
