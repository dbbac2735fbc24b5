impl Repo {
    #[cached(
        key = "tags:<articles>",
        each = articles,
        id = Tag::article,
        group,
        ttl = 60,
        refresh_ahead = 0.8,
    )]
    async fn tags(&self, articles: &[i64]) -> sqlx::Result<Vec<Tag>> {
        self.db.tags(articles).await
    }
}

// becomes

impl Repo {
    async fn tags(&self, articles: &[i64]) -> sqlx::Result<Vec<Tag>> {
        let __call = {
            fn __here() {}
            static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                    || ::core::any::type_name_of_val(&__here),
                    ::cache_runtime::Policy::ttl(60).refresh_ahead(0.8),
                )
                .template("tags:<articles>");
            ::cache_runtime::__private::Call::new(&__SITE)
        };
        let (__load, __list) = ::cache_runtime::__private::list_owned(
            articles,
            || {
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{
                    Detach0 as _, Detach1 as _, Detach2 as _,
                };
                let __self = (&&&::cache_runtime::__private::Borrowed(self))
                    .__cache_detach();
                move |__ids| async move {
                    if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                        sqlx::Result<Vec<Tag>>,
                    > {
                        return __ret;
                    }
                    let __self: &Self = &__self;
                    #[allow(unused_variables)]
                    let articles: &[i64] = &__ids;
                    __self.db.tags(articles).await
                }
            },
        );
        let (__rows, __value) = __list
            .by_group(|__row, __ids| {
                __ids.of_id(&::cache_runtime::__private::pick(__row, Tag::article))
            });
        let __call = __call
            .fingerprint({
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{Fingerprint0 as _, Fingerprint1 as _};
                (&__value).__cache_fingerprint()
            });
        let __output = __call
            .run_each_owned(
                (
                    __rows,
                    {
                        #[allow(unused_imports)]
                        use ::cache_runtime::__private::{Same0 as _, Same1 as _};
                        (&__value).__cache_same()
                    },
                ),
                articles,
                |__id, __w| {
                    __w.template("tags:<articles>");
                    __w.literal("tags:");
                    __w.part(&__id);
                },
                || ::cache_runtime::__private::keep,
                __load,
            )
            .await;
        __output
    }
}
