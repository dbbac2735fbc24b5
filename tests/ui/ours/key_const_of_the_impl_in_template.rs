// Misuse: a const parameter of the `impl` in a template.
// Why: a template names parameters of the function.
// Instead: an expression, such as `format!("page:{}:{}", N, id)`.

use cache_runtime::cached;

pub struct Pages<const N: u32>;

impl<const N: u32> Pages<N> {
    #[cached(key = "page:<N>:<id>", ttl = 60)]
    pub async fn page(&self, id: u64) -> String {
        format!("{N}{id}")
    }
}

fn main() {}
