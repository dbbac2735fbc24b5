#[invalidates("user:<tenant>:<return.id>", each = return, tags("tenant:<tenant>"))]
async fn insert(tenant: &str, new: Vec<NewUser>) -> sqlx::Result<Vec<User>> {
    db::insert(tenant, new).await
}

// becomes

async fn insert(tenant: &str, new: Vec<NewUser>) -> sqlx::Result<Vec<User>> {
    let __call = {
        fn __here() {}
        static __SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
            || ::core::any::type_name_of_val(&__here),
            ::cache_runtime::__private::NO_TTL,
        );
        ::cache_runtime::__private::Call::new(&__SITE)
            .fence_tag(|__w| {
                __w.template("tenant:<tenant>");
                __w.literal("tenant:");
                if false {
                    use ::cache_runtime::__private::single::*;
                    (&&&::cache_runtime::__private::single::Single(&tenant))
                        .__cache_single();
                }
                __w.part(&tenant);
            })
    };
    if false {
        use ::cache_runtime::__private::single::*;
        (&&&::cache_runtime::__private::single::Single(&tenant)).__cache_single();
    }
    let __part0 = ::cache_runtime::__private::rendered(&tenant);
    let __body = ::core::pin::pin!(
        async move { if let ::core::option::Option::Some(__ret) =
        ::core::option::Option::None:: < sqlx::Result < Vec < User > > > { return __ret;
        } #[allow(unused_variables)] let new = new; db::insert(tenant, new). await }
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
    let __output = __ending
        .write(
            __call,
            __shape,
            |__value, __leave| {
                for __id in __value.iter() {
                    __leave
                        .empty(|__w| {
                            __w.template("user:<tenant>:<return.id>");
                            __w.literal("user:");
                            __w.part(&__part0);
                            __w.literal(":");
                            if false {
                                use ::cache_runtime::__private::single::*;
                                (&&&::cache_runtime::__private::single::Single(&__id.id))
                                    .__cache_single();
                            }
                            __w.part(&__id.id);
                        });
                }
            },
            __body,
        )
        .await;
    __output
}
