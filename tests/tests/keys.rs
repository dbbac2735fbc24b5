//! Keys: two calls with different arguments never share one, whatever the arguments are.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use cache_runtime::{Cache, CacheKey, KeyPart, cached, stored_key};
use cache_tests::{server::RedisServer, source::Source, stores::on_each_store};
use proptest::{collection::vec, option, prelude::*};
use redis::Client;

#[derive(Clone, Debug, PartialEq, Eq, KeyPart)]
struct Tenant(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, KeyPart)]
enum Plan {
    Free,
    Paid,
    PaidYearly,
}

#[derive(Clone, Debug, PartialEq)]
struct User {
    name: String,
    org: (Tenant, u8),
}

/// The templates under test, each with the fields that fill it.
macro_rules! keys {
    ($($key:ident $template:tt { $($field:ident: $ty:ty),* })*) => {$(
        #[derive(Clone, Debug, PartialEq, CacheKey)]
        #[cache_key($template)]
        struct $key { $($field: $ty),* }
    )*};
}

keys! {
    One "one:<a>" { a: String }
    First "<a>" { a: String }
    Colons "two:<a>:<b>" { a: String, b: String }
    Slashes "/two/<a>/<b>" { a: String, b: String }
    Pipes "two|<a>|<b>" { a: String, b: String }
    Words "<a>:and:<b>" { a: String, b: String }
    Tagged "{tenant:<a>}:user:<b>" { a: String, b: String }
    Escaped "<<a>>:<a>:<<b>>:<b>" { a: String, b: String }
    Options "o:<a>:<b>" { a: Option<String>, b: Option<Option<String>> }
    Tuples "t:<a>:<b>" { a: (String, Option<String>), b: (String,) }
    Slices "s:<a>:<b>" { a: Vec<String>, b: Vec<Vec<Option<String>>> }
    Derived "d:<a>:<b>:<c>" { a: Tenant, b: Plan, c: Option<Plan> }
    Numbers "n:<a>:<b>:<c>" { a: i64, b: (i8, u8), c: Vec<i8> }
    Chars "c:<a>:<b>:<c>" { a: char, b: bool, c: [char; 2] }
    Addresses "ip:<a>:<b>" { a: IpAddr, b: Option<IpAddr> }
    Nested "u:<user.name>:<user.org.0>/<user.org.1>" { user: User }
}

/// Text that tries hard to look like something else; short, so that two often are the same or nearly so.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(":"),
        Just("/"),
        Just("|"),
        Just("{"),
        Just("}"),
        Just("("),
        Just(")"),
        Just(","),
        Just("!"),
        Just("'"),
        Just("''"),
        Just("%"),
        Just("%3A"),
        Just("#"),
        Just("<"),
        Just(">"),
        Just("\n"),
        Just("\r\n"),
        Just("\0"),
        Just(" "),
        Just("a"),
        Just("b"),
        Just("é"),
        Just("🦀"),
        Just(":v2"),
        Just("None"),
        Just("*"),
        Just("\\"),
    ];
    prop_oneof![
        4 => vec(piece.clone(), 0..4).prop_map(|pieces| pieces.concat()),
        1 => any::<String>(),
        // Over the length that is kept as it is, and equal but for the end now and then.
        1 => ("[ab:]{0,2}", 100_usize..300).prop_map(|(end, n)| "x:".repeat(n) + &end),
    ]
}

fn users() -> impl Strategy<Value = User> {
    (hostile(), hostile(), 0_u8..3)
        .prop_map(|(name, tenant, n)| User { name, org: (Tenant(tenant), n) })
}

fn plans() -> impl Strategy<Value = Plan> {
    prop_oneof![Just(Plan::Free), Just(Plan::Paid), Just(Plan::PaidYearly)]
}

/// The stored key of `key`, which is what a key must always be.
fn checked<K: CacheKey>(key: &K) -> String {
    let stored = stored_key(key);
    assert_well_formed(&stored);
    stored
}

