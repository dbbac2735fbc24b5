#[derive(CacheKey)]
#[cache_key("user:<id>", value = Self)]
struct User {
    id: u64,
    name: String,
    password: Hash,
}

// becomes

#[automatically_derived]
impl ::cache_runtime::CacheKey for User {
    type Value = Self;
    fn write_key(&self, __w: &mut ::cache_runtime::KeyWriter<'_>) {
        __w.template("user:<id>");
        __w.literal("user:");
        __w.part(&self.id);
    }
}
