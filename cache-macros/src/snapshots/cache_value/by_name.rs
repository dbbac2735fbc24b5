#[derive(CacheValue)]
struct Author {
    name: String,
    #[cache_value(by_name)]
    posts: Vec<Post>,
}

// becomes

#[automatically_derived]
impl ::cache_runtime::CacheValue for Author {
    const FINGERPRINT: u64 = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::Opaque as _;
        ::cache_runtime::__private::Fingerprint::of(
                "struct { name : String , posts : Vec < Post > , }",
            )
            .with(<::cache_runtime::__private::LayoutOf<String>>::LAYOUT)
            .get()
    };
}
