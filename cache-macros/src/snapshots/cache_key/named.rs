#[derive(CacheKey)]
#[cache_key("user:<tenant>:<id>")]
struct UserKey<'a> {
    tenant: &'a str,
    id: u64,
    #[cache_key(skip)]
    trace: TraceId,
}

// becomes

#[automatically_derived]
impl<'a> ::cache_runtime::CacheKey for UserKey<'a> {
    type Value = ::cache_runtime::AnyValue;
    fn write_key(&self, __w: &mut ::cache_runtime::KeyWriter<'_>) {
        __w.template("user:<tenant>:<id>");
        __w.literal("user:");
        __w.part(&self.tenant);
        __w.literal(":");
        __w.part(&self.id);
    }
}
