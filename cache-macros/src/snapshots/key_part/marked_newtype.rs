#[derive(KeyPart)]
struct Id<T>(Uuid, PhantomData<fn() -> T>);

// becomes

#[automatically_derived]
impl<T> ::cache_runtime::KeyPart for Id<T> {
    fn write_part(&self, __w: &mut ::cache_runtime::KeyWriter<'_>) {
        <Uuid as ::cache_runtime::KeyPart>::write_part(&self.0, __w);
    }
}
