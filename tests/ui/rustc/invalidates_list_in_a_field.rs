// Misuse: a field that is a list, in a key.
// Why: it would be one key for all of its elements, which no reader has.
// Instead: the list as a parameter, with `each`; or `cache.fence(...)` in the body.

use cache_runtime::invalidates;

struct Group {
    members: Box<[u64]>,
}

#[invalidates("user:<group.members>")]
async fn delete(group: &Group) {
    println!("{:?}", group.members);
}

fn main() {}
