impl Users {
    #[write_behind(
        queue = "users",
        key = "user:<user.id>",
        ttl = "1h30m",
        enqueue = save(user),
    )]
    async fn save_all(&self, users: Vec<Queued<User>>) -> sqlx::Result<()> {
        self.db.upsert(users).await
    }
}

// becomes

impl Users {
    async fn save_all(&self, users: Vec<Queued<User>>) -> sqlx::Result<()> {
        self.db.upsert(users).await
    }
    /**Accepts one value to be written behind. Readers see it at once; `save_all` writes it later, in a batch.

# Errors

See `WriteBehind::write`.*/
    async fn save(
        &self,
        user: &User,
    ) -> ::core::result::Result<(), ::cache_runtime::Error> {
        let __queue = Self::save_queue(self);
        let __output = ::cache_runtime::__private::enqueue(
                &__queue,
                |__w| {
                    __w.template("user:<user.id>");
                    __w.literal("user:");
                    __w.part(&user.id);
                },
                user,
            )
            .await;
        __output
    }
    ///The queue of accepted values: its length, its dead letters, and what a crash would lose.
    #[allow(dead_code)]
    #[must_use]
    fn save_queue(&self) -> ::cache_runtime::WriteBehind<User> {
        fn __here() {}
        static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
            || ::core::any::type_name_of_val(&__here),
            ::cache_runtime::Policy::ttl(5400),
        );
        let __queue = ::cache_runtime::__private::queue::<
            User,
        >(&__SITE, ::core::option::Option::None, "users");
        let __value = ::cache_runtime::__private::ValueProbe::of_queue(&__queue);
        let __queue = ::cache_runtime::__private::queue_fingerprint(
            __queue,
            {
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{Fingerprint0 as _, Fingerprint1 as _};
                (&__value).__cache_fingerprint()
            },
        );
        let __queue = ::cache_runtime::__private::queue_same(
            __queue,
            {
                #[allow(unused_imports)]
                use ::cache_runtime::__private::{Same0 as _, Same1 as _};
                (&__value).__cache_same()
            },
        );
        __queue
    }
    ///Starts a task that flushes the queue by `save_all`, until the flusher is shut down or dropped. One flusher of all processes works at a time; the others stand by.
    #[allow(dead_code)]
    fn save_flusher(&self) -> ::cache_runtime::Flusher
    where
        Self: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync
            + 'static,
    {
        ::cache_runtime::__private::flusher(
            &Self::save_queue(self),
            {
                let __this = ::core::clone::Clone::clone(self);
                move |__batch: Vec<Queued<User>>| {
                    let __this = ::core::clone::Clone::clone(&__this);
                    async move { Self::save_all(&__this, __batch).await }
                }
            },
        )
    }
}
