#[invalidates(tags("tenant:<tenant>"))]
async fn rename(tenant: &str) -> sqlx::Result<()> {
    db::rename(tenant).await
}

// becomes

async fn rename(tenant: &str) -> sqlx::Result<()> {
    let __call = {
        fn __here() {}
        static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
            || ::core::any::type_name_of_val(&__here),
            ::cache_runtime::__private::NO_TTL,
        );
        ::cache_runtime::__private::Call::new(&__SITE)
            .fence_tag(|__w| {
                __w.template("tenant:<tenant>");
                __w.literal("tenant:");
                if false {
                    use ::cache_runtime::__private::single::*;
                    (&&&::cache_runtime::__private::single::Single(&tenant))
                        .__cache_single();
                }
                __w.part(&tenant);
            })
    };
    let __body = ::core::pin::pin!(
        async move { if let ::core::option::Option::Some(__ret) =
        ::core::option::Option::None:: < sqlx::Result < () > > { return __ret; }
        db::rename(tenant). await }
    );
    let __ending = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::{Ending0 as _, Ending1 as _};
        (&::cache_runtime::__private::EndingProbe::of(&*__body)).__cache_ending()
    };
    let __output = __ending.invalidate(__call, __body).await;
    __output
}
