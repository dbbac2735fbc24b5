#[derive(KeyPart)]
struct Lowercase<T: AsRef<str>>(T);

// becomes

#[automatically_derived]
impl<T: AsRef<str>> ::cache_runtime::KeyPart for Lowercase<T>
where
    T: ::cache_runtime::KeyPart,
{
    fn write_part(&self, __w: &mut ::cache_runtime::KeyWriter<'_>) {
        <T as ::cache_runtime::KeyPart>::write_part(&self.0, __w);
    }
}
