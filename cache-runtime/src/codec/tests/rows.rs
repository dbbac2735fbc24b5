//! A value with something of everything that serde knows, and how to make one.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use proptest::{collection, prelude::*};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    id: u64,
    offset: i128,
    name: String,
    initial: char,
    ratio: f64,
    tags: BTreeSet<String>,
    address: Option<Address>,
    shape: Shape,
    by_id: BTreeMap<i32, Vec<Option<Shape>>>,
    unit: (),
    marker: Marker,
    wrapped: Wrapped,
    pair: (u8, Option<bool>),
    array: [u16; 3],
    ip: IpAddr,
    life: Duration,
    children: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Address {
    pub(super) street: String,
    pub(super) number: Option<u32>,
    pub(super) floor: Option<Option<i8>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Shape {
    Point,
    Circle(f32),
    Segment(i16, i16),
    Rectangle { width: u32, height: Option<u32> },
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Marker;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Wrapped(pub(super) Vec<u8>);

fn shapes() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Point),
        // Whole numbers, which every codec writes exactly.
        any::<i16>().prop_map(|radius| Shape::Circle(radius.into())),
        any::<(i16, i16)>().prop_map(|(from, to)| Shape::Segment(from, to)),
        any::<(u32, Option<u32>)>().prop_map(|(width, height)| Shape::Rectangle { width, height }),
    ]
}

fn addresses() -> impl Strategy<Value = Address> {
    let floor = prop_oneof![Just(None), any::<i8>().prop_map(|floor| Some(Some(floor)))];
    (any::<String>(), any::<Option<u32>>(), floor).prop_map(|(street, number, floor)| Address {
        street,
        number,
        floor,
    })
}

pub(super) fn rows() -> impl Strategy<Value = Row> {
    let numbers = (any::<u64>(), any::<i128>(), any::<i32>(), any::<[u16; 3]>());
    let texts = (any::<String>(), any::<char>(), collection::btree_set(any::<String>(), 0..3));
    let options = (proptest::option::of(addresses()), any::<(u8, Option<bool>)>());
    let shapes_by_id = collection::btree_map(
        any::<i32>(),
        collection::vec(proptest::option::of(shapes()), 0..3),
        0..3,
    );
    let bytes = (collection::vec(any::<u8>(), 0..40), any::<u128>(), any::<u32>());
    let row = (numbers, texts, options, shapes(), shapes_by_id, bytes).prop_map(
        |(numbers, texts, options, shape, by_id, bytes)| Row {
            id: numbers.0,
            offset: numbers.1,
            name: texts.0,
            initial: texts.1,
            ratio: f64::from(numbers.2) / 4.0,
            tags: texts.2,
            address: options.0,
            shape,
            by_id,
            unit: (),
            marker: Marker,
            wrapped: Wrapped(bytes.0),
            pair: options.1,
            array: numbers.3,
            ip: IpAddr::from(bytes.1.to_be_bytes()),
            life: Duration::from_millis(bytes.2.into()),
            children: Vec::new(),
        },
    );
    row.prop_recursive(3, 6, 2, |row| {
        (row.clone(), collection::vec(row, 0..2))
            .prop_map(|(row, children)| Row { children, ..row })
    })
}
