//! The sentences at the top of the page: one for each thing that is wrong, and none where nothing is.

use cache_tests::{
    browser::Browser,
    dashboard::{Shown, assert_clean, shows},
};
use serde_json::{Value, json};

use crate::{
    site::{Script, Site},
    states::called,
};

/// A document of ten calm minutes, with something in it that `change` does.
pub(crate) async fn calm(change: impl Fn(&mut Value)) -> Value {
    let mut document = called(&["users.find", "users.save"]).await;
    let steps = 600;
    for (series, n) in [("ms", 1000), ("requests", 50), ("answered", 45), ("loads", 5)] {
        document["history"][series] = json!(vec![n; steps]);
        document["recent"][series] = json!(60 * n);
        document["latest"][series] = json!(10 * n);
    }
    for series in ["load_failures", "stale_detected", "dropped", "dead_letters", "breaker"] {
        document["history"][series] = json!(vec![0; steps]);
    }
    change(&mut document);
    document
}

/// Something that is wrong in a document, the sentence for it, and how bad that is.
type Wrong = (fn(&mut Value), &'static str, &'static str);

const WRONG: [Wrong; 11] = [
    (
        |doc| {
            doc["history"]["stale_detected"][7] = json!(3);
            doc["functions"][0]["stale_detected"] = json!(3);
        },
        "Stale values. 3 audited hits differed from the source in the last 10\u{a0}min, and no write explains it: users.find.",
        "bad",
    ),
    (
        |doc| doc["history"]["dropped"][599] = json!(1200),
        "Invalidations were dropped. 1,200 in the last 10\u{a0}min: values from before those writes may be served until they expire.",
        "bad",
    ),
    (
        |doc| {
            doc["recent"]["load_failures"] = json!(290);
            doc["functions"][0]["load_failures"] = json!(290);
        },
        "Loads fail. 290 of 300 in the last minute: users.find.",
        "bad",
    ),
    (
        |doc| {
            doc["history"]["dead_letters"][0] = json!(1);
            doc["functions"][1]["dead_letters"] = json!(1);
        },
        "Dead letters. The database has refused 1 queued write in the last 10\u{a0}min: users.save.",
        "bad",
    ),
    (
        |doc| doc["outboxes"] = json!([outbox("orders", 1, 6_000), outbox("users", 1200, 61_000)]),
        "An outbox is behind. 1,200 changes wait in users, the oldest for 1\u{a0}min 1\u{a0}s: until they are invalidated, the old values are served.",
        "bad",
    ),
    (
        |doc| {
            doc["outboxes"] = json!([outbox("users", 0, 0)]);
            doc["recent"]["outbox_failures"] = json!(1);
        },
        "A follower fails. 1 time in the last minute: users.",
        "warn",
    ),
    (
        |doc| {
            doc["recent"]["batch_failures"] = json!(9);
            doc["recent"]["queued"] = json!(80);
            doc["functions"][1]["batch_failures"] = json!(9);
        },
        "Write-behind is held up. 9 batches failed: users.save. 80 queued and 0 written in the last minute.",
        "warn",
    ),
    (
        |doc| {
            doc["recent"]["queued"] = json!(1000);
            doc["recent"]["flushed"] = json!(300);
        },
        "Write-behind falls behind. 1,000 queued and 300 written in the last minute.",
        "warn",
    ),
    (
        |doc| {
            doc["recent"]["refused"] = json!(2);
            doc["functions"][1]["refused"] = json!(2);
        },
        "Writes were refused. 2 in the last minute, before they began, because their keys could not be fenced: users.save.",
        "warn",
    ),
    (
        |doc| {
            doc["latest"]["failures"] = json!(40);
            doc["latest"]["operations"] = json!(1000);
        },
        "The store fails. 40 of 1,000 operations in the last 10\u{a0}s.",
        "warn",
    ),
    (
        |doc| doc["latest"]["answered"] = json!(20),
        "The hit rate has fallen. It is 4.0 %, and was 90.0 %.",
        "warn",
    ),
];

/// An outbox that so many changes wait in, the oldest of them for so long.
fn outbox(name: &str, backlog: u64, oldest_ms: u64) -> Value {
    json!({ "name": name, "failures": 1, "backlog": backlog, "oldest_ms": oldest_ms, "lag": { "count": 0 } })
}

/// As if somebody came back to the page: it reads the document at once.
const LOOK: &str = "void document.dispatchEvent(new Event('visibilitychange'))";

#[tokio::test]
async fn all_that_is_wrong_has_a_sentence_the_worst_first() {
    let script = Script::new(calm(|_| {}).await);
    let site = Site::serve(script.app()).await;
    let browser = Browser::start().await;
    let mut page = browser.page().await;
    page.go(&site.url("/cache")).await;
    shows(&mut page, "doc.history.ms.length === 600").await;
    assert_eq!(Shown::on(&mut page).await.troubles, Vec::<String>::new());
    let kind = "document.querySelector('#band p').className";
    for (number, (change, sentence, severity)) in (1..).zip(WRONG) {
        let mut document = calm(change).await;
        document["since"] = json!(number);
        script.set(Ok(document));
        page.evaluate::<()>(LOOK).await;
        shows(&mut page, &format!("doc.since === {number}")).await;
        let shown = Shown::on(&mut page).await;
        assert_eq!(shown.troubles, [sentence]);
        let head = sentence.split_once('.').unwrap().0;
        assert_eq!(shown.title, format!("◆ {head} · cache"));
        assert_eq!(page.evaluate::<String>(kind).await, severity, "{head}");
    }

    // All at once: what loses or falsifies data stands above what only costs time.
    let mut document = calm(|doc| WRONG.iter().rev().for_each(|(change, ..)| change(doc))).await;
    document["since"] = json!(0);
    script.set(Ok(document));
    shows(&mut page, "doc.since === 0").await;
    let heads: Vec<_> = Shown::on(&mut page).await.troubles;
    let heads: Vec<_> = heads.iter().map(|line| line.split_once('.').unwrap().0).collect();
    assert_eq!(
        heads[..5],
        [
            "Stale values",
            "Invalidations were dropped",
            "Loads fail",
            "Dead letters",
            "An outbox is behind"
        ]
    );
    assert_eq!(heads.len(), 9, "two of them are one of write-behind, two of outboxes: {heads:?}");
    assert_clean(&page, &site.url(""));
}