fn assert_well_formed(stored: &str) {
    assert!(stored.bytes().all(|b| b.is_ascii_graphic()), "{stored:?}");
    assert!(!stored.is_empty() && stored.len() <= 512, "{} bytes: {stored}", stored.len());
}

/// Two keys of one shape are equal where their arguments are, and nowhere else.
macro_rules! one_to_one {
    ($($name:ident: $a:ident, $b:ident in $strategy:expr;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig {
                cases: 2000,
                failure_persistence: None,
                ..ProptestConfig::default()
            })]
            $(
                #[test]
                fn $name($a in $strategy, $b in $strategy) {
                    prop_assert_eq!($a == $b, checked(&$a) == checked(&$b));
                }
            )*
        }
    };
}

one_to_one! {
    one_placeholder: x, y in hostile().prop_map(|a| One { a });
    a_placeholder_alone: x, y in hostile().prop_map(|a| First { a });
    colons: x, y in (hostile(), hostile()).prop_map(|(a, b)| Colons { a, b });
    slashes: x, y in (hostile(), hostile()).prop_map(|(a, b)| Slashes { a, b });
    pipes: x, y in (hostile(), hostile()).prop_map(|(a, b)| Pipes { a, b });
    words: x, y in (hostile(), hostile()).prop_map(|(a, b)| Words { a, b });
    hash_tags: x, y in (hostile(), hostile()).prop_map(|(a, b)| Tagged { a, b });
    angle_brackets: x, y in (hostile(), hostile()).prop_map(|(a, b)| Escaped { a, b });
    options: x, y in (option::of(hostile()), option::of(option::of(hostile())))
        .prop_map(|(a, b)| Options { a, b });
    tuples: x, y in ((hostile(), option::of(hostile())), (hostile(),))
        .prop_map(|(a, b)| Tuples { a, b });
    slices: x, y in (vec(hostile(), 0..3), vec(vec(option::of(hostile()), 0..3), 0..3))
        .prop_map(|(a, b)| Slices { a, b });
    derived: x, y in (hostile(), plans(), option::of(plans()))
        .prop_map(|(a, b, c)| Derived { a: Tenant(a), b, c });
    numbers: x, y in (-12_i64..12, (-2_i8..2, 0_u8..3), vec(-2_i8..2, 0..3))
        .prop_map(|(a, b, c)| Numbers { a, b, c });
    chars: x, y in (prop_oneof![Just(':'), Just('('), any::<char>()], any::<bool>(), any::<[char; 2]>())
        .prop_map(|(a, b, c)| Chars { a, b, c });
    addresses: x, y in (any::<IpAddr>(), option::of(any::<IpAddr>()))
        .prop_map(|(a, b)| Addresses { a, b });
    nested_fields: x, y in users().prop_map(|user| Nested { user });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// No value gets into the tag by which a cluster places keys, or out of it.
    #[test]
    fn a_hash_tag_depends_on_its_own_placeholder_alone(a in hostile(), b in hostile(), c in hostile()) {
        let tag = |key: &str| key.find('}').map(|end| key[..=end].to_owned());
        let (one, other) = (checked(&Tagged { a: a.clone(), b }), checked(&Tagged { a, b: c }));
        // A digest stands for the rest of a key that is too long, its tag included.
        if !one.contains('#') && !other.contains('#') {
            let braces = one.matches(['{', '}']).count();
            let tagged = one.starts_with("{tenant:") && braces == 2;
            prop_assert!(tagged, "one tag in {}", one);
            prop_assert_eq!(tag(&one), tag(&other));
        }
    }

    /// Pairs that an unencoded key could not tell apart: one text, cut at each of its separators.
    #[test]
    fn a_text_cut_at_different_separators_is_different_pairs(pieces in vec(hostile(), 3..6)) {
        fn all_differ<K: CacheKey>(pieces: &[String], separator: &str, key: impl Fn(String, String) -> K) {
            let halves = |at| (pieces[..at].join(separator), pieces[at..].join(separator));
            let cuts = (1..pieces.len()).map(halves);
            let pairs: BTreeSet<_> = cuts.collect();
            let keys: BTreeSet<_> = pairs.iter().map(|(a, b)| checked(&key(a.clone(), b.clone()))).collect();
            assert_eq!(keys.len(), pairs.len(), "{pairs:?} at {separator:?}: {keys:?}");
        }
        all_differ(&pieces, ":", |a, b| Colons { a, b });
        all_differ(&pieces, "/", |a, b| Slashes { a, b });
        all_differ(&pieces, "|", |a, b| Pipes { a, b });
        all_differ(&pieces, ":and:", |a, b| Words { a, b });
        all_differ(&pieces, "}:user:", |a, b| Tagged { a, b });
        all_differ(&pieces, ",", |a, b| Slices { a: vec![a, b], b: vec![] });
        all_differ(&pieces, ",", |a, b| Tuples { a: (a, Some(b)), b: (String::new(),) });
    }

    /// How a value is held makes no difference.
    #[test]
    fn pointers_are_what_they_point_to(a in hostile(), b in hostile()) {
        #[derive(CacheKey)]
        #[cache_key("two:<a>:<b>")]
        struct Borrowed<'a> { a: &'a str, b: Cow<'a, str> }

        let borrowed = checked(&Borrowed { a: &a, b: Cow::Borrowed(&b) });
        prop_assert_eq!(borrowed, checked(&Colons { a, b }));
    }
}

