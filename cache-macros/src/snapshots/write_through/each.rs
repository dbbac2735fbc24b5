#[write_through(
    key = "team:<team.id>",
    ttl = 60,
    invalidates("user:<team.users>", "user-team:<ids>"),
    each = ids
)]
async fn join(team: &Team, ids: Vec<u64>) -> sqlx::Result<Team> {
    db::join(team, ids).await
}

// becomes

async fn join(team: &Team, ids: Vec<u64>) -> sqlx::Result<Team> {
    let __call = {
        fn __here() {}
        static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                || ::core::any::type_name_of_val(&__here),
                ::cache_runtime::Policy::ttl(60),
            )
            .template("team:<team.id>");
        ::cache_runtime::__private::Call::new(&__SITE)
            .through(|__w| {
                __w.template("team:<team.id>");
                __w.literal("team:");
                __w.part(&team.id);
            })
            .fence(|__w| {
                __w.template("user:<team.users>");
                __w.literal("user:");
                if false {
                    use ::cache_runtime::__private::single::*;
                    (&&&::cache_runtime::__private::single::Single(&team.users))
                        .__cache_single();
                }
                __w.part(&team.users);
            })
    };
    let __call = {
        let mut __call = __call;
        for __id in ids.iter() {
            __call = __call
                .fence(|__w| {
                    __w.template("user-team:<ids>");
                    __w.literal("user-team:");
                    __w.part(&__id);
                });
        }
        __call
    };
    let __body = ::core::pin::pin!(
        async move { if let ::core::option::Option::Some(__ret) =
        ::core::option::Option::None:: < sqlx::Result < Team > > { return __ret; }
        #[allow(unused_variables)] let ids = ids; db::join(team, ids). await }
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
