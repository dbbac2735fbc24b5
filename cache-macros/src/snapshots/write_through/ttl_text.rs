#[write_through(key = "user:<user.id>", ttl = "1h 500ms")]
async fn update(tenant: String, user: &User) -> sqlx::Result<User> {
    db::update(tenant, user).await
}

// becomes

async fn update(tenant: String, user: &User) -> sqlx::Result<User> {
    let __call = {
        fn __here() {}
        static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                || ::core::any::type_name_of_val(&__here),
                ::cache_runtime::Policy::ttl_duration(
                    ::core::time::Duration::from_millis(3600500),
                ),
            )
            .template("user:<user.id>");
        ::cache_runtime::__private::Call::new(&__SITE)
            .through(|__w| {
                __w.template("user:<user.id>");
                __w.literal("user:");
                __w.part(&user.id);
            })
    };
    let __body = ::core::pin::pin!(
        async move { if let ::core::option::Option::Some(__ret) =
        ::core::option::Option::None:: < sqlx::Result < User > > { return __ret; }
        #[allow(unused_variables)] let tenant = tenant; db::update(tenant, user). await }
    );
    let __shape = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::{
            Shape0 as _, Shape1 as _, Shape2 as _, Shape4 as _, Shape3 as _, Shape5 as _,
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
                    let __probe = ::cache_runtime::__private::ValueProbe::of(&__kind);
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
            },
            __body,
        )
        .await;
    __output
}
