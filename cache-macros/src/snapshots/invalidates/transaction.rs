#[invalidates("user:<id>", transaction)]
async fn forget(tx: &mut Transaction<'_, Postgres>, id: u64) -> sqlx::Result<()> {
    db::forget(tx, id).await
}

// becomes

async fn forget(tx: &mut Transaction<'_, Postgres>, id: u64) -> sqlx::Result<()> {
    let __call = {
        fn __here() {}
        static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
            || ::core::any::type_name_of_val(&__here),
            ::cache_runtime::__private::NO_TTL,
        );
        ::cache_runtime::__private::Call::new(&__SITE)
            .transaction(::core::any::type_name_of_val(&tx))
            .transaction(::core::any::type_name_of_val(&id))
            .fence(|__w| {
                __w.template("user:<id>");
                __w.literal("user:");
                if false {
                    use ::cache_runtime::__private::single::*;
                    (&&&::cache_runtime::__private::single::Single(&id))
                        .__cache_single();
                }
                __w.part(&id);
            })
    };
    let __body = ::core::pin::pin!(
        async move { if let ::core::option::Option::Some(__ret) =
        ::core::option::Option::None:: < sqlx::Result < () > > { return __ret; }
        db::forget(tx, id). await }
    );
    let __ending = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::{Ending0 as _, Ending1 as _};
        (&::cache_runtime::__private::EndingProbe::of(&*__body)).__cache_ending()
    };
    let __output = __ending.invalidate(__call, __body).await;
    __output
}
