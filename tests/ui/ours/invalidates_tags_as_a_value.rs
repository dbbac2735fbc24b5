// Misuse: `tags` of a writer as a value.
// Why: a writer's keys have no name, so its tags stand in brackets as they do.
// Instead: `tags("tenant:<tenant>")`.

use cache_runtime::invalidates;

#[invalidates("user:<id>", tags = ["tenant:<tenant>"])]
async fn update(tenant: &str, id: u64) {
    let _ = (tenant, id);
}

fn main() {}
