#[derive(CacheKey)]
#[cache_key("page:<id>:<number>")]
struct PageKey<T, const N: usize>
where
    T: Table,
{
    id: Id<T>,
    number: u32,
}

// becomes

#[automatically_derived]
impl<T, const N: usize> ::cache_runtime::CacheKey for PageKey<T, N>
where
    T: Table,
    Id<T>: ::cache_runtime::KeyPart,
{
    type Value = ::cache_runtime::AnyValue;
    fn write_key(&self, __w: &mut ::cache_runtime::KeyWriter<'_>) {
        __w.template("page:<id>:<number>");
        __w.literal("page:");
        __w.part(&self.id);
        __w.literal(":");
        __w.part(&self.number);
    }
}
