// Misuse: a field of an `Option` in a tag.
// Why: a `None` has no field.
// Instead: the whole `Option`, if it can be in a key.

use cache_runtime::cached;

pub struct Team {
    pub id: u64,
}

#[cached(key = "user:<id>", ttl = 60, tags = ["team:<team.id>"], skip(team))]
async fn name(id: u64, team: Option<Team>) -> String {
    format!("{id} of {}", team.map_or(0, |team| team.id))
}

fn main() {}
