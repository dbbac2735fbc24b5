#[write_through(key = "user:<user.id>", ttl = 60, crate = my::cache)]
async fn update(tenant: String, user: &User) -> sqlx::Result<User> {
    db::update(tenant, user).await
}

// becomes

async fn update(tenant: String, user: &User) -> sqlx::Result<User> {
    let __call = {
        fn __here() {}
        static __SITE: my::cache::__private::Site = my::cache::__private::Site::new(
                || ::core::any::type_name_of_val(&__here),
                my::cache::Policy::ttl(60),
            )
            .template("user:<user.id>");
        my::cache::__private::Call::new(&__SITE)
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
        use my::cache::__private::{
            Shape0 as _, Shape1 as _, Shape2 as _, Shape4 as _, Shape3 as _, Shape5 as _,
        };
        (&&&&&&&my::cache::__private::Probe::of(&*__body)).__cache_shape()
    };
    let __ending = {
        #[allow(unused_imports)]
        use my::cache::__private::{Ending0 as _, Ending1 as _};
        (&my::cache::__private::EndingProbe::of(&*__body)).__cache_ending()
    };
    let __output = __ending
        .write(
            __call,
            __shape,
            |__value, __leave| {
                #[allow(unused_imports)]
                use my::cache::__private::{
                    Fingerprint0 as _, Fingerprint1 as _, Kept0 as _, Kept1 as _,
                    Kept2 as _, Kept3 as _, Kept4 as _, Kept5 as _,
                };
                if let ::core::option::Option::Some(__kept) = (&&&&&&my::cache::__private::Picked(
                    __value,
                ))
                    .__cache_kept()
                {
                    let __kind = my::cache::__private::kind(__kept);
                    let __probe = my::cache::__private::ValueProbe::of(&__kind);
                    __leave.fingerprint((&__probe).__cache_fingerprint());
                    __leave
                        .value(
                            __kept,
                            {
                                #[allow(unused_imports)]
                                use my::cache::__private::{Same0 as _, Same1 as _};
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
