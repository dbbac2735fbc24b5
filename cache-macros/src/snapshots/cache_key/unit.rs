#[derive(CacheKey)]
#[cache_key("config")]
struct ConfigKey;

// becomes

#[automatically_derived]
impl ::cache_runtime::CacheKey for ConfigKey {
    type Value = ::cache_runtime::AnyValue;
    fn write_key(&self, __w: &mut ::cache_runtime::KeyWriter<'_>) {
        __w.template("config");
        __w.literal("config");
    }
}
