//! Keys that declare the type of their value.

use std::{rc::Rc, sync::Arc};

use super::CacheKey;

/// The declaration of a key without a fixed type: any value may be under it.
///
/// ```
/// use cache_runtime::{AnyValue, CacheKey, KeyWriter};
///
/// struct Manifest;
///
/// impl CacheKey for Manifest {
///     type Value = AnyValue;
///
///     fn write_key(&self, out: &mut KeyWriter<'_>) {
///         out.literal("manifest");
///     }
/// }
/// ```
#[derive(Debug)]
pub struct AnyValue {
    // Unsized, which distinguishes it from every value.
    _unsized: [()],
}

/// A key whose value may be a `T`.
///
/// Implemented for every [`CacheKey`] whose [`Value`](CacheKey::Value) is [`AnyValue`], is `T`, or is stored in the same
/// way as `T`: a key of `User` is also a key of `Option<User>`, `Box<User>` and `Arc<User>`.
///
/// ```
/// use cache_runtime::{Cache, CacheKey, KeyOf};
///
/// async fn warm(cache: &Cache, key: impl KeyOf<str>) {
///     cache.put(key, "warm", 60).await;
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cache key of `{T}`",
    label = "not a whole key, or one of another value",
    note = "a key is a template (\"user:<id>\"), a string, or a struct with `#[derive(CacheKey)]` and `#[cache_key(\"user:<id>\")]`"
)]
pub trait KeyOf<T: ?Sized>: CacheKey {}

impl<K, T: ?Sized> KeyOf<T> for K
where
    K: CacheKey + ?Sized,
    K::Value: AcceptsValue<K, T>,
{
}

/// The declared value of a key `K`, where the value may be a `V`. See [`KeyOf`].
#[diagnostic::on_unimplemented(
    message = "`{K}` is the key of `{Self}`, and not of `{V}`",
    label = "under this key there is `{Self}`",
    note = "`#[cache_key(\"...\", value = ...)]` above the key says what is under it: use the key of `{V}`, or declare another value there"
)]
pub trait AcceptsValue<K: ?Sized, V: ?Sized> {}

#[diagnostic::do_not_recommend]
impl<K: ?Sized, V: ?Sized> AcceptsValue<K, V> for AnyValue {}

/// Types that are stored in the same way as another type. A blanket implementation would overlap with the first of
/// these.
macro_rules! stored_alike {
    ($($stored:ty as $declared:ty;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<K: ?Sized, T> AcceptsValue<K, $stored> for $declared {}
    )*};
}

stored_alike! {
    T as T;
    &T as T;
    Box<T> as T;
    Rc<T> as T;
    Arc<T> as T;
    Option<T> as T;
    Option<Box<T>> as T;
    Option<Rc<T>> as T;
    Option<Arc<T>> as T;
    [T] as Vec<T>;
}

#[diagnostic::do_not_recommend]
impl<K: ?Sized> AcceptsValue<K, str> for String {}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, sync::Arc};

    use super::{CacheKey, KeyOf};
    use crate::key::KeyWriter;

    struct User;

    struct UserKey;

    impl CacheKey for UserKey {
        type Value = User;

        fn write_key(&self, out: &mut KeyWriter<'_>) {
            out.literal("user");
        }
    }

    impl ToOwned for UserKey {
        type Owned = Box<UserKey>;

        fn to_owned(&self) -> Self::Owned {
            Box::new(UserKey)
        }
    }

    fn accepts<K: KeyOf<V> + ?Sized, V: ?Sized>() {}

    /// The test is that this compiles. The UI tests have what does not.
    #[test]
    fn a_key_accepts_all_types_that_are_stored_as_its_value() {
        accepts::<UserKey, User>();
        accepts::<UserKey, Option<User>>();
        accepts::<UserKey, Option<Arc<User>>>();
        accepts::<UserKey, Box<User>>();
        accepts::<UserKey, &User>();
        accepts::<&Arc<UserKey>, User>();
        accepts::<Cow<'_, UserKey>, User>();
        accepts::<str, User>();
        accepts::<String, str>();
        accepts::<&&str, [u8]>();
    }
}