#[test]
fn long_text_differs_by_one_byte_at_either_end() {
    let body = ":".repeat(1 << 20);
    let texts = [format!("{body}a"), format!("{body}b"), format!("a{body}"), format!("b{body}")];
    let mut keys = BTreeSet::new();
    for text in &texts {
        keys.insert(checked(&One { a: text.clone() }));
        keys.insert(checked(&Colons { a: text.clone(), b: String::new() }));
        keys.insert(checked(&Colons { a: String::new(), b: text.clone() }));
        keys.insert(checked(&Colons { a: "a".into(), b: text.clone() }));
        keys.insert(checked(&Slices { a: vec![text.clone()], b: vec![] }));
        keys.insert(checked(&Slices { a: vec![], b: vec![vec![Some(text.clone())]] }));
    }
    assert_eq!(keys.len(), 6 * texts.len());
    assert!(keys.iter().all(|key| key.contains(":#")), "the literal head stays: {keys:?}");
}

#[test]
fn text_cannot_pretend_to_be_the_digest_of_other_text() {
    let long = checked(&One { a: "x".repeat(1000) });
    let digest = long.strip_prefix("one:").expect("the literal head stays");
    assert_ne!(checked(&One { a: digest.to_owned() }), long);
}

/// Pairs of which many concatenate to the same text.
fn pairs() -> Vec<(String, String)> {
    let long = "z".repeat(1 << 20);
    let texts = [
        "",
        ":",
        "::",
        "a",
        "a:",
        ":a",
        "a:b",
        "a%3Ab",
        "%",
        "/",
        "|",
        "{",
        "}",
        "{a}",
        "''",
        "!",
        "()",
        "(a,b)",
        "a,b",
        "a b",
        "\n",
        "\r\nDEL row",
        "\0",
        "\u{7f}",
        "é",
        "e\u{301}",
        "🦀",
        "*",
        ":v2",
        "a:v2",
        "shop:",
        "#",
        &long,
    ];
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    texts.iter().flat_map(|a| texts.iter().map(move |b| pair(a, b))).collect()
}

#[cached(key = "pair:<a>:<b>", ttl = 60, cache = cache, skip(cache, source))]
async fn by_text(cache: &Cache, source: &Source, a: &str, b: &str) -> u64 {
    source.query().await
}

#[cached(key = "{<pair.0>}/<pair.1>", ttl = 60, version = 2, cache = cache, skip(cache, source))]
async fn by_pair(cache: &Cache, source: &Source, pair: &(String, String)) -> u64 {
    source.query().await
}

#[cached(key = "maybe|<a>|<list>", ttl = 60, cache = cache, skip(cache, source))]
async fn by_list(cache: &Cache, source: &Source, a: Option<&str>, list: &[&str]) -> u64 {
    source.query().await
}

