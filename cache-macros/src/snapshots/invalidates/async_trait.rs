impl Users for Repo {
    #[invalidates("user:<id>")]
    fn forget<'life0, 'async_trait>(
        &'life0 self,
        id: u64,
    ) -> ::core::pin::Pin<
        Box<
            dyn ::core::future::Future<Output = ()> + ::core::marker::Send + 'async_trait,
        >,
    >
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let __self = self;
            let id = id;
            let _: () = { __self.db.forget(id).await };
        })
    }
}

// becomes

impl Users for Repo {
    fn forget<'life0, 'async_trait>(
        &'life0 self,
        id: u64,
    ) -> ::core::pin::Pin<
        Box<
            dyn ::core::future::Future<Output = ()> + ::core::marker::Send + 'async_trait,
        >,
    >
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let __call = {
                fn __here() {}
                static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                    || ::core::any::type_name_of_val(&__here),
                    ::cache_runtime::__private::NO_TTL,
                );
                ::cache_runtime::__private::Call::new(&__SITE)
                    .fence(|__w| {
                        __w.template("user:<id>");
                        __w.literal("user:");
                        if false {
                            use ::cache_runtime::__private::single::*;
                            (&&&::cache_runtime::__private::single::Single(&id))
                                .__cache_single();
                        }
                        __w.part(&id);
                    })
            };
            let __body = ::core::pin::pin!(
                async move { if let ::core::option::Option::Some(__ret) =
                ::core::option::Option::None:: < () > { return __ret; } let __self =
                self; let id = id; let _ : () = { __self.db.forget(id). await }; }
            );
            let __ending = {
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{Ending0 as _, Ending1 as _};
                (&::cache_runtime::__private::EndingProbe::of(&*__body)).__cache_ending()
            };
            let __output = __ending.invalidate(__call, __body).await;
            __output
        })
    }
}
