#[invalidates("user:<users.id>", each = users)]
async fn update(users: Option<Vec<User>>) -> sqlx::Result<()> {
    db::update(users).await
}

// becomes

async fn update(users: Option<Vec<User>>) -> sqlx::Result<()> {
    let __call = {
        fn __here() {}
        static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
            || ::core::any::type_name_of_val(&__here),
            ::cache_runtime::__private::NO_TTL,
        );
        ::cache_runtime::__private::Call::new(&__SITE)
    };
    let __call = {
        let mut __call = __call;
        for __id in users.iter().flat_map(|__list| __list.iter()) {
            __call = __call
                .fence(|__w| {
                    __w.template("user:<users.id>");
                    __w.literal("user:");
                    if false {
                        use ::cache_runtime::__private::single::*;
                        (&&&::cache_runtime::__private::single::Single(&__id.id))
                            .__cache_single();
                    }
                    __w.part(&__id.id);
                });
        }
        __call
    };
    let __body = ::core::pin::pin!(
        async move { if let ::core::option::Option::Some(__ret) =
        ::core::option::Option::None:: < sqlx::Result < () > > { return __ret; }
        #[allow(unused_variables)] let users = users; db::update(users). await }
    );
    let __ending = {
        #[allow(unused_imports)]
        use ::cache_runtime::__private::{Ending0 as _, Ending1 as _};
        (&::cache_runtime::__private::EndingProbe::of(&*__body)).__cache_ending()
    };
    let __output = __ending.invalidate(__call, __body).await;
    __output
}
