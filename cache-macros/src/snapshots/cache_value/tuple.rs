#[derive(CacheValue)]
struct Pair(u64, #[serde(with = "hex")] [u8; 16]);

// becomes

#[automatically_derived]
impl ::cache_runtime::CacheValue for Pair {
    const FINGERPRINT: u64 = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::Opaque as _;
        ::cache_runtime::__private::Fingerprint::of(
                "struct ( u64 , # [ with = \"hex\" ] [ u8 ; 16 ] , )",
            )
            .with(<::cache_runtime::__private::LayoutOf<u64>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<[u8; 16]>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<u8>>::LAYOUT)
            .get()
    };
}
