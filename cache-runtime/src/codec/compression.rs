//! Compression of payloads, and its undoing within bounds: an entry can be corrupt, or written by somebody
//! hostile, and must not fill the memory of whoever reads it.

use std::borrow::Cow;

use crate::{encoding::Compression, error::Error};

/// The payload's bytes, compressed; none where the feature is not enabled.
pub(super) fn compress(payload: &[u8], compression: Compression) -> Option<Vec<u8>> {
    match compression {
        #[cfg(feature = "lz4")]
        Compression::Lz4 => Some(lz4::compress(payload)),
        #[cfg(feature = "zstd")]
        Compression::Zstd => zstd::compress(payload),
        #[cfg(not(all(feature = "lz4", feature = "zstd")))]
        _ => {
            let _ = payload;
            None
        }
    }
}

/// The bytes that a payload stands for, by the mark in its header, if they are at most so many.
pub(super) fn decompress(payload: &[u8], mark: u8, most: usize) -> Result<Cow<'_, [u8]>, Error> {
    if mark == 0 {
        return Ok(Cow::Borrowed(payload));
    }
    let Some(compression) = Compression::of_mark(mark) else {
        return Err(Error::Codec(format!("the entry was compressed by an unknown method {mark}")));
    };
    let plain = match compression {
        #[cfg(feature = "lz4")]
        Compression::Lz4 => lz4::decompress(payload, most),
        #[cfg(feature = "zstd")]
        Compression::Zstd => zstd::decompress(payload, most),
        #[cfg(not(all(feature = "lz4", feature = "zstd")))]
        _ => {
            let _ = (payload, most);
            Err(compression.missing().unwrap_or_default().to_owned())
        }
    };
    plain.map(Cow::Owned).map_err(Error::Codec)
}

/// A block, after the number of bytes that it stands for (4, little-endian).
#[cfg(feature = "lz4")]
mod lz4 {
    use lz4_flex::block;

    pub(super) fn compress(payload: &[u8]) -> Vec<u8> {
        block::compress_prepend_size(payload)
    }

    pub(super) fn decompress(payload: &[u8], most: usize) -> Result<Vec<u8>, String> {
        let (length, compressed) = block::uncompressed_size(payload).map_err(|e| e.to_string())?;
        // A byte of a block never stands for more than 255, so a length beyond that is a lie.
        if length > most || length > compressed.len().saturating_mul(255) {
            return Err(format!("{} compressed bytes claim to be {length}", compressed.len()));
        }
        let plain = block::decompress(compressed, length).map_err(|e| e.to_string())?;
        match plain.len() == length {
            true => Ok(plain),
            false => Err(format!("{} bytes claimed to be {length}", plain.len())),
        }
    }
}

/// A frame.
#[cfg(feature = "zstd")]
mod zstd {
    use std::io::Read;

    use zstd::{bulk, stream::read::Decoder, zstd_safe::get_frame_content_size};

    /// The library's own choice.
    const LEVEL: i32 = 0;

    /// A decoder sets memory aside for this many bytes (2^n) before it has seen any. The level looks back
    /// over less.
    const MOST_WINDOW: u32 = 23;

    pub(super) fn compress(payload: &[u8]) -> Option<Vec<u8>> {
        bulk::compress(payload, LEVEL).ok()
    }

    /// Grows with what is there, up to one byte too many: a frame that claims to hold less than that is not believed.
    pub(super) fn decompress(payload: &[u8], most: usize) -> Result<Vec<u8>, String> {
        let too_much = || Err(format!("it stands for more than {most} bytes"));
        if matches!(get_frame_content_size(payload), Ok(Some(claim)) if claim > most as u64) {
            return too_much();
        }
        let enough = most.saturating_add(1);
        let mut plain = Vec::with_capacity(payload.len().saturating_mul(4).min(enough));
        let mut read = || {
            let mut decoder = Decoder::with_buffer(payload)?;
            decoder.window_log_max(MOST_WINDOW)?;
            loop {
                let room = plain.capacity() - plain.len();
                let read = decoder.by_ref().take(room as u64).read_to_end(&mut plain)?;
                if read < room || plain.len() >= enough {
                    return Ok::<_, std::io::Error>(());
                }
                let more = plain.capacity().max(1024);
                plain.reserve_exact(more.min(enough - plain.len()));
            }
        };
        read().map_err(|error| error.to_string())?;
        if plain.len() > most { too_much() } else { Ok(plain) }
    }
}
