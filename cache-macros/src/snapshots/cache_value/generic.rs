#[derive(CacheValue)]
struct Page<'a, T: Row, K, M, const N: usize>
where
    T: Clone,
{
    title: Cow<'a, str>,
    rows: [T; N],
    next: Option<T::Cursor>,
    foreign: Foreign<K>,
    marker: PhantomData<M>,
}

// becomes

#[automatically_derived]
impl<'a, T: Row, K, M, const N: usize> ::cache_runtime::CacheValue
for Page<'a, T, K, M, N>
where
    T: Clone,
    T: ::cache_runtime::CacheValue,
    K: ::cache_runtime::CacheValue,
    T::Cursor: ::cache_runtime::CacheValue,
{
    const FINGERPRINT: u64 = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::Opaque as _;
        ::cache_runtime::__private::Fingerprint::of(
                "struct { title : Cow < 'a , str > , rows : [ T ; N ] , next : Option < T : : Cursor > , foreign : Foreign < K > , marker : PhantomData < M > , }",
            )
            .with(<::cache_runtime::__private::LayoutOf<Cow<'a, str>>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<str>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<[T; N]>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<T>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<Option<T::Cursor>>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<T::Cursor>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<Foreign<K>>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<PhantomData<M>>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<K>>::LAYOUT)
            .with(N as u64)
            .get()
    };
}