/// Calls all functions with all pairs, and gives how many different calls there were.
async fn call_with_all(cache: &Cache, source: &Source) -> u64 {
    let mut answers = BTreeMap::new();
    for pair in &pairs() {
        let (a, b) = pair;
        let lists: [(Option<&str>, &[&str]); 4] =
            [(Some(a), &[b]), (None, &[a, b]), (Some(b), &[]), (None, &[])];
        let mut seen = vec![
            (format!("text {pair:?}"), by_text(cache, source, a, b).await),
            (format!("pair {pair:?}"), by_pair(cache, source, pair).await),
        ];
        for (maybe, list) in lists {
            let answer = by_list(cache, source, maybe, list).await;
            seen.push((format!("list {maybe:?} {list:?}"), answer));
        }
        for (call, answer) in seen {
            let first = *answers.entry(call).or_insert(answer);
            assert_eq!(first, answer, "the same call has another answer");
        }
    }
    let calls = answers.len() as u64;
    let different: BTreeSet<_> = answers.into_values().collect();
    assert_eq!(different.len() as u64, calls, "two calls share an answer");
    calls
}

#[tokio::test]
async fn calls_with_different_arguments_load_and_calls_with_the_same_hit() {
    on_each_store(async |cache| {
        let source = Source::open();
        let calls = call_with_all(&cache, &source).await;
        assert_eq!(source.queries(), calls);
        call_with_all(&cache, &source).await;
        assert_eq!(source.queries(), calls, "the second time, all are hits");
        assert_eq!(cache.stats().total().undecodable, 0);
    })
    .await;
}

#[tokio::test]
async fn what_is_stored_is_printable_short_and_in_its_namespace() {
    let server = RedisServer::start();
    let client = Client::open(server.url()).expect("the URL is well-formed");
    let mut redis = client.get_multiplexed_async_connection().await.expect("the server is there");
    let mut expected = 0;
    for namespace in ["shop", "shop:eu"] {
        let cache = Cache::builder().url(&server.url()).namespace(namespace);
        let cache = cache.deadline(std::time::Duration::from_secs(10)).build().await;
        expected += call_with_all(&cache.expect("the server is there"), &Source::open()).await;
    }
    let keys: Vec<Vec<u8>> =
        redis::cmd("KEYS").arg("*").query_async(&mut redis).await.expect("the server obeys");
    // Each namespace has a key of its own besides.
    let (tags, keys): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| key.ends_with(b":#all"));
    assert_eq!(
        (keys.len() as u64, tags.len()),
        (expected, 2),
        "a key for each call in each namespace"
    );
    for key in keys {
        let key = String::from_utf8(key).expect("a key is ASCII");
        assert_well_formed(&key);
        let rest = key.strip_prefix("shop:").expect("a key begins with its namespace");
        let rest = rest.strip_prefix("eu:").unwrap_or(rest);
        let head = rest.starts_with("pair:") || rest.starts_with("maybe|") || rest.starts_with('{');
        assert!(head, "the template's head stays: {key}");
        let versioned = rest.ends_with(":v2") || rest.contains('#');
        assert_eq!(versioned, rest.starts_with('{') || rest.contains('#'), "{key}");
    }
}

#[tokio::test]
async fn readable_arguments_make_readable_keys() {
    let cache = Cache::builder().namespace("shop").build().await.expect("it is in memory");
    let source = Source::open();
    by_text(&cache, &source, "ann.lee", "eu-1").await;
    by_pair(&cache, &source, &("acme".into(), "ann:1".into())).await;
    by_list(&cache, &source, None, &["a", "b"]).await;
    // Direct operations have the namespace, and no version but what they say.
    assert_eq!(cache.get("pair:ann.lee:eu-1").await, Ok(Some(1)));
    assert_eq!(cache.get("{acme}/ann%3A1:v2").await, Ok(Some(2)));
    assert_eq!(cache.get("maybe|!|(a,b)").await, Ok(Some(3)));
}
