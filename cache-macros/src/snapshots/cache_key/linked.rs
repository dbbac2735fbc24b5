#[derive(CacheKey)]
#[cache_key("users:<team>", value = Vec<User>)]
struct TeamKey {
    team: u64,
}

// becomes

#[automatically_derived]
impl ::cache_runtime::CacheKey for TeamKey {
    type Value = Vec<User>;
    fn write_key(&self, __w: &mut ::cache_runtime::KeyWriter<'_>) {
        __w.template("users:<team>");
        __w.literal("users:");
        __w.part(&self.team);
    }
}
