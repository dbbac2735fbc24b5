//! How the values of a function are kept beside local copies, and handed out: as clones.

use std::fmt;

use crate::{codec::Same, decoded::Decoded, return_shape::HandOut};

/// How loaded values of type `V` are compared with what their encodings give back, and how those that are stored as a `T` are
/// kept beside local copies.
pub(crate) type Handling<V, T> = (Same<V>, Option<Keep<T>>);

/// How the value of a type is kept, and handed out: a clone for each caller.
pub(crate) struct Keep<T> {
    get: fn(&Decoded) -> Option<T>,
    put: fn(&Decoded, &T),
}

impl<T> Clone for Keep<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Keep<T> {}

impl<T> Keep<T> {
    /// By clones of what the shape `S` keeps of a value.
    pub(crate) fn clones<S>() -> Keep<T>
    where
        S: HandOut<T>,
        S::Kept: Clone + Send + Sync + 'static,
    {
        Keep {
            get: |decoded| {
                let kept = decoded.get::<Option<S::Kept>>()?;
                S::stored(kept.clone())
            },
            put: |decoded, value| decoded.put(|| S::kept(value).cloned()),
        }
    }
}

impl<T> Keep<T> {
    /// The value, if a hit of this type has decoded it.
    pub(crate) fn get(&self, decoded: &Decoded) -> Option<T> {
        (self.get)(decoded)
    }

    /// Keeps a value that was decoded. The first one stays: functions of two types may share an entry.
    pub(crate) fn put(&self, decoded: &Decoded, value: &T) {
        (self.put)(decoded, value);
    }
}

impl<T> fmt::Debug for Keep<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keep").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::return_shape::{Optional, Plain};

    #[test]
    fn the_first_value_is_handed_out_to_callers_of_its_type() {
        let decoded = Decoded::default();
        let arcs = Keep::clones::<Plain<Arc<u8>>>();
        let optional = Keep::clones::<Optional<Arc<u8>>>();
        let texts = Keep::clones::<Plain<&str>>();
        assert!(arcs.get(&decoded).is_none());
        let first = Arc::new(7);
        arcs.put(&decoded, &first);
        arcs.put(&decoded, &Arc::new(8));
        assert!(Arc::ptr_eq(&arcs.get(&decoded).expect("it is kept"), &first));
        let some = optional.get(&decoded).flatten();
        assert!(Arc::ptr_eq(&some.expect("it is the same type"), &first));
        texts.put(&decoded, &"seven");
        assert_eq!(texts.get(&decoded), None, "it is of another type");
        assert!(!format!("{decoded:?}").contains('7'));
    }

    #[test]
    fn that_there_is_none_is_kept_for_those_who_can_be_without() {
        let decoded = Decoded::default();
        Keep::clones::<Optional<u8>>().put(&decoded, &None);
        assert_eq!(Keep::clones::<Optional<u8>>().get(&decoded), Some(None));
        assert_eq!(Keep::clones::<Plain<u8>>().get(&decoded), None);
    }
}
