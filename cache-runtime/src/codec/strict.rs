//! Refuses values that a codec would write as another value: floats that are not finite, and a `Some` of what is written
//! as `null`, as `Some(None)` is.

use std::fmt;

use serde::{
    Serialize, Serializer,
    ser::{
        Error, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

/// What a codec cannot write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Infinities and NaN.
    pub(super) floats: bool,
    /// Whether a struct without fields is written as `null` too.
    pub(super) unit_structs: bool,
}

const NOT_FINITE: &str = "a float that is not finite would come back as `null`: write the value with the codec \
    `msgpack` or `postcard`, or store it as an `Option`";
const SOME_OF_NULL: &str = "a `Some` of what is written as `null`, such as `Some(None)` or `Some(())`, would come back as \
    `None`: write an enum in its place";

/// A serializer of a value, which refuses what its codec would write as another one.
pub(super) struct Strict<S> {
    inner: S,
    rules: Rules,
    /// Whether the value is within a `Some`.
    in_some: bool,
}

impl<S: Serializer> Strict<S> {
    pub(super) fn new(inner: S, rules: Rules) -> Self {
        Strict { inner, rules, in_some: false }
    }

    /// The codec's serializer, for what it writes as `null`.
    fn null(self) -> Result<S, S::Error> {
        if self.in_some { Err(S::Error::custom(SOME_OF_NULL)) } else { Ok(self.inner) }
    }
}

/// A part of a value.
struct Part<'a, T: ?Sized> {
    value: &'a T,
    rules: Rules,
    in_some: bool,
}

impl<T: Serialize + ?Sized> Serialize for Part<'_, T> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Strict { inner, rules: self.rules, in_some: self.in_some })
    }
}

/// A serializer of the parts of a value.
pub(super) struct Parts<C> {
    inner: C,
    rules: Rules,
}

impl<C> Parts<C> {
    fn part<'a, T: ?Sized>(&self, value: &'a T) -> Part<'a, T> {
        Part { value, rules: self.rules, in_some: false }
    }
}

macro_rules! plain {
    ($($method:ident($($argument:ident: $ty:ty),*);)*) => {$(
        fn $method(self, $($argument: $ty),*) -> Result<S::Ok, S::Error> {
            self.inner.$method($($argument),*)
        }
    )*};
}

macro_rules! floats {
    ($($method:ident($ty:ty);)*) => {$(
        fn $method(self, v: $ty) -> Result<S::Ok, S::Error> {
            if self.rules.floats && !v.is_finite() {
                return Err(S::Error::custom(NOT_FINITE));
            }
            self.inner.$method(v)
        }
    )*};
}

macro_rules! nested {
    ($($method:ident($($argument:ident: $ty:ty),*) -> $output:ident;)*) => {$(
        fn $method(self, $($argument: $ty),*) -> Result<Parts<S::$output>, S::Error> {
            let rules = self.rules;
            self.inner.$method($($argument),*).map(|inner| Parts { inner, rules })
        }
    )*};
}

impl<S: Serializer> Serializer for Strict<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Parts<S::SerializeSeq>;
    type SerializeTuple = Parts<S::SerializeTuple>;
    type SerializeTupleStruct = Parts<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Parts<S::SerializeTupleVariant>;
    type SerializeMap = Parts<S::SerializeMap>;
    type SerializeStruct = Parts<S::SerializeStruct>;
    type SerializeStructVariant = Parts<S::SerializeStructVariant>;

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.null()?.serialize_none()
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.null()?.serialize_unit()
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        if self.rules.unit_structs {
            return self.null()?.serialize_unit_struct(name);
        }
        self.inner.serialize_unit_struct(name)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_some(&Part { value, rules: self.rules, in_some: true })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let Strict { inner, rules, in_some } = self;
        inner.serialize_newtype_struct(name, &Part { value, rules, in_some })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let part = Part { value, rules: self.rules, in_some: false };
        self.inner.serialize_newtype_variant(name, index, variant, &part)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }

    floats! {
        serialize_f32(f32);
        serialize_f64(f64);
    }

    plain! {
        serialize_bool(v: bool);
        serialize_i8(v: i8);
        serialize_i16(v: i16);
        serialize_i32(v: i32);
        serialize_i64(v: i64);
        serialize_i128(v: i128);
        serialize_u8(v: u8);
        serialize_u16(v: u16);
        serialize_u32(v: u32);
        serialize_u64(v: u64);
        serialize_u128(v: u128);
        serialize_char(v: char);
        serialize_str(v: &str);
        serialize_bytes(v: &[u8]);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    nested! {
        serialize_seq(length: Option<usize>) -> SerializeSeq;
        serialize_tuple(length: usize) -> SerializeTuple;
        serialize_tuple_struct(name: &'static str, length: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, length: usize)
            -> SerializeTupleVariant;
        serialize_map(length: Option<usize>) -> SerializeMap;
        serialize_struct(name: &'static str, length: usize) -> SerializeStruct;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, length: usize)
            -> SerializeStructVariant;
    }
}

macro_rules! lists {
    ($($of:ident::$method:ident;)*) => {$(
        impl<C: $of> $of for Parts<C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                let part = self.part(value);
                self.inner.$method(&part)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

lists! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

macro_rules! structs {
    ($($of:ident)*) => {$(
        impl<C: $of> $of for Parts<C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), C::Error> {
                let part = self.part(value);
                self.inner.serialize_field(name, &part)
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), C::Error> {
                self.inner.skip_field(name)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

structs!(SerializeStruct SerializeStructVariant);

impl<C: SerializeMap> SerializeMap for Parts<C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        let part = self.part(key);
        self.inner.serialize_key(&part)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        let part = self.part(value);
        self.inner.serialize_value(&part)
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}
