//! The keys that SQL writes are those that the attributes write, whatever is in them.

use cache_runtime::{CacheKey, KeyPart, outbox::Change};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::shell::Database;

/// As users-api has it, but for its tenants, which can have any name here.
#[derive(CacheKey)]
#[cache_key("user:<tenant>:<id>")]
struct UserKey<'a> {
    tenant: &'a str,
    id: i64,
}

#[derive(CacheKey)]
#[cache_key("tenant:<tenant>")]
struct TenantTag<T: KeyPart> {
    tenant: T,
}

/// Each character alone that one byte has, and everything that is awkward.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = (0..=0x7f_u8).map(|byte| char::from(byte).to_string()).collect();
    let awkward = [
        "",
        "acme:eu",
        "acme%3Aeu",
        "%",
        "%%25",
        "!",
        "!!",
        "()",
        "(1,2)",
        "a b",
        "a+b",
        "é",
        "e\u{301}",
        "ß",
        "日本",
        "😀",
        "\u{feff}",
        "\u{10ffff}",
        "\u{80}",
        "\r\n",
        "'; DROP TABLE users; --",
        "\\",
        "\"",
        "*",
        "[a-z]",
        "-._~",
        "a\0b",
        "\0",
        " ",
        "#",
        "user:1:2",
    ];
    texts.extend(awkward.map(str::to_owned));
    let mut random = StdRng::seed_from_u64(7);
    for _ in 0..200 {
        let length = random.random_range(1..40);
        let any = |random: &mut StdRng| match random.random_bool(0.5) {
            true => char::from(random.random_range(0..0x80_u8)),
            false => random.random::<char>(),
        };
        texts.push((0..length).map(|_| any(&mut random)).collect());
    }
    texts
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02X}")).collect()
}

fn migrate(database: &Database) {
    let [users, outbox] = match database {
        Database::Sqlite(_) => [
            include_str!("../../../src/bin/users-api/migrations/sqlite/1_users.sql"),
            include_str!("../../../src/bin/users-api/migrations/sqlite/2_outbox.sql"),
        ],
        Database::Postgres { .. } => [
            include_str!("../../../src/bin/users-api/migrations/postgres/1_users.sql"),
            include_str!("../../../src/bin/users-api/migrations/postgres/2_outbox.sql"),
        ],
    };
    database.run(users);
    database.run(outbox);
}

#[tokio::test]
async fn sql_writes_the_keys_that_the_attributes_write() {
    for database in Database::each().await {
        migrate(&database);
        let mut texts = hostile();
        if !database.is_sqlite() {
            // PostgreSQL refuses it in a text.
            texts.retain(|text| !text.contains('\0'));
        }
        let insert = |(id, text): (usize, &String)| {
            let text = match database.is_sqlite() {
                true => format!("CAST(X'{}' AS TEXT)", hex(text)),
                false => format!("convert_from('\\x{}', 'UTF8')", hex(text)),
            };
            format!("INSERT INTO users (tenant, email, name) VALUES ({text}, '{id}', '');\n")
        };
        database.run(&texts.iter().enumerate().map(insert).collect::<String>());
        let rows =
            database.run("SELECT kind || ' ' || head || rest FROM cache_outbox ORDER BY id;");
        let mut expected = Vec::new();
        for (id, text) in (1..).zip(&texts) {
            let key = Change::of(&UserKey { tenant: text, id });
            let tag = Change::of_tag(&TenantTag { tenant: text });
            expected.push(format!("key {}{}", key.head(), key.rest()));
            expected.push(format!("tag {}{}", tag.head(), tag.rest()));
        }
        assert!(expected.len() > 600);
        assert_eq!(rows.len(), expected.len());
        // The two of a statement have no order.
        for (rows, expected) in rows.chunks(2).zip(expected.chunks(2)) {
            let mut rows = rows.to_vec();
            rows.sort();
            assert_eq!(rows, expected);
        }
        if !database.is_sqlite() {
            let none = Change::of_tag(&TenantTag { tenant: None::<&str> });
            assert_eq!(database.run("SELECT cache_key_part(NULL);"), [none.rest()]);
        }
    }
}
