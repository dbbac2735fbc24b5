#[derive(KeyPart)]
struct UserId(u64);

// becomes

#[automatically_derived]
impl ::cache_runtime::KeyPart for UserId {
    fn write_part(&self, __w: &mut ::cache_runtime::KeyWriter<'_>) {
        <u64 as ::cache_runtime::KeyPart>::write_part(&self.0, __w);
    }
}
