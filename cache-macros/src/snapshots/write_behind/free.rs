#[write_behind(
    queue = "users",
    key = "user:<user.id>",
    ttl = 3600,
    enqueue = save_user(user),
    crate = my::cache,
)]
async fn save_users(users: Vec<User>) -> sqlx::Result<()> {
    db::upsert(users).await
}

// becomes

async fn save_users(users: Vec<User>) -> sqlx::Result<()> {
    db::upsert(users).await
}
/**Accepts one value to be written behind. Readers see it at once; `save_users` writes it later, in a batch.

# Errors

See `WriteBehind::write`.*/
async fn save_user(user: &User) -> ::core::result::Result<(), my::cache::Error> {
    let __queue = save_user_queue();
    let __output = my::cache::__private::enqueue(
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
fn save_user_queue() -> my::cache::WriteBehind<User> {
    fn __here() {}
    static __SITE: my::cache::__private::Site = my::cache::__private::Site::new(
        || ::core::any::type_name_of_val(&__here),
        my::cache::Policy::ttl(3600),
    );
    let __queue = my::cache::__private::queue::<
        User,
    >(&__SITE, ::core::option::Option::None, "users");
    let __value = my::cache::__private::ValueProbe::of_queue(&__queue);
    let __queue = my::cache::__private::queue_fingerprint(
        __queue,
        {
            #[allow(unused_imports)]
            use my::cache::__private::{Fingerprint0 as _, Fingerprint1 as _};
            (&__value).__cache_fingerprint()
        },
    );
    let __queue = my::cache::__private::queue_same(
        __queue,
        {
            #[allow(unused_imports)]
            use my::cache::__private::{Same0 as _, Same1 as _};
            (&__value).__cache_same()
        },
    );
    __queue
}
///Starts a task that flushes the queue by `save_users`, until the flusher is shut down or dropped. One flusher of all processes works at a time; the others stand by.
#[allow(dead_code)]
fn save_user_flusher() -> my::cache::Flusher {
    my::cache::__private::flusher(
        &save_user_queue(),
        |__batch: Vec<User>| save_users(__batch),
    )
}
