//! Repositories as other projects write them, over SQLite and each store: behind `Arc<dyn ..>`, generic over an executor, with ids
//! that keep their field to themselves, with errors for absence, and pages that carry tags of their rows.

use cache_tests::{patience::eventually, stores::on_each_store};
use sqlx::{Executor, Row as _, Sqlite, SqlitePool, sqlite::SqlitePoolOptions};

use super::*;

/// An id of a crate's own, whose number nobody else sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ArticleId(i64);

impl ArticleId {
    fn get(self) -> i64 {
        self.0
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Article {
    id: ArticleId,
    author: i64,
    title: String,
}

impl Article {
    fn new(id: i64, author: i64, title: &str) -> Article {
        Article { id: ArticleId(id), author, title: title.into() }
    }

    fn id(&self) -> ArticleId {
        self.id
    }
}

/// Of an author's articles, wherever they are listed.
#[derive(CacheKey)]
#[cache_key("author:<author>")]
struct AuthorTag {
    author: i64,
}

/// What every function of the repository can fail with. It cannot be stored.
#[derive(Debug)]
enum Error {
    NotFound,
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        match error {
            sqlx::Error::RowNotFound => Error::NotFound,
            other => Error::Database(other),
        }
    }
}

/// What the handlers know of it.
#[async_trait::async_trait]
trait Articles: Send + Sync {
    async fn find(&self, id: ArticleId) -> Result<Article, Error>;
    async fn page(&self, page: u32) -> Result<Vec<Article>, Error>;
    async fn rename(&self, article: &Article) -> Result<(), Error>;
}

struct SqlArticles {
    cache: Cache,
    pool: SqlitePool,
    loads: Loads,
}

#[async_trait::async_trait]
impl Articles for SqlArticles {
    #[cached(
        key = "article:<id.get()>",
        ttl = 60,
        negative_ttl = 60,
        negative = Error::NotFound,
        cache = self.cache
    )]
    async fn find(&self, id: ArticleId) -> Result<Article, Error> {
        self.loads.add_one();
        select(&self.pool, id).await
    }

    #[cached(
        key = "articles:<page>",
        ttl = 60,
        tags = |rows: &Vec<Article>| rows.iter().map(|row| AuthorTag { author: row.author }).collect::<Vec<_>>(),
        cache = self.cache
    )]
    async fn page(&self, page: u32) -> Result<Vec<Article>, Error> {
        self.loads.add_one();
        let select = "SELECT id, author, title FROM articles ORDER BY id LIMIT 2 OFFSET $1";
        let rows = sqlx::query(select).bind(page * 2).fetch_all(&self.pool).await?;
        rows.iter().map(read).collect()
    }

    #[invalidates("article:<article.id().get()>", tags(AuthorTag { author: article.author }), cache = self.cache)]
    async fn rename(&self, article: &Article) -> Result<(), Error> {
        let update = sqlx::query("UPDATE articles SET title = $2 WHERE id = $1");
        update.bind(article.id.0).bind(&article.title).execute(&self.pool).await?;
        Ok(())
    }
}

/// The statement itself, on whatever can execute it.
async fn select(
    executor: impl Executor<'_, Database = Sqlite>,
    id: ArticleId,
) -> Result<Article, Error> {
    let select = sqlx::query("SELECT id, author, title FROM articles WHERE id = $1").bind(id.0);
    read(&select.fetch_one(executor).await?)
}

fn read(row: &sqlx::sqlite::SqliteRow) -> Result<Article, Error> {
    let title: String = row.try_get("title")?;
    Ok(Article::new(row.try_get("id")?, row.try_get("author")?, &title))
}

/// A repository that is made for each request, over a pool or over a transaction.
struct PerRequest<'r, E> {
    cache: &'r Cache,
    loads: &'r Loads,
    executor: E,
}

impl<'r, 'e, E: Executor<'e, Database = Sqlite> + Copy + Sync> PerRequest<'r, E> {
    #[cached(
        key = "article:<id.get()>",
        ttl = 60,
        negative_ttl = 60,
        negative = Error::NotFound,
        cache = self.cache,
        transaction
    )]
    async fn find(&self, id: ArticleId) -> Result<Article, Error> {
        self.loads.add_one();
        select(self.executor, id).await
    }
}

