//! What stands for series where the feature `metrics` is off: nothing is told, and it takes no room.

use std::{sync::atomic::AtomicU64, time::Duration};

use super::metric::{Labels, Metric};

#[derive(Debug)]
pub(crate) struct Count;

impl Count {
    pub(crate) fn new(_: &'static Metric, _: &'static str, _: Labels) -> Self {
        Count
    }

    pub(crate) fn tell(&self, _: &AtomicU64) {}
}

#[derive(Debug)]
pub(crate) struct Measure;

impl Measure {
    pub(crate) fn new(_: &'static Metric) -> Self {
        Measure
    }

    pub(crate) fn is_told(&self) -> bool {
        true
    }

    pub(crate) fn tell(&self, _: f64) {}
}

#[derive(Debug)]
pub(crate) struct Times;

impl Times {
    pub(crate) fn new(_: &'static Metric, _: &'static str, _: Labels) -> Self {
        Times
    }

    pub(crate) fn tell(&self, _: Duration) {}
}
