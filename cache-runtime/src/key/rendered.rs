//! A part that was written before its key is: what it was made of may be gone by then.

use super::{KeyPart, KeyWriter};

/// The text of one part.
#[derive(Debug)]
pub struct Rendered(String);

/// Writes a part by itself, for a key that is made later.
pub fn rendered<P: KeyPart + ?Sized>(part: &P) -> Rendered {
    let mut text = String::new();
    KeyWriter::new(&mut text).part(part);
    Rendered(text)
}

impl KeyPart for Rendered {
    fn write_part(&self, out: &mut KeyWriter<'_>) {
        out.raw(&self.0);
    }
}
