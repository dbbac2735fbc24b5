//! Which value a key is the key of, as far as it says so.

use std::{rc::Rc, sync::Arc};

use super::CacheKey;

/// What a key that says nothing of its value declares: any value may be under it.
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
    // So that it can be told from all values, which have a size.
    _unsized: [()],
}

/// A key under which a `T` may be.
///
/// Every [`CacheKey`] whose [`Value`](CacheKey::Value) is [`AnyValue`], `T`, or what `T` is stored as: a key of `User`
/// is one of `Option<User>`, `Box<User>` and `Arc<User>` too. It is implemented for you.
///
/// ```
/// use cache_runtime::{Cache, CacheKey, Error, KeyOf};
///
/// async fn warm(cache: &Cache, key: impl KeyOf<str>) -> Result<(), Error> {
///     cache.put(key, "warm", 60).await
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

/// What a key `K` declares to be under it, where that may be a `V`. See [`KeyOf`].
#[diagnostic::on_unimplemented(
    message = "`{K}` is the key of `{Self}`, and not of `{V}`",
    label = "under this key there is `{Self}`",
    note = "`#[cache_key(\"...\", value = ...)]` above the key says what is under it: use the key of `{V}`, or declare another value there"
)]
pub trait AcceptsValue<K: ?Sized, V: ?Sized> {}

#[diagnostic::do_not_recommend]
impl<K: ?Sized, V: ?Sized> AcceptsValue<K, V> for AnyValue {}

/// What is stored as another type is. An implementation for whatever `T` is stored as would meet the first of these.
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

    fn links<K: KeyOf<V> + ?Sized, V: ?Sized>() {}

    /// That it compiles is the test; what does not is in the tests of messages.
    #[test]
    fn a_key_is_one_of_all_that_is_stored_as_its_value_is() {
        links::<UserKey, User>();
        links::<UserKey, Option<User>>();
        links::<UserKey, Option<Arc<User>>>();
        links::<UserKey, Box<User>>();
        links::<UserKey, &User>();
        links::<&Arc<UserKey>, User>();
        links::<Cow<'_, UserKey>, User>();
        links::<str, User>();
        links::<String, str>();
        links::<&&str, [u8]>();
    }
}
