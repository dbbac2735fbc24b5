#[derive(CacheValue)]
struct User {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

// becomes

#[automatically_derived]
impl ::cache_runtime::CacheValue for User {
    const FINGERPRINT: u64 = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::Opaque as _;
        ::cache_runtime::__private::Fingerprint::of(
                "struct { id : u64 , # [ skip_serializing_if = \"Option::is_none\" ] name : Option < String > , }",
            )
            .with(<::cache_runtime::__private::LayoutOf<u64>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<Option<String>>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<String>>::LAYOUT)
            .named()
            .get()
    };
}
