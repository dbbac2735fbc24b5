// Misuse: a name that begins with a capital, is bound by a pattern, and is not in the key.
// Why: two calls that differ only in it would share an entry.
// Instead: `<ID>` in the key, or `skip(ID)`.

use cache_runtime::cached;

pub struct Path<T>(pub T);

#[cached(key = "page:<tenant>", ttl = 60)]
#[allow(non_snake_case)]
async fn page(tenant: &str, Path(ID): Path<u64>) -> String {
    format!("{tenant}/{ID}")
}

fn main() {}
