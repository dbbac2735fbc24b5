#[cached(key = "users:<tenant>", ttl = 60, stale_while_revalidate = 30)]
async fn all(tenant: &str) -> sqlx::Result<Vec<User>> {
    db::all().await
}

// becomes

async fn all(tenant: &str) -> sqlx::Result<Vec<User>> {
    let __call = {
        fn __here() {}
        static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                || ::core::any::type_name_of_val(&__here),
                ::cache_runtime::Policy::ttl(60).stale_while_revalidate(30),
            )
            .template("users:<tenant>");
        ::cache_runtime::__private::Call::new(&__SITE)
            .key(|__w| {
                __w.template("users:<tenant>");
                __w.literal("users:");
                __w.part(&tenant);
            })
    };
    let __load = || {
        async move {
            if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                sqlx::Result<Vec<User>>,
            > {
                return __ret;
            }
            db::all().await
        }
    };
    let __shape = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::{
            Shape0 as _, Shape1 as _, Shape2 as _, Shape4 as _, Shape3 as _, Shape5 as _,
            ShapeOfNothing as _,
        };
        (&&&&&&&::cache_runtime::__private::Probe::of_load(&__load)).__cache_shape()
    };
    let __value = ::cache_runtime::__private::ValueProbe::of(&__shape);
    let __call = __call
        .fingerprint({
            #[allow(unused_imports)]
            use ::cache_runtime::__private::{Fingerprint0 as _, Fingerprint1 as _};
            (&__value).__cache_fingerprint()
        });
    let __output = __call
        .run_owned(__shape, ::cache_runtime::__private::keep, __load)
        .same({
            #[allow(unused_imports)]
            use ::cache_runtime::__private::{Same0 as _, Same1 as _};
            (&__value).__cache_same()
        })
        .await;
    __output
}
