// Misuse: a parameter of any type that becomes a `String`, in a key.
// Why: its text is known only when it is converted.
// Instead: `&str`, or `impl Into<String> + KeyPart`.

use cache_runtime::cached;

#[cached(key = "user:<name>", ttl = 60)]
async fn user(name: impl Into<String> + Send) -> String {
    name.into()
}

fn main() {}
