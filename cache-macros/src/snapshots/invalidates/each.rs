impl Repo {
    #[invalidates(
        "user:<ids>",
        "users:<self.tenant>",
        each = ids,
        tags("user-team:<ids>", "tenant:<self.tenant>"),
    )]
    async fn forget(&self, ids: &[u64]) -> sqlx::Result<()> {
        self.db.forget(ids).await
    }
}

// becomes

impl Repo {
    async fn forget(&self, ids: &[u64]) -> sqlx::Result<()> {
        let __call = {
            fn __here() {}
            static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                || ::core::any::type_name_of_val(&__here),
                ::cache_runtime::__private::NO_TTL,
            );
            ::cache_runtime::__private::Call::new(&__SITE)
                .fence(|__w| {
                    __w.template("users:<self.tenant>");
                    __w.literal("users:");
                    if false {
                        use ::cache_runtime::__private::single::*;
                        (&&&::cache_runtime::__private::single::Single(&self.tenant))
                            .__cache_single();
                    }
                    __w.part(&self.tenant);
                })
                .fence_tag(|__w| {
                    __w.template("tenant:<self.tenant>");
                    __w.literal("tenant:");
                    if false {
                        use ::cache_runtime::__private::single::*;
                        (&&&::cache_runtime::__private::single::Single(&self.tenant))
                            .__cache_single();
                    }
                    __w.part(&self.tenant);
                })
        };
        let __call = {
            let mut __call = __call;
            for __id in ids.iter() {
                __call = __call
                    .fence(|__w| {
                        __w.template("user:<ids>");
                        __w.literal("user:");
                        __w.part(&__id);
                    })
                    .fence_tag(|__w| {
                        __w.template("user-team:<ids>");
                        __w.literal("user-team:");
                        __w.part(&__id);
                    });
            }
            __call
        };
        let __body = ::core::pin::pin!(
            async move { if let ::core::option::Option::Some(__ret) =
            ::core::option::Option::None:: < sqlx::Result < () > > { return __ret; } self
            .db.forget(ids). await }
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
