//! A part that was written before its key is: what it was made of may be gone by then.

use super::{KeyPart, KeyWriter};

/// The text of one part.
#[derive(Debug)]
pub struct Written(String);

/// Writes a part by itself, for a key that is made later.
pub fn written<P: KeyPart + ?Sized>(part: &P) -> Written {
    let mut text = String::new();
    KeyWriter::new(&mut text).part(part);
    Written(text)
}

impl KeyPart for Written {
    fn write_part(&self, out: &mut KeyWriter<'_>) {
        out.raw(&self.0);
    }
}
