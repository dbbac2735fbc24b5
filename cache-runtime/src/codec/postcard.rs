//! Postcard, which writes neither names nor types: only the fingerprint tells whether the layout is the reader's.
//!
//! An `Option` takes a byte in Postcard. Here a whole value that is an `Option` is encoded as its content, and a `None`
//! as nothing, so that functions that return `Option<User>` and `User` share their entries, as with other codecs.

use postcard::{Deserializer, to_extend};
use serde::{
    Serialize,
    de::{DeserializeOwned, value::UnitDeserializer},
};

use super::{
    is_none,
    limits::{Limited, element_budget},
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

/// Whether a value with this fingerprint may be encoded.
fn check(fingerprint: u64) -> Result<(), String> {
    if fingerprint == 0 {
        return Err(
            "Postcard writes no field names, so an entry of an older layout could be decoded as one of the \
             current layout: derive `CacheValue` for the value's type, or use another codec"
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
        let mut deserializer = Deserializer::from_bytes(payload);
        let elements = element_budget(payload);
        T::deserialize(StripOption(Limited::new(&mut deserializer, &elements)))
            .and_then(|value| Ok((value, deserializer.finalize()?)))
    };
    match decoded {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes follow the value", rest.len())),
        Err(error) => Err(error.to_string()),
    }
}
