#[cached(
    key = "order:<tenant>:<lines.order>:<lines.number>",
    each = lines,
    id = |line:&Line|line.id,
    ttl = 60,
    skip(db),
)]
async fn find(db: &mut Db, tenant: String, mut lines: Vec<LineId>) -> Vec<Line> {
    lines.shrink_to_fit();
    db.find(tenant, lines).await
}

// becomes

async fn find(db: &mut Db, tenant: String, lines: Vec<LineId>) -> Vec<Line> {
    let __call = {
        fn __here() {}
        static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                || ::core::any::type_name_of_val(&__here),
                ::cache_runtime::Policy::ttl(60),
            )
            .template("order:<tenant>:<lines.order>:<lines.number>");
        ::cache_runtime::__private::Call::new(&__SITE)
    };
    let (__load, __list) = ::cache_runtime::__private::list(
        &lines,
        |__ids| {
            #[allow(unused_variables)]
            let tenant = ::core::clone::Clone::clone(&tenant);
            async move {
                if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                    Vec<Line>,
                > {
                    return __ret;
                }
                #[allow(unused_variables)]
                let mut lines: Vec<LineId> = __ids;
                lines.shrink_to_fit();
                db.find(tenant, lines).await
            }
        },
    );
    let (__rows, __value) = __list
        .by_id(|__row, __ids| {
            __ids.of_id(&::cache_runtime::__private::pick(__row, |line: &Line| line.id))
        });
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
            &lines,
            |__id, __w| {
                __w.template("order:<tenant>:<lines.order>:<lines.number>");
                __w.literal("order:");
                __w.part(&tenant);
                __w.literal(":");
                __w.part(&__id.order);
                __w.literal(":");
                __w.part(&__id.number);
            },
            ::cache_runtime::__private::keep,
            __load,
        )
        .await;
    __output
}
