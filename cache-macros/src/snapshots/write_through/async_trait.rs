impl Users for Repo {
    #[write_through(key = "user:<id>:<return.version>", ttl = 60)]
    fn update<'life0, 'async_trait>(
        &'life0 self,
        __arg1: Path<u64>,
    ) -> ::core::pin::Pin<
        Box<
            dyn ::core::future::Future<
                Output = User,
            > + ::core::marker::Send + 'async_trait,
        >,
    >
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let __self = self;
            let Path(id) = {
                let __arg1 = __arg1;
                __arg1
            };
            let __ret: User = { __self.db.update(id).await };
            __ret
        })
    }
}

// becomes

impl Users for Repo {
    fn update<'life0, 'async_trait>(
        &'life0 self,
        __arg1: Path<u64>,
    ) -> ::core::pin::Pin<
        Box<
            dyn ::core::future::Future<
                Output = User,
            > + ::core::marker::Send + 'async_trait,
        >,
    >
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let Path(id) = {
                let __arg1 = __arg1;
                __arg1
            };
            let __call = {
                fn __here() {}
                static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                        || ::core::any::type_name_of_val(&__here),
                        ::cache_runtime::Policy::ttl(60),
                    )
                    .template("user:<id>:<return.version>");
                ::cache_runtime::__private::Call::new(&__SITE)
            };
            if false {
                use ::cache_runtime::__private::single::*;
                (&&&::cache_runtime::__private::single::Single(&id)).__cache_single();
            }
            let __part0 = ::cache_runtime::__private::rendered(&id);
            let __body = ::core::pin::pin!(
                async move { if let ::core::option::Option::Some(__ret) =
                ::core::option::Option::None:: < User > { return __ret; } let __self =
                self; let __ret : User = { __self.db.update(id). await }; __ret }
            );
            let __shape = {
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{
                    Shape0 as _, Shape1 as _, Shape2 as _, Shape4 as _, Shape3 as _,
                    Shape5 as _,
                };
                (&&&&&&&::cache_runtime::__private::Probe::of(&*__body)).__cache_shape()
            };
            let __ending = {
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{Ending0 as _, Ending1 as _};
                (&::cache_runtime::__private::EndingProbe::of(&*__body)).__cache_ending()
            };
            let __output = __ending
                .write(
                    __call,
                    __shape,
                    |__value, __leave| {
                        #[allow(unused_imports)]
                        use ::cache_runtime::__private::{
                            Fingerprint0 as _, Fingerprint1 as _, Kept0 as _, Kept1 as _,
                            Kept2 as _, Kept3 as _, Kept4 as _, Kept5 as _,
                        };
                        if let ::core::option::Option::Some(__kept) = (&&&&&&::cache_runtime::__private::Picked(
                            __value,
                        ))
                            .__cache_kept()
                        {
                            let __kind = ::cache_runtime::__private::kind(__kept);
                            let __probe = ::cache_runtime::__private::ValueProbe::of(
                                &__kind,
                            );
                            __leave.fingerprint((&__probe).__cache_fingerprint());
                            __leave
                                .value(
                                    __kept,
                                    {
                                        #[allow(unused_imports)]
                                        use ::cache_runtime::__private::{Same0 as _, Same1 as _};
                                        (&__probe).__cache_same()
                                    },
                                );
                        }
                        __leave
                            .empty(|__w| {
                                __w.template("user:<id>:<return.version>");
                                __w.literal("user:");
                                __w.part(&__part0);
                                __w.literal(":");
                                if false {
                                    use ::cache_runtime::__private::single::*;
                                    (&&&::cache_runtime::__private::single::Single(
                                        &__value.version,
                                    ))
                                        .__cache_single();
                                }
                                __w.part(&__value.version);
                            });
                    },
                    __body,
                )
                .await;
            __output
        })
    }
}
