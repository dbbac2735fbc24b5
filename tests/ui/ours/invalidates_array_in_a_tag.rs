// Misuse: an array in a tag of a writer.
// Why: `<tenants>` would be one tag for all of them, which no entry has.
// Instead: `each = tenants`.

use cache_runtime::invalidates;

#[invalidates(tags("tenant:<tenants>"))]
async fn forget(tenants: [i64; 2]) {
    println!("{}", tenants.len());
}

fn main() {}
