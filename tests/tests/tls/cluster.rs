//! A Redis Cluster that speaks TLS: each node is reached by it, those too to which others send, and checked.

use std::{collections::HashMap, convert::Infallible, time::Duration};

use cache_runtime::{Cache, FunctionStats, Policy, Tls};
use cache_tests::{
    cluster::RedisCluster,
    log::Log,
    strategies::{every_strategy_answers, every_strategy_works},
    tls::{Files, Pems},
};

use super::authority::{Authority, Identity};

const ROWS: u64 = 60;
const ROW: Policy = Policy::ttl(3600).name("row");
const MANY: Policy = Policy::ttl(3600).name("many");

/// A cluster of which each node has a certificate, and trusts all of `trusted`.
struct Secured {
    cluster: RedisCluster,
    _files: Vec<Files>,
}

impl Secured {
    fn start(nodes: [&Identity; 3], trusted: &str, more: &[&str]) -> Secured {
        let pems = |node: &Identity| {
            let (certificate, key) = (&node.certificate, &node.key);
            Files::write(Pems { authority: trusted, certificate, key })
        };
        let files: Vec<Files> = nodes.into_iter().map(pems).collect();
        let own = |which: u16| files[usize::from(which)].settings();
        let all = ["--tls-cluster", "yes", "--tls-auth-clients", "no"];
        Secured { cluster: RedisCluster::start_with(&[&all, more].concat(), own), _files: files }
    }

    async fn cache(&self, host: &str, authority: &Authority) -> Cache {
        let url = format!("rediss+cluster://{host}:{}", self.cluster.nodes()[0].port());
        // All keys in one slot, for what is written behind: not one of the first node.
        let builder = Cache::builder().url(&url).tls(Tls::new().root_ca(&authority.pem));
        let cache = builder.namespace("{test}").deadline(Duration::from_secs(10)).build().await;
        cache.expect("the URL is well-formed")
    }

    /// A cache of rows all over the cluster.
    async fn rows(&self, authority: &Authority) -> Rows {
        let url = format!("rediss+cluster://localhost:{}", self.cluster.nodes()[0].port());
        let builder = Cache::builder().url(&url).tls(Tls::new().root_ca(&authority.pem));
        let cache = builder.deadline(Duration::from_secs(10)).build().await;
        Rows(cache.expect("the URL is well-formed"))
    }

    /// Nothing comes by the plain ports but orders.
    fn assert_encrypted(&self) {
        for node in self.cluster.nodes() {
            let clients = node.command(&["CLIENT", "LIST"]);
            let plain = format!("laddr=127.0.0.1:{} ", node.server().port());
            assert_eq!(clients.matches(&plain).count(), 1, "{clients}");
        }
    }
}

struct Rows(Cache);

impl Rows {
    fn key(row: u64) -> String {
        format!("row:{row}")
    }

    async fn read(&self, row: u64) -> u64 {
        let load = || async { Ok::<_, Infallible>(row) };
        let Ok(row) = self.0.get_or_load(Rows::key(row), &ROW, load).await;
        row
    }

    async fn read_all(&self) -> u64 {
        let load = |missing: Vec<u64>| async move {
            let rows = missing.into_iter().map(|row| (row, row));
            Ok::<_, Infallible>(rows.collect::<HashMap<_, _>>())
        };
        let all: Vec<u64> = (0..ROWS).collect();
        let Ok(rows) = self.0.get_or_load_many(&all, |&row| Rows::key(row), &MANY, load).await;
        rows.len() as u64
    }

    fn stats(&self, function: &str) -> FunctionStats {
        self.0.stats().function(function).expect("it was called").clone()
    }
}

