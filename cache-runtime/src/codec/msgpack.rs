//! MessagePack with field names, so that decoding is as lenient as with JSON.

use rmp_serde::{Deserializer, Serializer};
use serde::{Serialize, de::DeserializeOwned};

use super::strict::{Rules, Strict};

/// A struct without fields is an empty list.
const RULES: Rules = Rules { floats: false, unit_structs: false };

/// The same limit on nesting as for JSON: a deeper entry could overflow the stack of its reader.
const DEPTH: usize = 128;

pub(super) fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), String> {
    let serializer = &mut Serializer::new(out).with_struct_map();
    value.serialize(Strict::new(serializer, RULES)).map_err(|e| e.to_string())
}

pub(super) fn decode<T: DeserializeOwned>(mut payload: &[u8]) -> Result<T, String> {
    let mut deserializer = Deserializer::new(&mut payload);
    deserializer.set_max_depth(DEPTH);
    let value = T::deserialize(&mut deserializer).map_err(|e| e.to_string())?;
    match payload {
        [] => Ok(value),
        rest => Err(format!("{} bytes follow the value", rest.len())),
    }
}
