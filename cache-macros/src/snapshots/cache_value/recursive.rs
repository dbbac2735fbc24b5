#[derive(CacheValue)]
struct Tree<T> {
    leaf: T,
    children: Vec<Tree<T>>,
    by_name: HashMap<Name, Box<Self>>,
}

// becomes

#[automatically_derived]
impl<T> ::cache_runtime::CacheValue for Tree<T>
where
    T: ::cache_runtime::CacheValue,
{
    const FINGERPRINT: u64 = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::Opaque as _;
        ::cache_runtime::__private::Fingerprint::of(
                "struct { leaf : T , children : Vec < Tree < T > > , by_name : HashMap < Name , Box < Self > > , }",
            )
            .with(<::cache_runtime::__private::LayoutOf<T>>::LAYOUT)
            .with(<::cache_runtime::__private::LayoutOf<Name>>::LAYOUT)
            .get()
    };
}
