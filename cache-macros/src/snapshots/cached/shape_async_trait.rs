impl Users for Repo {
    #[cached(key = "user:<self.tenant>:<id>:<name>", ttl = 60)]
    fn find<'life0, 'life1, 'async_trait>(
        &'life0 self,
        __arg1: Path<u64>,
        name: &'life1 str,
    ) -> ::core::pin::Pin<
        Box<
            dyn ::core::future::Future<
                Output = sqlx::Result<User>,
            > + ::core::marker::Send + 'async_trait,
        >,
    >
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                sqlx::Result<User>,
            > {
                #[allow(unreachable_code)] return __ret;
            }
            let __self = self;
            let Path(id) = {
                let __arg1 = __arg1;
                __arg1
            };
            let __ret: sqlx::Result<User> = { __self.db.find(id, name).await };
            #[allow(unreachable_code)] __ret
        })
    }
}

// becomes

impl Users for Repo {
    fn find<'life0, 'life1, 'async_trait>(
        &'life0 self,
        __arg1: Path<u64>,
        name: &'life1 str,
    ) -> ::core::pin::Pin<
        Box<
            dyn ::core::future::Future<
                Output = sqlx::Result<User>,
            > + ::core::marker::Send + 'async_trait,
        >,
    >
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
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
                    .template("user:<self.tenant>:<id>:<name>");
                ::cache_runtime::__private::Call::new(&__SITE)
                    .key(|__w| {
                        __w.template("user:<self.tenant>:<id>:<name>");
                        __w.literal("user:");
                        __w.part(&self.tenant);
                        __w.literal(":");
                        __w.part(&id);
                        __w.literal(":");
                        __w.part(&name);
                    })
            };
            let __body = ::core::pin::pin!(
                async move { if let ::core::option::Option::Some(__ret) =
                ::core::option::Option::None:: < sqlx::Result < User > > { return __ret;
                } if let ::core::option::Option::Some(__ret) =
                ::core::option::Option::None:: < sqlx::Result < User > > {
                #[allow(unreachable_code)] return __ret; } let __self = self; let __ret :
                sqlx::Result < User > = { __self.db.find(id, name). await };
                #[allow(unreachable_code)] __ret }
            );
            let __shape = {
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{
                    Shape0 as _, Shape1 as _, Shape2 as _, Shape4 as _, Shape3 as _,
                    Shape5 as _, ShapeOfNothing as _,
                };
                (&&&&&&&::cache_runtime::__private::Probe::of(&*__body)).__cache_shape()
            };
            let __value = ::cache_runtime::__private::ValueProbe::of(&__shape);
            let __call = __call
                .fingerprint({
                    #[allow(unused_imports)]
                    use ::cache_runtime::__private::{
                        Fingerprint0 as _, Fingerprint1 as _,
                    };
                    (&__value).__cache_fingerprint()
                });
            let __output = __call
                .run(__shape, ::cache_runtime::__private::keep, __body)
                .same({
                    #[allow(unused_imports)]
                    use ::cache_runtime::__private::{Same0 as _, Same1 as _};
                    (&__value).__cache_same()
                })
                .await;
            __output
        })
    }
}
