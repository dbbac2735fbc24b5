impl Repo {
    #[cached(
        key = "user:<ids>",
        each = ids,
        policy = USERS,
        background,
        ttl = |user:&User|user.ttl(name),
        unless = |user:&User|user.tenant = = self.tenant,
        skip(name),
    )]
    async fn find(self: Arc<Self>, mut ids: Vec<u64>, name: &str) -> Vec<(u64, User)> {
        ids.sort();
        self.db.find(ids).await
    }
}

// becomes

impl Repo {
    async fn find(self: Arc<Self>, ids: Vec<u64>, name: &str) -> Vec<(u64, User)> {
        let __call = {
            fn __here() {}
            static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                    || ::core::any::type_name_of_val(&__here),
                    USERS,
                )
                .template("user:<ids>");
            ::cache_runtime::__private::Call::new(&__SITE)
        };
        let (__load, __rows, __value) = ::cache_runtime::__private::batch_owned(
            &ids,
            || {
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{
                    Detach0 as _, Detach1 as _, Detach2 as _,
                };
                let __self = (&&&::cache_runtime::__private::Argument(&self))
                    .__cache_detach();
                move |__ids| async move {
                    if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                        Vec<(u64, User)>,
                    > {
                        return __ret;
                    }
                    #[allow(unused_variables)]
                    let __self = __self;
                    #[allow(unused_variables)]
                    let mut ids: Vec<u64> = __ids;
                    ids.sort();
                    __self.db.find(ids).await
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
                &ids,
                |__id, __w| {
                    __w.template("user:<ids>");
                    __w.literal("user:");
                    __w.part(&__id);
                },
                || {
                    #[allow(unused_imports)]
                    use ::cache_runtime::__private::{
                        Detach0 as _, Detach1 as _, Detach2 as _,
                    };
                    let __self = (&&&::cache_runtime::__private::Argument(&self))
                        .__cache_detach();
                    let name = (&&&::cache_runtime::__private::Borrowed(name))
                        .__cache_detach();
                    move |__value, __plan| {
                        #[allow(unused_imports)]
                        use ::cache_runtime::__private::{Found0 as _, Found1 as _};
                        let ::core::option::Option::Some(__value) = (&&::cache_runtime::__private::Found(
                            __value,
                        ))
                            .__cache_found() else {
                            return;
                        };
                        #[allow(unused_variables)]
                        let name: &str = &name;
                        __plan
                            .ttl(
                                ::cache_runtime::__private::view(
                                    __value,
                                    |user: &User| user.ttl(name),
                                ),
                            );
                        __plan
                            .unless(
                                ::cache_runtime::__private::view(
                                    __value,
                                    |user: &User| user.tenant == __self.tenant,
                                ),
                            );
                    }
                },
                __load,
            )
            .await;
        __output
    }
}
