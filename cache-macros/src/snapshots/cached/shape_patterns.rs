#[cached(key = "user:<id>:<a>:<pair.0>", ttl = 60)]
async fn find(
    Path(id): Path<u64>,
    Pair { a, .. }: Pair,
    mut pair: (u8, u8),
    _: u8,
) -> User {
    pair.0 += 1;
    db::find(id, a, pair).await
}

// becomes

async fn find(Path(id): Path<u64>, Pair { a, .. }: Pair, pair: (u8, u8), _: u8) -> User {
    let __call = {
        fn __here() {}
        static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                || ::core::any::type_name_of_val(&__here),
                ::cache_runtime::Policy::ttl(60),
            )
            .template("user:<id>:<a>:<pair.0>");
        ::cache_runtime::__private::Call::new(&__SITE)
            .key(|__w| {
                __w.template("user:<id>:<a>:<pair.0>");
                __w.literal("user:");
                __w.part(&id);
                __w.literal(":");
                __w.part(&a);
                __w.literal(":");
                __w.part(&pair.0);
            })
    };
    let __body = ::core::pin::pin!(
        async move { if let ::core::option::Option::Some(__ret) =
        ::core::option::Option::None:: < User > { return __ret; }
        #[allow(unused_variables)] let id = id; #[allow(unused_variables)] let a = a; let
        mut pair = pair; pair.0 += 1; db::find(id, a, pair). await }
    );
    let __shape = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::{
            Shape0 as _, Shape1 as _, Shape2 as _, Shape4 as _, Shape3 as _, Shape5 as _,
            ShapeOfNothing as _,
        };
        (&&&&&&&::cache_runtime::__private::Probe::of(&*__body)).__cache_shape()
    };
    let __value = ::cache_runtime::__private::ValueProbe::of(&__shape);
    let __call = __call
        .fingerprint({
            #[allow(unused_imports)]
            use ::cache_runtime::__private::{Fingerprint0 as _, Fingerprint1 as _};
            (&__value).__cache_fingerprint()
        });
    let __output = __call
        .run(__shape, ::cache_runtime::__private::keep, __body)
        .same({
            #[allow(unused_imports)]
            use ::cache_runtime::__private::{Same0 as _, Same1 as _};
            (&__value).__cache_same()
        })
        .await;
    __output
}
