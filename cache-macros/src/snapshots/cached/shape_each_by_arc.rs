impl Repo {
    #[cached(key = "user:<self.tenant>:<ids>", each = ids, policy = USERS)]
    async fn find(self: Arc<Self>, ids: &Vec<&str>) -> BTreeMap<String, User> {
        self.db.find(ids).await
    }
}

// becomes

impl Repo {
    async fn find(self: Arc<Self>, ids: &Vec<&str>) -> BTreeMap<String, User> {
        let __call = {
            fn __here() {}
            static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                    || ::core::any::type_name_of_val(&__here),
                    ::cache_runtime::__private::foreground(USERS),
                )
                .template("user:<self.tenant>:<ids>");
            ::cache_runtime::__private::Call::new(&__SITE)
        };
        let (__load, __rows, __value) = ::cache_runtime::__private::batch(
            ids,
            |__ids| {
                let __self = ::core::clone::Clone::clone(&self);
                async move {
                    if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                        BTreeMap<String, User>,
                    > {
                        return __ret;
                    }
                    #[allow(unused_variables)]
                    let ids: &Vec<&str> = &__ids;
                    __self.db.find(ids).await
                }
            },
        );
        let __call = __call
            .fingerprint({
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{Fingerprint0 as _, Fingerprint1 as _};
                (&__value).__cache_fingerprint()
            });
        let __output = __call
            .run_each(
                (
                    __rows,
                    {
                        #[allow(unused_imports)]
                        use ::cache_runtime::__private::{Same0 as _, Same1 as _};
                        (&__value).__cache_same()
                    },
                ),
                ids,
                |__id, __w| {
                    __w.template("user:<self.tenant>:<ids>");
                    __w.literal("user:");
                    __w.part(&self.tenant);
                    __w.literal(":");
                    __w.part(&__id);
                },
                ::cache_runtime::__private::keep,
                __load,
            )
            .await;
        __output
    }
}
