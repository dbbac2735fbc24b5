impl Repo {
    #[cached(
        key = "user:<ids>",
        each = ids,
        ttl = |user:&User|user.ttl(&tenant),
        unless = |user:&User|user.tenant = = self.tenant,
        audit = 0.001,
        skip(tenant),
    )]
    async fn find(
        &self,
        tenant: String,
        ids: &[u64],
    ) -> sqlx::Result<HashMap<u64, User>> {
        self.db.find(tenant, ids).await
    }
}

// becomes

impl Repo {
    async fn find(
        &self,
        tenant: String,
        ids: &[u64],
    ) -> sqlx::Result<HashMap<u64, User>> {
        let __call = {
            fn __here() {}
            static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                    || ::core::any::type_name_of_val(&__here),
                    ::cache_runtime::__private::NO_TTL.audit(0.001),
                )
                .template("user:<ids>");
            ::cache_runtime::__private::Call::new(&__SITE)
        };
        let (__load, __rows, __value) = ::cache_runtime::__private::batch(
            ids,
            |__ids| {
                #[allow(unused_variables)]
                let tenant = ::core::clone::Clone::clone(&tenant);
                async move {
                    if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                        sqlx::Result<HashMap<u64, User>>,
                    > {
                        return __ret;
                    }
                    #[allow(unused_variables)]
                    let ids: &[u64] = &__ids;
                    self.db.find(tenant, ids).await
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
                    __w.template("user:<ids>");
                    __w.literal("user:");
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
                        .ttl(
                            ::cache_runtime::__private::view(
                                __value,
                                |user: &User| user.ttl(&tenant),
                            ),
                        );
                    __plan
                        .unless(
                            ::cache_runtime::__private::view(
                                __value,
                                |user: &User| user.tenant == self.tenant,
                            ),
                        );
                },
                __load,
            )
            .await;
        __output
    }
}
