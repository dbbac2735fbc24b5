//! Any text, as the template of a key.
#![no_main]

#[allow(dead_code, reason = "the rest is for the macros")]
#[path = "../../cache-macros/src/template.rs"]
mod template;
#[path = "../../cache-macros/src/template_check.rs"]
mod template_check;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| template_check::check(&String::from_utf8_lossy(text)));
