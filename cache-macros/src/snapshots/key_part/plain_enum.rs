#[derive(KeyPart)]
#[key_part(crate = my::cache)]
enum Plan {
    Free,
    Paid,
    r#Type,
}

// becomes

#[automatically_derived]
impl my::cache::KeyPart for Plan {
    fn write_part(&self, __w: &mut my::cache::KeyWriter<'_>) {
        __w.text(
            match self {
                Self::Free => "Free",
                Self::Paid => "Paid",
                Self::r#Type => "Type",
            },
        );
    }
}
