#[derive(CacheValue)]
#[serde(into = "Stored", try_from = "Stored")]
struct Money {
    cents: i64,
}

// becomes

#[automatically_derived]
impl ::cache_runtime::CacheValue for Money {
    const FINGERPRINT: u64 = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::Opaque as _;
        ::cache_runtime::__private::Fingerprint::of(
                "# [ into = \"Stored\" ] # [ try_from = \"Stored\" ] struct { cents : i64 , }",
            )
            .with(<::cache_runtime::__private::LayoutOf<Stored>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<i64>>::LAYOUT)
            .get()
    };
}
