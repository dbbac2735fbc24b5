#[derive(CacheKey)]
#[cache_key("row:<id>", value = Row<T>)]
struct Row<T> {
    id: u64,
    columns: T,
}

// becomes

#[automatically_derived]
impl<T> ::cache_runtime::CacheKey for Row<T> {
    type Value = Row<T>;
    fn write_key(&self, __w: &mut ::cache_runtime::KeyWriter<'_>) {
        __w.template("row:<id>");
        __w.literal("row:");
        __w.part(&self.id);
    }
}
