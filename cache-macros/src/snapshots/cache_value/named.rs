#[derive(CacheValue)]
/// Docs are not part of the layout.
#[derive(Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    pub id: u64,
    #[serde(rename = "mail", default)]
    email: Option<String>,
    address: Address,
    #[serde(skip)]
    #[cache_value(may_change)]
    cached: OnceCell<Hash>,
    r#type: u64,
}

// becomes

#[automatically_derived]
impl ::cache_runtime::CacheValue for User {
    const FINGERPRINT: u64 = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::Opaque as _;
        ::cache_runtime::__private::Fingerprint::of(
                "# [ rename_all = \"camelCase\" ] struct { id : u64 , # [ rename = \"mail\" ] email : Option < String > , address : Address , type : u64 , }",
            )
            .with(<::cache_runtime::__private::LayoutOf<u64>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<Option<String>>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<String>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<Address>>::LAYOUT)
            .get()
    };
}
