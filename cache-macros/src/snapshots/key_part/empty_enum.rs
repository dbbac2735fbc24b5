#[derive(KeyPart)]
enum Never {}

// becomes

#[automatically_derived]
impl ::cache_runtime::KeyPart for Never {
    fn write_part(&self, __w: &mut ::cache_runtime::KeyWriter<'_>) {
        match *self {}
    }
}
