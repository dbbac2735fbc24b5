impl Repo {
    #[invalidates(
        "user:<self.tenant>:<return.id>",
        "users:<self.tenant>",
        tags("plan:<return.plan>", "tenant:<self.tenant>"),
    )]
    async fn insert(&self, new: NewUser) -> sqlx::Result<User> {
        self.db.insert(new).await
    }
}

// becomes

impl Repo {
    async fn insert(&self, new: NewUser) -> sqlx::Result<User> {
        let __call = {
            fn __here() {}
            static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                || ::core::any::type_name_of_val(&__here),
                ::cache_runtime::__private::NO_TTL,
            );
            ::cache_runtime::__private::Call::new(&__SITE)
                .fence(|__w| {
                    __w.template("users:<self.tenant>");
                    __w.literal("users:");
                    if false {
                        use ::cache_runtime::__private::single::*;
                        (&&&::cache_runtime::__private::single::Single(&self.tenant))
                            .__cache_single();
                    }
                    __w.part(&self.tenant);
                })
                .fence_tag(|__w| {
                    __w.template("tenant:<self.tenant>");
                    __w.literal("tenant:");
                    if false {
                        use ::cache_runtime::__private::single::*;
                        (&&&::cache_runtime::__private::single::Single(&self.tenant))
                            .__cache_single();
                    }
                    __w.part(&self.tenant);
                })
        };
        if false {
            use ::cache_runtime::__private::single::*;
            (&&&::cache_runtime::__private::single::Single(&self.tenant))
                .__cache_single();
        }
        let __part0 = ::cache_runtime::__private::rendered(&self.tenant);
        let __body = ::core::pin::pin!(
            async move { if let ::core::option::Option::Some(__ret) =
            ::core::option::Option::None:: < sqlx::Result < User > > { return __ret; }
            #[allow(unused_variables)] let new = new; self.db.insert(new). await }
        );
        let __ending = {
            #[allow(unused_imports)]
            use ::cache_runtime::__private::{Ending0 as _, Ending1 as _};
            (&::cache_runtime::__private::EndingProbe::of(&*__body)).__cache_ending()
        };
        let __shape = {
            #[allow(unused_imports)]
            use ::cache_runtime::__private::{
                Shape0 as _, Shape1 as _, Shape2 as _, Shape4 as _, Shape3 as _,
                Shape5 as _,
            };
            (&&&&&&&::cache_runtime::__private::Probe::of(&*__body)).__cache_shape()
        };
        let __output = __ending
            .write(
                __call,
                __shape,
                |__value, __leave| {
                    __leave
                        .empty(|__w| {
                            __w.template("user:<self.tenant>:<return.id>");
                            __w.literal("user:");
                            __w.part(&__part0);
                            __w.literal(":");
                            if false {
                                use ::cache_runtime::__private::single::*;
                                (&&&::cache_runtime::__private::single::Single(&__value.id))
                                    .__cache_single();
                            }
                            __w.part(&__value.id);
                        });
                    __leave
                        .empty_tag(|__w| {
                            __w.template("plan:<return.plan>");
                            __w.literal("plan:");
                            if false {
                                use ::cache_runtime::__private::single::*;
                                (&&&::cache_runtime::__private::single::Single(
                                    &__value.plan,
                                ))
                                    .__cache_single();
                            }
                            __w.part(&__value.plan);
                        });
                },
                __body,
            )
            .await;
        __output
    }
}
