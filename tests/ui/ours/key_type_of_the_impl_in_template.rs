// Misuse: a type parameter of the `impl` in a template.
// Why: a template names parameters of the function.
// Instead: an expression.

use cache_runtime::cached;

pub struct Names<T>(pub T);

pub trait Named {
    const NAME: &str;
}

impl<T: Named> Names<T> {
    #[cached(key = "<T>:<id>", ttl = 60)]
    pub async fn name(&self, id: u64) -> String {
        format!("{}{id}", T::NAME)
    }
}

fn main() {}
