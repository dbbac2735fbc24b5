#[derive(CacheValue)]
enum Plan {
    Free,
    Paid = 7,
}

// becomes

#[automatically_derived]
impl ::cache_runtime::CacheValue for Plan {
    const FINGERPRINT: u64 = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::Opaque as _;
        ::cache_runtime::__private::Fingerprint::of("enum { Free , Paid = 7 , }").get()
    };
}
