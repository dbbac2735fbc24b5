//! Any bytes, as what a server holds under a key: decoded, opened, decompressed, read as values, and written again.
#![no_main]

use cache_runtime::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzzing::entry(bytes));
