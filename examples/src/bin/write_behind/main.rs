//! Scores that change all the time: readable at once, and in the database in batches.
//!
//! `cargo run --bin write_behind` needs no server: the queue is in this process's memory.
//! `CACHE_URL=redis://127.0.0.1/ cargo run --bin write_behind` keeps it in Redis, where it outlives the process.
//! The repository is in `players.rs`.

mod players;

use std::{
    collections::BTreeMap,
    error::Error,
    time::{Duration, Instant},
};

use cache_runtime::Builder;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sqlx::{
    ConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions},
};
use tokio::task::JoinSet;

use crate::players::{Player, Players};

const TASKS: u64 = 32;
const PLAYERS_OF_A_TASK: u64 = 30;
const GAMES_OF_A_TASK: u64 = 625;

/// The last score of each player.
type Scores = BTreeMap<u64, u64>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::Builder::new().prefix("write-behind-").tempdir()?;
    let file = folder.path().join("players.db");
    let db = create(SqliteConnectOptions::new().filename(file)).await?;
    // A namespace of this run's own, as its database is.
    let namespace = format!("write-behind-{}", std::process::id());
    let cache = Builder::from_env()?.namespace(&namespace).build().await?;
    let players = Players::new(db.clone(), cache.clone());
    println!(
        "Queued writes, should the store crash: {}.\n",
        players.save_queue().durability().await?
    );

    seen_at_once(&players).await?;
    let flusher = players.save_flusher();
    let began = Instant::now();
    let scores = play(&players).await?;
    let accepted = began.elapsed();
    // What an application does before it ends.
    flusher.shutdown().await;
    let flushed = began.elapsed();

    let games = TASKS * GAMES_OF_A_TASK;
    println!("2. {games} scores of {} players", scores.len());
    println!("   accepted in {accepted:.1?}, all in the database after {flushed:.1?}");
    println!("   {} SQL statements, where each by itself would be {games}\n", players.statements());
    print!("{}", cache.stats());
    for (id, score) in scores {
        let expected = Some(Player { id, score });
        if players.in_database(id).await? != expected {
            return Err(format!("the database does not have {expected:?}").into());
        }
    }
    db.close().await;
    Ok(())
}

async fn create(options: SqliteConnectOptions) -> sqlx::Result<SqlitePool> {
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(Duration::from_secs(30))
        .disable_statement_logging();
    let db = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
    sqlx::query(
        "CREATE TABLE players (
            id    INTEGER PRIMARY KEY,
            score INTEGER NOT NULL,
            -- The place in the queue of the write that the row comes from.
            seq   INTEGER NOT NULL
        )",
    )
    .execute(&db)
    .await?;
    Ok(db)
}

/// While nobody flushes, what was saved is in the cache alone, and every reader has it.
async fn seen_at_once(players: &Players) -> Result<(), Box<dyn Error>> {
    let ann = Player { id: 0, score: 1 };
    players.save(&ann).await?;
    let (found, row) = (players.find(0).await?, players.in_database(0).await?);
    println!("1. Saved {ann:?}: readers find {found:?}, the database has {row:?}\n");
    if found != Some(ann) || row.is_some() {
        return Err("it was to be seen at once, and written later".into());
    }
    Ok(())
}

/// Plays all games, as many at once as there are tasks.
async fn play(players: &Players) -> Result<Scores, Box<dyn Error>> {
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        tasks.spawn(games(players.clone(), task));
    }
    let mut scores = Scores::new();
    while let Some(played) = tasks.join_next().await {
        scores.extend(played??);
    }
    Ok(scores)
}

/// The games of one task's players.
async fn games(players: Players, task: u64) -> Result<Scores, cache_runtime::Error> {
    let mut random = StdRng::seed_from_u64(task);
    let mut scores = Scores::new();
    for _ in 0..GAMES_OF_A_TASK {
        let id = task * PLAYERS_OF_A_TASK + random.random_range(0..PLAYERS_OF_A_TASK);
        let score = scores.entry(id).or_insert(0);
        *score += random.random_range(1..100);
        players.save(&Player { id, score: *score }).await?;
    }
    Ok(scores)
}
