// Misuse: no key.
// Why: nobody would know what the value is of.
// Instead: the key under which readers find it.

use cache_runtime::write_through;

#[write_through(ttl = 60)]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
