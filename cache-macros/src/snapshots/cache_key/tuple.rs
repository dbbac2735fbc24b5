#[derive(CacheKey)]
#[cache_key("pair:<0>:<1.id>", crate = my::cache)]
struct PairKey(u64, User);

// becomes

#[automatically_derived]
impl my::cache::CacheKey for PairKey {
    type Value = my::cache::AnyValue;
    fn write_key(&self, __w: &mut my::cache::KeyWriter<'_>) {
        __w.template("pair:<0>:<1.id>");
        __w.literal("pair:");
        __w.part(&self.0);
        __w.literal(":");
        __w.part(&self.1.id);
    }
}
