#[derive(CacheValue)]
#[cache_value(crate = my::cache)]
struct Nothing;

// becomes

#[automatically_derived]
impl my::cache::CacheValue for Nothing {
    const FINGERPRINT: u64 = {
        #[allow(unused_imports)]
        use my::cache::__private::Opaque as _;
        my::cache::__private::Fingerprint::of("struct").get()
    };
}
