//! A part that is rendered before its key, because its source may be gone when the key is rendered.

use super::{KeyPart, KeyWriter};

/// The text of one part.
#[derive(Debug)]
pub struct Rendered(String);

/// Renders a part, for a key that is rendered later.
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
