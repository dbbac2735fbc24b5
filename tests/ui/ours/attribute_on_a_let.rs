// Misuse: an attribute on a statement.
// Why: it has no parameters, and no return type.
// Instead: a function, which is called here.

use cache_runtime::cached;

pub async fn names() -> usize {
    #[cached(key = "names", ttl = 60)]
    let names = std::future::ready(5).await;
    names
}

fn main() {}
