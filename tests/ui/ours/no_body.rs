// Misuse: `#[cached]` on a method of a trait that has no body.
// Why: there is nothing to run on a miss.
// Instead: the attribute on the implementation.

use cache_runtime::cached;

#[allow(async_fn_in_trait)]
pub trait Users {
    #[cached(key = "user:<id>", ttl = 60)]
    async fn name(&self, id: u64) -> String;
}

fn main() {}
