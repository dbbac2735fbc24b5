impl Repo {
    #[cached(
        key = "user:<self.tenant>:<id>:<name>",
        ttl = 60,
        stale_while_revalidate = 30,
        skip(tags)
    )]
    async fn find(
        &self,
        id: u64,
        name: &str,
        mut tags: Vec<String>,
    ) -> sqlx::Result<User> {
        tags.push(self.tag(id));
        self.db.find(id, name, tags).await
    }
}

// becomes

impl Repo {
    async fn find(&self, id: u64, name: &str, tags: Vec<String>) -> sqlx::Result<User> {
        let __call = {
            fn __here() {}
            static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                    || ::core::any::type_name_of_val(&__here),
                    ::cache_runtime::Policy::ttl(60).stale_while_revalidate(30),
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
        let __load = || {
            #[allow(unused_imports)]
            use ::cache_runtime::__private::{Detach0 as _, Detach1 as _, Detach2 as _};
            let __self = (&&&::cache_runtime::__private::Borrowed(self))
                .__cache_detach();
            let id = (&&&::cache_runtime::__private::Argument(&id)).__cache_detach();
            let name = (&&&::cache_runtime::__private::Borrowed(name)).__cache_detach();
            let tags = (&&&::cache_runtime::__private::Argument(&tags)).__cache_detach();
            async move {
                if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                    sqlx::Result<User>,
                > {
                    return __ret;
                }
                #[allow(unused_variables)]
                let id = id;
                let mut tags = tags;
                let __self: &Self = &__self;
                #[allow(unused_variables)]
                let name: &str = &name;
                tags.push(__self.tag(id));
                __self.db.find(id, name, tags).await
            }
        };
        let __shape = {
            #[allow(unused_imports)]
            use ::cache_runtime::__private::{
                Shape0 as _, Shape1 as _, Shape2 as _, Shape4 as _, Shape3 as _,
                Shape5 as _, ShapeOfNothing as _,
            };
            (&&&&&&&::cache_runtime::__private::Probe::of_load(&__load)).__cache_shape()
        };
        let __value = ::cache_runtime::__private::ValueProbe::of(&__shape);
        let __call = __call
            .fingerprint({
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{Fingerprint0 as _, Fingerprint1 as _};
                (&__value).__cache_fingerprint()
            });
        let __output = __call
            .run_owned(__shape, ::cache_runtime::__private::keep, __load)
            .same({
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{Same0 as _, Same1 as _};
                (&__value).__cache_same()
            })
            .await;
        __output
    }
}
