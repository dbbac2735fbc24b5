#[cached(
    key = "article:<ids>",
    each = ids,
    ttl = 60,
    tags = |article:&Article|[format!("author:{}", article.author)],
)]
async fn find(ids: &[u64]) -> sqlx::Result<HashMap<u64, Article>> {
    db::find(ids).await
}

// becomes

async fn find(ids: &[u64]) -> sqlx::Result<HashMap<u64, Article>> {
    let __call = {
        fn __here() {}
        static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                || ::core::any::type_name_of_val(&__here),
                ::cache_runtime::Policy::ttl(60).names_tags(),
            )
            .template("article:<ids>");
        ::cache_runtime::__private::Call::new(&__SITE)
    };
    let (__load, __rows, __value) = ::cache_runtime::__private::batch(
        ids,
        |__ids| {
            async move {
                if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                    sqlx::Result<HashMap<u64, Article>>,
                > {
                    return __ret;
                }
                #[allow(unused_variables)]
                let ids: &[u64] = &__ids;
                db::find(ids).await
            }
        },
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
                __w.template("article:<ids>");
                __w.literal("article:");
                __w.part(&__id);
            },
            |__value, __plan| {
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{Found0 as _, Found1 as _};
                let ::core::option::Option::Some(__value) = (&&::cache_runtime::__private::Found(
                    __value,
                ))
                    .__cache_found() else {
                    return;
                };
                __plan
                    .tags(
                        ::cache_runtime::__private::pick(
                            __value,
                            |article: &Article| [format!("author:{}", article.author)],
                        ),
                    );
            },
            __load,
        )
        .await;
    __output
}
