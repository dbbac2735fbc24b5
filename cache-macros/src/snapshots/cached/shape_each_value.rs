#[cached(
    key = "user:<ids>",
    each = ids,
    ttl = 60,
    skip(asker),
    value = |user:User|user.seen_by(&asker)
)]
async fn find(asker: Asker, ids: &[u64]) -> sqlx::Result<HashMap<u64, User>> {
    db::find(asker, ids).await
}

// becomes

async fn find(asker: Asker, ids: &[u64]) -> sqlx::Result<HashMap<u64, User>> {
    let __call = {
        fn __here() {}
        static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                || ::core::any::type_name_of_val(&__here),
                ::cache_runtime::Policy::ttl(60),
            )
            .template("user:<ids>");
        ::cache_runtime::__private::Call::new(&__SITE)
    };
    let (__load, __rows, __value) = ::cache_runtime::__private::batch(
        ids,
        |__ids| {
            #[allow(unused_variables)]
            let asker = ::core::clone::Clone::clone(&asker);
            async move {
                if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                    sqlx::Result<HashMap<u64, User>>,
                > {
                    return __ret;
                }
                #[allow(unused_variables)]
                let ids: &[u64] = &__ids;
                db::find(asker, ids).await
            }
        },
    );
    let __load = ::cache_runtime::__private::valued_rows(
        &__rows,
        ids,
        __load,
        |user: User| user.seen_by(&asker),
    );
    let __call = __call
        .fingerprint({
            #[allow(unused_imports)]
            use ::cache_runtime::__private::{Fingerprint0 as _, Fingerprint1 as _};
            (&__value).__cache_fingerprint()
        });
    let __output = __call
        .run_each(
            (
                __rows,
                {
                    #[allow(unused_imports)]
                    use ::cache_runtime::__private::{Same0 as _, Same1 as _};
                    (&__value).__cache_same()
                },
            ),
            ids,
            |__id, __w| {
                __w.template("user:<ids>");
                __w.literal("user:");
                __w.part(&__id);
            },
            ::cache_runtime::__private::keep,
            __load,
        )
        .await;
    __output
}
