// Misuse: tags that the value names, on a writer.
// Why: it cannot know whether one of them was invalidated while it wrote.
// Instead: `#[invalidates]`, and the closure on the reader.

use cache_runtime::write_through;

#[write_through(key = "article:<id>", ttl = 60, value = id, tags = |author: &u64| [format!("author:{author}")])]
async fn write(id: u64) {
    drop(id);
}

#[write_through(key = "page:<id>", ttl = 60, value = id, tags = ["pages", |author: &u64| [format!("author:{author}")]])]
async fn write_page(id: u64) {
    drop(id);
}

fn main() {}
