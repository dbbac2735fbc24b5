#[cached(key = "user:<id>", ttl = 60, negative_ttl = 5, negative = Error::NotFound{id})]
async fn find(id: u64) -> Result<User, Error> {
    db::find(id).await
}

// becomes

async fn find(id: u64) -> Result<User, Error> {
    let __returned = ::cache_runtime::__private::returned::<Result<User, Error>>();
    let __fails = ::cache_runtime::__private::fails(__returned);
    let __output = {
        let __call = {
            fn __here() {}
            static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                    || ::core::any::type_name_of_val(&__here),
                    ::cache_runtime::Policy::ttl(60).negative_ttl(5),
                )
                .template("user:<id>");
            ::cache_runtime::__private::Call::new(&__SITE)
                .key(|__w| {
                    __w.template("user:<id>");
                    __w.literal("user:");
                    __w.part(&id);
                })
        };
        let __body = ::core::pin::pin!(
            async move { if let ::core::option::Option::Some(__ret) =
            ::core::option::Option::None:: < Result < User, Error > > { return __ret; }
            db::find(id). await }
        );
        let __body = __fails
            .absent(
                __body,
                |__error| match __error {
                    #[allow(unused_variables)]
                    Error::NotFound { id } => true,
                    #[allow(unreachable_patterns)]
                    _ => false,
                },
            );
        let __shape = {
            #[allow(unused_imports)]
            use ::cache_runtime::__private::{
                Shape0 as _, Shape1 as _, Shape2 as _, Shape4 as _, Shape3 as _,
                Shape5 as _, ShapeOfNothing as _,
            };
            (&&&&&&&::cache_runtime::__private::Probe::of(&__body)).__cache_shape()
        };
        ::cache_runtime::__private::require_option(&__shape);
        let __value = ::cache_runtime::__private::ValueProbe::of(&__shape);
        let __call = __call
            .fingerprint({
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{Fingerprint0 as _, Fingerprint1 as _};
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
    };
    __fails
        .returned(
            match __output {
                ::core::result::Result::Ok(::core::option::Option::Some(__found)) => {
                    ::core::result::Result::Ok(__found)
                }
                ::core::result::Result::Ok(::core::option::Option::None) => {
                    ::core::result::Result::Err(Error::NotFound { id })
                }
                ::core::result::Result::Err(__error) => {
                    ::core::result::Result::Err(__error)
                }
            },
        )
}
