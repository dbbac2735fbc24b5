#[invalidates("user:<user.id>", on_unavailable = "error")]
async fn update(user: &User) -> Result<(), Error> {
    db::update(user).await
}

// becomes

async fn update(user: &User) -> Result<(), Error> {
    let __call = {
        fn __here() {}
        static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
            || ::core::any::type_name_of_val(&__here),
            ::cache_runtime::__private::NO_TTL,
        );
        ::cache_runtime::__private::Call::new(&__SITE)
            .fence(|__w| {
                __w.template("user:<user.id>");
                __w.literal("user:");
                if false {
                    use ::cache_runtime::__private::single::*;
                    (&&&::cache_runtime::__private::single::Single(&user.id))
                        .__cache_single();
                }
                __w.part(&user.id);
            })
    };
    let __body = ::core::pin::pin!(
        async move { if let ::core::option::Option::Some(__ret) =
        ::core::option::Option::None:: < Result < (), Error > > { return __ret; }
        db::update(user). await }
    );
    let __ending = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::{Ending0 as _, Ending1 as _};
        (&::cache_runtime::__private::EndingProbe::of(&*__body)).__cache_ending()
    };
    let __shape = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::{
            Shape0 as _, Shape1 as _, Shape2 as _, Shape4 as _, Shape3 as _, Shape5 as _,
        };
        (&&&&&&&::cache_runtime::__private::Probe::of(&*__body)).__cache_shape()
    };
    let __refuse = ::cache_runtime::__private::refusal(&__shape);
    let __output = __ending
        .write_or(
            __call,
            __refuse,
            __shape,
            ::cache_runtime::__private::leave_nothing,
            __body,
        )
        .await;
    __output
}
