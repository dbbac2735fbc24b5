//! Postcard, which writes neither names nor types: that the layout is the reader's own is known by the
//! fingerprint alone.
//!
//! An `Option` takes a byte in Postcard. A value that is one is written as what it holds, and a `None` as nothing,
//! so that functions that return `Option<User>` and `User` share their entries as they do in other codecs.

use postcard::{Deserializer, to_extend};
use serde::{
    Serialize,
    de::{DeserializeOwned, value::UnitDeserializer},
};

use super::{
    is_none,
    limits::{Limited, elements},
    strip_option::{StripOption, WithoutOption},
};
use crate::value;

pub(super) fn encode<T: Serialize + ?Sized>(
    value: &T,
    fingerprint: u64,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    check(fingerprint)?;
    if !is_none(value) {
        let written = to_extend(&WithoutOption(value), std::mem::take(out));
        *out = written.map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Whether a value of this fingerprint may be written.
fn check(fingerprint: u64) -> Result<(), String> {
    if fingerprint == 0 {
        return Err(
            "Postcard writes no names of fields, so an entry of an older layout could be read as one of \
             today's: derive `CacheValue` for the value's type, or use another codec"
                .to_owned(),
        );
    }
    if value::needs_names(fingerprint) {
        return Err(value::NEEDS_NAMES.to_owned());
    }
    Ok(())
}

pub(super) fn decode<T: DeserializeOwned>(negative: bool, payload: &[u8]) -> Result<T, String> {
    let decoded = if negative {
        T::deserialize(UnitDeserializer::<postcard::Error>::new()).map(|none| (none, payload))
    } else {
        let (mut deserializer, elements) = (Deserializer::from_bytes(payload), elements(payload));
        T::deserialize(StripOption(Limited::new(&mut deserializer, &elements)))
            .and_then(|value| Ok((value, deserializer.finalize()?)))
    };
    match decoded {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes follow the value", rest.len())),
        Err(error) => Err(error.to_string()),
    }
}
