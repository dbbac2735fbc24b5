// Misuse: an attribute on the call of a macro that makes a function.
// Why: it sees the call, not the function.
// Instead: in the macro, on the function.

use cache_runtime::cached;

macro_rules! name {
    () => {
        async fn name(id: u64) -> String {
            id.to_string()
        }
    };
}

#[cached(key = "name:<id>", ttl = 60)]
name!();

fn main() {}
