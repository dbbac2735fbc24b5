// Misuse: a load in the background that prints `{self}` in a format string, among other arguments.
// Why: the load has a clone of `self`, which the string cannot capture.
// Instead: `self` after the string.

use cache_runtime::cached;

#[derive(Clone, Debug)]
pub struct Names;

impl Names {
    #[cached(key = "user:<id>", ttl = 60, stale_while_revalidate = 30)]
    pub async fn name(&self, id: u64) -> String {
        format!("{self:?} {}", id)
    }
}

fn main() {}
