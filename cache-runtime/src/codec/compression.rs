//! Compression of payloads, and bounded decompression: a corrupt or hostile entry must not fill the memory of its
//! reader.

use std::borrow::Cow;

use crate::{encoding::Compression, error::Error};

/// Compresses a payload. `None` where the feature is off.
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

/// Decompresses a payload by the mark in its header. An error where the result has more than `most` bytes.
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

/// A block, preceded by its decompressed size (4 bytes, little-endian).
#[cfg(feature = "lz4")]
mod lz4 {
    use lz4_flex::block;

    pub(super) fn compress(payload: &[u8]) -> Vec<u8> {
        block::compress_prepend_size(payload)
    }

    pub(super) fn decompress(payload: &[u8], most: usize) -> Result<Vec<u8>, String> {
        let (length, compressed) = block::uncompressed_size(payload).map_err(|e| e.to_string())?;
        // One byte of a block expands to at most 255, so a larger claim is false.
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

    /// The default level of the library.
    const LEVEL: i32 = 0;

    /// The largest window, as a power of two: a decoder allocates the window before it reads any data. The default level
    /// uses a smaller window.
    const MOST_WINDOW: u32 = 23;

    pub(super) fn compress(payload: &[u8]) -> Option<Vec<u8>> {
        bulk::compress(payload, LEVEL).ok()
    }

    /// Does not trust the size that a frame claims: the buffer grows with the data, up to one byte over the limit.
    pub(super) fn decompress(payload: &[u8], most: usize) -> Result<Vec<u8>, String> {
        let too_much = || Err(format!("it decompresses to more than {most} bytes"));
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
