// Misuse: a type parameter in a template.
// Why: a type is no text.
// Instead: an expression, such as `format!("count:{}", A::NAME)`.

use cache_runtime::cached;

pub trait Table {
    const NAME: &str;
}

#[cached(key = "count:<A>", ttl = 60)]
async fn count<A: Table>() -> u64 {
    A::NAME.len() as u64
}

fn main() {}