async fn database() -> SqlitePool {
    // One connection, since each has a database of its own in memory.
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await;
    let pool = pool.expect("SQLite is compiled in");
    let schema = "CREATE TABLE articles (id INTEGER PRIMARY KEY, author INTEGER NOT NULL, title TEXT NOT NULL);
        INSERT INTO articles VALUES (1, 7, 'one'), (2, 7, 'two'), (3, 7, 'three'), (4, 8, 'four');";
    sqlx::raw_sql(schema).execute(&pool).await.expect("the schema is right");
    pool
}

async fn repository(cache: Cache) -> SqlArticles {
    SqlArticles { cache, pool: database().await, loads: Loads::default() }
}

#[tokio::test]
async fn a_repository_behind_a_trait_object_caches_by_a_private_id() {
    on_each_store(async |cache| {
        let repository = Arc::new(repository(cache).await);
        let articles: Arc<dyn Articles> = Arc::clone(&repository) as _;
        for _ in 0..2 {
            assert_eq!(articles.find(ArticleId(1)).await.unwrap(), Article::new(1, 7, "one"));
        }
        assert_eq!(repository.loads.take(), 1);
        articles.rename(&Article::new(1, 7, "uno")).await.unwrap();
        assert_eq!(articles.find(ArticleId(1)).await.unwrap().title, "uno");
        assert_eq!(repository.loads.take(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_absence_that_is_an_error_is_remembered_until_the_row_is_written() {
    on_each_store(async |cache| {
        let articles = repository(cache).await;
        for _ in 0..2 {
            assert!(matches!(articles.find(ArticleId(9)).await, Err(Error::NotFound)));
        }
        assert_eq!(articles.loads.take(), 1, "the absence is remembered");
        let insert = sqlx::query("INSERT INTO articles VALUES (9, 8, 'nine')");
        insert.execute(&articles.pool).await.unwrap();
        articles.rename(&Article::new(9, 8, "neuf")).await.unwrap();
        assert_eq!(articles.find(ArticleId(9)).await.unwrap().title, "neuf");
        // Any other error is nobody's answer but this caller's.
        articles.pool.close().await;
        for _ in 0..2 {
            let failed = articles.find(ArticleId(2)).await;
            assert!(matches!(failed, Err(Error::Database(sqlx::Error::PoolClosed))), "{failed:?}");
        }
        assert_eq!(articles.loads.take(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_page_ends_with_a_write_to_any_row_of_its_authors() {
    on_each_store(async |cache| {
        let articles = repository(cache).await;
        let pages = async || {
            let [first, second] =
                [articles.page(0).await.unwrap(), articles.page(1).await.unwrap()];
            [first, second].map(|page| page.into_iter().map(|row| row.title).collect::<Vec<_>>())
        };
        // Authors 7 and 7, and 7 and 8. A page is not kept while the version of one of their tags may be younger than its load.
        eventually("both pages are kept", async || {
            articles.loads.take();
            pages().await;
            articles.loads.take() == 0
        })
        .await;
        assert_eq!(pages().await, [vec!["one", "two"], vec!["three", "four"]]);
        assert_eq!(articles.loads.take(), 0);
        articles.rename(&Article::new(4, 8, "vier")).await.unwrap();
        assert_eq!(pages().await, [vec!["one", "two"], vec!["three", "vier"]]);
        assert_eq!(articles.loads.take(), 1, "the page without an article of this author stays");
        articles.rename(&Article::new(3, 7, "drei")).await.unwrap();
        assert_eq!(pages().await, [vec!["one", "two"], vec!["drei", "vier"]]);
        assert_eq!(articles.loads.take(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_repository_over_any_executor_shares_its_entries_and_goes_past_them_in_a_transaction() {
    on_each_store(async |cache| {
        let articles = repository(cache).await;
        let (cache, loads) = (&articles.cache, &articles.loads);
        let over_the_pool = PerRequest { cache, loads, executor: &articles.pool };
        over_the_pool.find(ArticleId(4)).await.unwrap();
        articles.find(ArticleId(4)).await.unwrap();
        assert_eq!(loads.take(), 1, "both functions have one entry");
        cache_runtime::transaction(async {
            over_the_pool.find(ArticleId(4)).await.unwrap();
        })
        .await;
        assert_eq!(loads.take(), 1, "what is read in a transaction is read from the database");
        over_the_pool.find(ArticleId(4)).await.unwrap();
        assert_eq!(loads.take(), 0);
    })
    .await;
}
