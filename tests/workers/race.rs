//! One of two processes that race: `race-worker <redis url>`, told what to do on standard input.

use std::{env, error::Error, time::Duration};

use cache_runtime::Cache;
use cache_tests::{by_hand::Shelf, race};
use tokio::io::{stdin, stdout};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).ok_or("the URL of a Redis is missing")?;
    // Only what is said decides the order here, however slow the machine.
    let cache = Cache::builder().url(&url).deadline(Duration::from_secs(10)).build().await?;
    race::serve(cache, Shelf::redis(&url).await?, stdin(), stdout()).await?;
    Ok(())
}
