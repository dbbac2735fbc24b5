//! Which parameters are found, and what becomes of them.

use super::found::{Kind, suspects};
use syn::{Signature, parse_quote};

/// The parameters that may be in a transaction, of a function with this signature: their names, and whether they are one.
fn found(sig: &Signature) -> Vec<String> {
    let found = suspects(sig).into_iter().map(|suspect| {
        let names: Vec<_> = suspect.names.iter().map(ToString::to_string).collect();
        match suspect.kind {
            Kind::Transaction => format!("{}!", names.join("+")),
            Kind::Connection => names.join("+"),
        }
    });
    found.collect()
}

#[test]
fn transactions_are_known_by_name() {
    let sig: Signature = parse_quote! {
        fn f(
            a: &mut sqlx::Transaction<'_, Postgres>,
            b: DatabaseTransaction,
            c: &BankTransaction,
            d: Option<u8>,
            e: &&PgTransaction<'_>,
            f: Tx<'_>,
            g: rusqlite::Savepoint<'_>,
        )
    };
    assert_eq!(found(&sig), ["a!", "b!", "e!", "f!", "g!"]);
}

#[test]
fn transactions_are_found_in_every_wrapper() {
    let sig: Signature = parse_quote! {
        fn f<'a, T: AsMut<Transaction<'a>>>(
            a: Option<&mut Transaction<'_>>,
            b: &Mutex<Transaction<'_>>,
            c: Arc<tokio::sync::Mutex<PgTransaction<'_>>>,
            d: &mut [Transaction<'_>],
            e: (u8, &mut Transaction<'_>),
            f: impl DerefMut<Target = Transaction<'a>>,
            g: &mut dyn Borrow<Transaction<'a>>,
            h: T,
            i: [Box<DatabaseTransaction>; 1],
            Extension(j): Extension<Arc<DatabaseTransaction>>,
        )
    };
    assert_eq!(found(&sig), ["a!", "b!", "c!", "d!", "e!", "f!", "g!", "h!", "i!", "j!"]);
}

#[test]
fn connections_are_known_by_name() {
    let sig: Signature = parse_quote! {
        fn f(
            a: &mut PgConnection,
            b: &mut sqlx::SqliteConnection,
            c: &mut AsyncPgConnection,
            d: PoolConnection<Postgres>,
            e: &rusqlite::Connection,
            f: &mut <DB as sqlx::Database>::Connection,
            g: Option<&mut MysqlConnection>,
            h: Arc<Mutex<PgConnection>>,
            i: PooledConnection<ConnectionManager<PgConnection>>,
            j: &tokio_postgres::Client,
            k: deadpool_postgres::Object,
            l: &mut mongodb::ClientSession,
            m: (&mut PgConnection, u8),
            n: &[Box<SqliteConnection>],
        )
    };
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"];
    assert_eq!(found(&sig), names);
}

#[test]
fn executors_are_known_by_their_bounds() {
    let sig: Signature = parse_quote! {
        fn f<'e, E: Executor<'e, Database = Sqlite>, C: sea_orm::ConnectionTrait, D, X, G>(
            a: E,
            b: &C,
            c: &mut D,
            d: impl Executor<'e>,
            e: &impl ConnectionTrait,
            f: &dyn ConnectionTrait,
            g: &mut (dyn GenericClient + Send),
            h: Option<X>,
            i: impl PgExecutor<'e>,
            j: impl Acquire<'e, Database = Postgres>,
            k: Arc<Mutex<G>>,
        )
        where
            for<'c> &'c mut D: Executor<'c>,
            X: Send + AsyncConnection<Backend = Pg>,
            G: LoadConnection,
    };
    assert_eq!(found(&sig), ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]);
}

#[test]
fn a_receiver_and_a_type_parameter_may_be_one() {
    let sig: Signature = parse_quote! { fn f(self: &mut PgConnection) };
    assert_eq!(found(&sig), ["self"]);
    let sig: Signature = parse_quote! { fn f<C: ConnectionTrait>(&self, id: u64) };
    assert_eq!(found(&sig), ["C"]);
    let sig: Signature = parse_quote! { fn f(&self, id: u64) where Self: ConnectionTrait };
    assert_eq!(found(&sig), ["self"]);
    let sig: Signature = parse_quote! { fn f(&self, id: u64) where C: ConnectionTrait };
    assert_eq!(found(&sig), ["self"]);
}

#[test]
fn a_pool_and_what_begins_one_inside_are_none() {
    let sig: Signature = parse_quote! {
        fn f<W, P: Deref<Target = PgPool>>(
            work: impl FnOnce(&mut Transaction<'_>) -> u8,
            work: fn(Transaction<'_>),
            work: W,
            pool: &Pool,
            pool: &sqlx::Pool<Postgres>,
            pool: &PgPool,
            pool: &bb8::Pool<AsyncPgConnection>,
            pool: Arc<r2d2::Pool<ConnectionManager<PgConnection>>>,
            pool: P,
            db: &DatabaseConnection,
            log: &TransactionLog,
            client: &reqwest::Client,
            redis: &mut redis::aio::Connection,
            marker: PhantomData<PgConnection>,
            _: &mut PgConnection,
        )
        where
            W: for<'t> AsyncFnOnce(&'t mut PgConnection),
    };
    assert_eq!(found(&sig), [""; 0]);
}
