impl Repo {
    #[cached(
        key = "user:<self.tenant>:<ids>",
        each = ids,
        ttl = 60,
        stale_while_revalidate = 30,
        refresh_ahead = 0.8,
        skip(tags),
    )]
    async fn find(
        &self,
        mut tags: Vec<String>,
        ids: &[u64],
    ) -> sqlx::Result<HashMap<u64, User>> {
        tags.push(self.tag(ids));
        self.db.find(tags, ids).await
    }
}

// becomes

impl Repo {
    async fn find(
        &self,
        tags: Vec<String>,
        ids: &[u64],
    ) -> sqlx::Result<HashMap<u64, User>> {
        let __call = {
            fn __here() {}
            static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                    || ::core::any::type_name_of_val(&__here),
                    ::cache_runtime::Policy::ttl(60)
                        .refresh_ahead(0.8)
                        .stale_while_revalidate(30),
                )
                .template("user:<self.tenant>:<ids>");
            ::cache_runtime::__private::Call::new(&__SITE)
        };
        let (__load, __rows, __value) = ::cache_runtime::__private::batch_owned(
            ids,
            || {
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{
                    Detach0 as _, Detach1 as _, Detach2 as _,
                };
                let __self = (&&&::cache_runtime::__private::Borrowed(self))
                    .__cache_detach();
                let tags = (&&&::cache_runtime::__private::Argument(&tags))
                    .__cache_detach();
                move |__ids| async move {
                    if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                        sqlx::Result<HashMap<u64, User>>,
                    > {
                        return __ret;
                    }
                    let mut tags = tags;
                    let __self: &Self = &__self;
                    #[allow(unused_variables)]
                    let ids: &[u64] = &__ids;
                    tags.push(__self.tag(ids));
                    __self.db.find(tags, ids).await
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
            .run_each_owned(
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
                    __w.template("user:<self.tenant>:<ids>");
                    __w.literal("user:");
                    __w.part(&self.tenant);
                    __w.literal(":");
                    __w.part(&__id);
                },
                || ::cache_runtime::__private::keep,
                __load,
            )
            .await;
        __output
    }
}