#[tokio::test]
async fn each_node_is_reached_by_tls_and_so_is_whom_it_sends_to() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let identity = ours.local();
    let secured = Secured::start([&identity; 3], &ours.pem, &[]);
    let cluster = &secured.cluster;
    every_strategy_works(&secured.cache("127.0.0.1", &ours).await).await;
    cluster.flush();

    let rows = secured.rows(&ours).await;
    for row in 0..ROWS {
        assert_eq!((rows.read(row).await, rows.read(row).await), (row, row));
    }
    assert_eq!(rows.read_all().await, ROWS);
    assert_eq!((rows.stats("row").hits, rows.stats("many").hits), (ROWS, ROWS));
    // A slot moves, and its key is followed there.
    let key = Rows::key(1);
    let (slot, from) = (cluster.slot(&key), cluster.owner(&key));
    let to = (from + 1) % 3;
    cluster.begin_move(slot, from, to);
    assert_eq!(cluster.move_keys(slot, from, to, 10), 1);
    assert_eq!((rows.read(1).await, rows.read_all().await), (1, ROWS), "ASK is followed");
    cluster.end_move(slot, to);
    assert_eq!((rows.read_all().await, rows.read(1).await), (ROWS, 1), "MOVED is followed");
    rows.0.invalidate(key.as_str()).await.expect("it is gone");
    assert_eq!(rows.read(1).await, 1);
    let (row, many) = (rows.stats("row"), rows.stats("many"));
    assert_eq!((row.hits, row.loads, many.hits, many.loads), (ROWS + 2, ROWS + 1, 3 * ROWS, 0));
    assert_eq!(rows.0.stats().total().store_errors, 0);
    let errors = cluster.errors();
    assert!(errors.contains_key("ASK") && errors.contains_key("MOVED"), "{errors:?}");
    secured.assert_encrypted();

    // Who does not know the authority asks nothing, and answers all the same.
    cluster.nodes().iter().for_each(|node| drop(node.command(&["CONFIG", "RESETSTAT"])));
    let log = Log::listen();
    every_strategy_answers(&secured.cache("localhost", &theirs).await).await;
    assert!(log.says("WARN", &["cannot connect", "UnknownIssuer"]), "{}", log.text());
    assert_eq!(cluster.calls().get("cluster|slots"), None, "{:?}", cluster.calls());
    assert_eq!(cluster.calls().get("get"), None, "{:?}", cluster.calls());
}

/// The certificate has to be that of the name by which the cluster calls a node.
#[tokio::test]
async fn a_node_is_checked_under_the_name_that_the_cluster_has_for_it() {
    let ours = Authority::new("ours");
    let identity = ours.named("localhost");
    let names = [
        "--cluster-announce-hostname",
        "localhost",
        "--cluster-preferred-endpoint-type",
        "hostname",
    ];
    let secured = Secured::start([&identity; 3], &ours.pem, &names);
    every_strategy_works(&secured.cache("localhost", &ours).await).await;
    secured.assert_encrypted();

    for node in secured.cluster.nodes() {
        let set = node.command(&["CONFIG", "SET", "cluster-preferred-endpoint-type", "ip"]);
        assert_eq!(set.trim(), "+OK");
    }
    let log = Log::listen();
    every_strategy_answers(&secured.cache("localhost", &ours).await).await;
    assert!(
        log.says("WARN", &["cannot connect", "127.0.0.1", "not valid for name"]),
        "{}",
        log.text()
    );
}

/// It is not asked, though all the others say that it is one of them.
#[tokio::test]
async fn a_node_of_a_strangers_authority_costs_its_own_slots_and_no_others() {
    const STRANGE: usize = 2;
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let (known, stranger) = (ours.local(), theirs.local());
    // The nodes trust each other, and clients do not trust all of them.
    let both = format!("{}{}", ours.pem, theirs.pem);
    let secured = Secured::start([&known, &known, &stranger], &both, &[]);
    let cluster = &secured.cluster;
    let rows = secured.rows(&ours).await;
    let (lost, kept): (Vec<u64>, Vec<u64>) =
        (0..ROWS).partition(|&row| cluster.owner(&Rows::key(row)) == STRANGE);
    for row in (0..ROWS).chain(0..ROWS) {
        assert_eq!(rows.read(row).await, row);
    }
    let row = rows.stats("row");
    assert_eq!(row.hits, kept.len() as u64);
    assert_eq!(row.loads, ROWS + lost.len() as u64);
    assert_eq!(rows.read_all().await, ROWS);
    assert_eq!(rows.stats("many").hits, kept.len() as u64);
    let calls = cluster.nodes()[STRANGE].calls();
    assert_eq!((calls.get("get"), calls.get("evalsha"), calls.get("set")), (None, None, None));
}
