//! Limits on the nesting and on the number of elements of a value, for a codec that has none of its own.
//!
//! Without them, a corrupt entry of a recursive type could overflow the stack, which aborts the process. And a corrupt
//! length could claim any number of elements, since elements can be encoded in zero bytes.

use std::{cell::Cell, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor},
};

/// How deep a value may be nested. An `Option` is one level, and its content is the next.
const DEPTH: usize = 256;

/// How many elements a value may have in addition to one for each byte: a `()` in a `Vec` takes no byte.
const EXTRA_ELEMENTS: usize = 1 << 16;

/// How many elements the lists and maps of a payload may have in all.
pub(super) fn element_budget(payload: &[u8]) -> Cell<usize> {
    Cell::new(payload.len().saturating_add(EXTRA_ELEMENTS))
}

/// Wraps anything of serde that reads, and counts the levels that are left below it and the elements that are left in
/// all.
pub(super) struct Limited<'l, T> {
    inner: T,
    levels_left: usize,
    elements: &'l Cell<usize>,
    /// Whether the entry, and not its type, gives the number of elements.
    counts: bool,
}

impl<'l, T> Limited<'l, T> {
    pub(super) fn new(inner: T, elements: &'l Cell<usize>) -> Self {
        Limited { inner, levels_left: DEPTH, elements, counts: false }
    }

    /// Wraps something else on the same level.
    fn same_level<U>(&self, inner: U) -> Limited<'l, U> {
        Limited { inner, levels_left: self.levels_left, elements: self.elements, counts: false }
    }

    /// Wraps something on the next level.
    fn next_level<U, E: Error>(&self, inner: U) -> Result<Limited<'l, U>, E> {
        match self.levels_left.checked_sub(1) {
            Some(levels_left) => {
                Ok(Limited { inner, levels_left, elements: self.elements, counts: self.counts })
            }
            None => Err(E::custom("it is nested too deep")),
        }
    }

    /// Counts another element.
    fn count<E: Error>(&self) -> Result<(), E> {
        if self.counts {
            let left = self.elements.get().checked_sub(1);
            self.elements.set(left.ok_or_else(|| E::custom("it has more elements than bytes"))?);
        }
        Ok(())
    }
}

macro_rules! deserialize {
    ($($method:ident($($argument:ident: $ty:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $ty,)* visitor: V) -> Result<V::Value, D::Error> {
            let visitor = self.same_level(visitor);
            self.inner.$method($($argument,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Limited<'_, D> {
    type Error = D::Error;

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = Limited { counts: true, ..self.same_level(visitor) };
        self.inner.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = Limited { counts: true, ..self.same_level(visitor) };
        self.inner.deserialize_map(visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }

    deserialize! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }
}

macro_rules! visit_plain {
    ($($method:ident($($argument:ident: $ty:ty)?);)*) => {$(
        fn $method<E: Error>(self, $($argument: $ty)?) -> Result<V::Value, E> {
            self.inner.$method($($argument)?)
        }
    )*};
}

macro_rules! visit_nested {
    ($($method:ident($ty:ident);)*) => {$(
        fn $method<A: $ty<'de>>(self, nested: A) -> Result<V::Value, A::Error> {
            let nested = self.next_level(nested)?;
            self.inner.$method(nested)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Limited<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visit_plain! {
        visit_bool(v: bool);
        visit_i8(v: i8);
        visit_i16(v: i16);
        visit_i32(v: i32);
        visit_i64(v: i64);
        visit_i128(v: i128);
        visit_u8(v: u8);
        visit_u16(v: u16);
        visit_u32(v: u32);
        visit_u64(v: u64);
        visit_u128(v: u128);
        visit_f32(v: f32);
        visit_f64(v: f64);
        visit_char(v: char);
        visit_str(v: &str);
        visit_borrowed_str(v: &'de str);
        visit_string(v: String);
        visit_bytes(v: &[u8]);
        visit_borrowed_bytes(v: &'de [u8]);
        visit_byte_buf(v: Vec<u8>);
        visit_none();
        visit_unit();
    }

    visit_nested! {
        visit_some(Deserializer);
        visit_newtype_struct(Deserializer);
        visit_seq(SeqAccess);
        visit_map(MapAccess);
        visit_enum(EnumAccess);
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Limited<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let deserializer = self.same_level(deserializer);
        self.inner.deserialize(deserializer)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Limited<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let seed = self.same_level(seed);
        let element = self.inner.next_element_seed(seed)?;
        element.is_some().then(|| self.count()).transpose()?;
        Ok(element)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Limited<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let seed = self.same_level(seed);
        let key = self.inner.next_key_seed(seed)?;
        key.is_some().then(|| self.count()).transpose()?;
        Ok(key)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.same_level(seed);
        self.inner.next_value_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, 'l, A: EnumAccess<'de>> EnumAccess<'de> for Limited<'l, A> {
    type Error = A::Error;
    type Variant = Limited<'l, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (seed, variant) = (self.same_level(seed), self.same_level(()));
        let (value, inner) = self.inner.variant_seed(seed)?;
        Ok((value, variant.same_level(inner)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Limited<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.same_level(seed);
        self.inner.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = self.same_level(visitor);
        self.inner.tuple_variant(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = self.same_level(visitor);
        self.inner.struct_variant(fields, visitor)
    }
}
