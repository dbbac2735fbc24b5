// Misuse: local copies of a value that threads cannot share.
// Why: each hit, on any thread, is handed a clone of the copy.
// Instead: `Arc` in the place of `Rc`.

use std::rc::Rc;

use cache_runtime::cached;

#[derive(Clone)]
struct User {
    name: Rc<str>,
}

impl serde::Serialize for User {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.name.serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for User {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(User { name: name.into() })
    }
}

#[cached(key = "user:<id>", ttl = 60, local)]
async fn find(id: u64) -> User {
    User { name: id.to_string().into() }
}

fn main() {}
