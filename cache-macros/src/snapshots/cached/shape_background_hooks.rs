impl Repo {
    #[cached(
        key = "user:<id>:<name>",
        ttl = |user:&User|user.ttl(name),
        unless = |user:&User|user.tenant = = self.tenant,
        stale_while_revalidate = 30,
    )]
    async fn find(&self, id: u64, name: &str) -> sqlx::Result<User> {
        self.db.find(id).await
    }
}

// becomes

impl Repo {
    async fn find(&self, id: u64, name: &str) -> sqlx::Result<User> {
        let __call = {
            fn __here() {}
            static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                    || ::core::any::type_name_of_val(&__here),
                    ::cache_runtime::__private::NO_TTL.stale_while_revalidate(30),
                )
                .template("user:<id>:<name>");
            ::cache_runtime::__private::Call::new(&__SITE)
                .key(|__w| {
                    __w.template("user:<id>:<name>");
                    __w.literal("user:");
                    __w.part(&id);
                    __w.literal(":");
                    __w.part(&name);
                })
        };
        let __load = || {
            #[allow(unused_imports)]
            use ::cache_runtime::__private::{Detach0 as _, Detach1 as _, Detach2 as _};
            let __self = (&&&::cache_runtime::__private::Borrowed(self))
                .__cache_detach();
            let id = (&&&::cache_runtime::__private::Argument(&id)).__cache_detach();
            async move {
                if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                    sqlx::Result<User>,
                > {
                    return __ret;
                }
                #[allow(unused_variables)]
                let id = id;
                let __self: &Self = &__self;
                __self.db.find(id).await
            }
        };
        let __shape = {
            #[allow(unused_imports)]
            use ::cache_runtime::__private::{
                Shape0 as _, Shape1 as _, Shape2 as _, Shape4 as _, Shape3 as _,
                Shape5 as _, ShapeOfNothing as _,
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
            .run_owned(
                __shape,
                {
                    #[allow(unused_imports)]
                    use ::cache_runtime::__private::{
                        Detach0 as _, Detach1 as _, Detach2 as _,
                    };
                    let __self = (&&&::cache_runtime::__private::Borrowed(self))
                        .__cache_detach();
                    let name = (&&&::cache_runtime::__private::Borrowed(name))
                        .__cache_detach();
                    move |__value, __plan| {
                        let __self: &Self = &__self;
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
            .same({
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{Same0 as _, Same1 as _};
                (&__value).__cache_same()
            })
            .await;
        __output
    }
}
