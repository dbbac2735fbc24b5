impl Repo {
    #[invalidates(
        "user:<user.id>",
        UserByName{name:&user.name},
        cache = self.cache,
        name = "users.update",
    )]
    async fn update(&self, user: User) -> sqlx::Result<()> {
        self.db.update(user).await
    }
}

// becomes

impl Repo {
    async fn update(&self, user: User) -> sqlx::Result<()> {
        let __call = {
            fn __here() {}
            static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                || ::core::any::type_name_of_val(&__here),
                ::cache_runtime::__private::NO_TTL.name("users.update"),
            );
            ::cache_runtime::__private::Call::on(&__SITE, &self.cache)
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
                .fence(|__w| {
                    __w.key(&UserByName { name: &user.name });
                })
        };
        let __body = ::core::pin::pin!(
            async move { if let ::core::option::Option::Some(__ret) =
            ::core::option::Option::None:: < sqlx::Result < () > > { return __ret; }
            #[allow(unused_variables)] let user = user; self.db.update(user). await }
        );
        let __ending = {
            #[allow(unused_imports)]
            use ::cache_runtime::__private::{Ending0 as _, Ending1 as _};
            (&::cache_runtime::__private::EndingProbe::of(&*__body)).__cache_ending()
        };
        let __output = __ending.invalidate(__call, __body).await;
        __output
    }
}
