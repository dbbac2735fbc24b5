// Misuse: a cached function that returns `()`.
// Why: it is called for what it does, which a hit would not do.
// Instead: no cache.

use cache_runtime::cached;

#[cached(key = "mail:<id>", ttl = 60)]
async fn send_mail(id: u64) -> () {
    println!("{id}");
}

fn main() {}
