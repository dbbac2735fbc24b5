impl Repo {
    #[cached(
        key = "user:<ids>",
        each = ids,
        ttl = 60,
        id = |user:&User|user.id,
        stale_while_revalidate = 30,
        skip(asker),
        value = |user:User|user.seen_by(&asker, &self.rules),
    )]
    async fn find(&self, asker: Asker, ids: &[u64]) -> sqlx::Result<Vec<User>> {
        self.db.find(ids).await
    }
}

// becomes

impl Repo {
    async fn find(&self, asker: Asker, ids: &[u64]) -> sqlx::Result<Vec<User>> {
        let __call = {
            fn __here() {}
            static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                    || ::core::any::type_name_of_val(&__here),
                    ::cache_runtime::Policy::ttl(60).stale_while_revalidate(30),
                )
                .template("user:<ids>");
            ::cache_runtime::__private::Call::new(&__SITE)
        };
        let (__load, __list) = ::cache_runtime::__private::list_owned(
            ids,
            || {
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{
                    Detach0 as _, Detach1 as _, Detach2 as _,
                };
                let __self = (&&&::cache_runtime::__private::Borrowed(self))
                    .__cache_detach();
                move |__ids| async move {
                    if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                        sqlx::Result<Vec<User>>,
                    > {
                        return __ret;
                    }
                    let __self: &Self = &__self;
                    #[allow(unused_variables)]
                    let ids: &[u64] = &__ids;
                    __self.db.find(ids).await
                }
            },
        );
        let (__rows, __value) = __list
            .by_id(|__row, __ids| {
                __ids
                    .of_id(
                        &::cache_runtime::__private::pick(__row, |user: &User| user.id),
                    )
            });
        let __load = ::cache_runtime::__private::valued_rows_owned(
            &__rows,
            ids,
            __load,
            || {
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{
                    Detach0 as _, Detach1 as _, Detach2 as _,
                };
                let __self = (&&&::cache_runtime::__private::Borrowed(self))
                    .__cache_detach();
                #[allow(unused_variables)]
                let asker = (&&&::cache_runtime::__private::Argument(&asker))
                    .__cache_detach();
                move |__value| {
                    let __self: &Self = &__self;
                    ::cache_runtime::__private::project(
                        __value,
                        |user: User| user.seen_by(&asker, &__self.rules),
                    )
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
                    __w.template("user:<ids>");
                    __w.literal("user:");
                    __w.part(&__id);
                },
                || ::cache_runtime::__private::keep,
                __load,
            )
            .await;
        __output
    }
}
