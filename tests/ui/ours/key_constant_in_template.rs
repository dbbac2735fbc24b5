// Misuse: constants in a template.
// Why: a template names parameters.
// Instead: an expression.

use cache_runtime::cached;

const TABLE: &str = "users";

#[cached(key = "<TABLE>:<id>", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

pub struct Names;

impl Names {
    const TABLE: &str = TABLE;

    #[cached(key = "<Self::TABLE>:<id>", ttl = 60)]
    pub async fn name(&self, id: u64) -> String {
        format!("{}{id}", Self::TABLE)
    }
}

fn main() {}
