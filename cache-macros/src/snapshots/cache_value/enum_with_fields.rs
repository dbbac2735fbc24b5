#[derive(CacheValue)]
#[serde(tag = "kind")]
enum Shape {
    Point,
    Circle(f64),
    #[serde(rename = "rect")]
    Rectangle { width: f64, height: f64 },
}

// becomes

#[automatically_derived]
impl ::cache_runtime::CacheValue for Shape {
    const FINGERPRINT: u64 = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::Opaque as _;
        ::cache_runtime::__private::Fingerprint::of(
                "# [ tag = \"kind\" ] enum { Point , Circle ( f64 , ) , # [ rename = \"rect\" ] Rectangle { width : f64 , height : f64 , } , }",
            )
            .with(<::cache_runtime::__private::LayoutOf<f64>>::LAYOUT)
            .named()
            .get()
    };
}
