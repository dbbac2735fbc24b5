#[cached(key = "user:<id>", policy = USERS, ttl = "1500ms", lock, jitter = JITTER)]
async fn find(id: u64) -> sqlx::Result<Option<User>> {
    db::find(id).await
}

// becomes

async fn find(id: u64) -> sqlx::Result<Option<User>> {
    let __call = {
        fn __here() {}
        static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                || ::core::any::type_name_of_val(&__here),
                ::cache_runtime::Policy::jitter(
                    ::cache_runtime::__private::foreground(USERS)
                        .with_ttl_duration(::core::time::Duration::from_millis(1500))
                        .lock(),
                    JITTER,
                ),
            )
            .template("user:<id>");
        ::cache_runtime::__private::Call::new(&__SITE)
            .key(|__w| {
                __w.template("user:<id>");
                __w.literal("user:");
                __w.part(&id);
            })
    };
    let __body = ::core::pin::pin!(
        async move { if let ::core::option::Option::Some(__ret) =
        ::core::option::Option::None:: < sqlx::Result < Option < User > > > { return
        __ret; } db::find(id). await }
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
