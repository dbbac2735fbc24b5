//! A Redis Cluster that speaks TLS: each node is reached by it, those too to which others send, and checked.

use cache_runtime::{Cache, Tls};
use cache_tests::{
    authority::{Authority, Identity},
    cluster::RedisCluster,
    log::Log,
    patience::eventually,
    stores::{DEADLINE, built},
    strategies::{every_strategy_answers, every_strategy_works},
    tls::{Files, Pems},
};

use crate::numbered::{ROWS, divided, key, many, read, read_all, single};

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
        built(builder.namespace("{test}").deadline(DEADLINE)).await
    }

    /// A cache of which the keys are all over the cluster.
    async fn spread(&self, authority: &Authority) -> Cache {
        let url = format!("rediss+cluster://localhost:{}", self.cluster.nodes()[0].port());
        let builder = Cache::builder().url(&url).tls(Tls::new().root_ca(&authority.pem));
        built(builder.deadline(DEADLINE)).await
    }

    /// Waits until no cache is connected to any node.
    async fn abandoned(&self) {
        eventually("the caches have closed their connections", async || {
            self.cluster.nodes().iter().all(|node| {
                let clients = node.command(&["CLIENT", "LIST"]);
                !clients.contains(&format!("laddr=127.0.0.1:{} ", node.port()))
            })
        })
        .await;
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

#[tokio::test]
async fn each_node_is_reached_by_tls_and_so_is_whom_it_sends_to() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let identity = ours.local();
    let secured = Secured::start([&identity; 3], &ours.pem, &[]);
    let cluster = &secured.cluster;
    every_strategy_works(&secured.cache("127.0.0.1", &ours).await).await;
    cluster.flush();

    let cache = secured.spread(&ours).await;
    for row in 0..ROWS {
        assert_eq!((read(&cache, row).await, read(&cache, row).await), (row, row));
    }
    assert_eq!(read_all(&cache).await, ROWS);
    assert_eq!((single(&cache).hits, many(&cache).hits), (ROWS, ROWS));
    // A slot moves, and its key is followed there.
    let moved = key(1);
    let (slot, from) = (cluster.slot(&moved), cluster.owner(&moved));
    let to = (from + 1) % 3;
    cluster.begin_move(slot, from, to);
    assert_eq!(cluster.move_keys(slot, from, to, 10), 1);
    assert_eq!((read(&cache, 1).await, read_all(&cache).await), (1, ROWS), "ASK is followed");
    cluster.end_move(slot, to);
    assert_eq!((read_all(&cache).await, read(&cache, 1).await), (ROWS, 1), "MOVED is followed");
    cache.try_invalidate(moved.as_str()).await.expect("it is gone");
    assert_eq!(read(&cache, 1).await, 1);
    let (row, batch) = (single(&cache), many(&cache));
    // The entry of the slot that has moved was loaded anew, once.
    assert_eq!((row.hits, row.loads, batch.hits, batch.loads), (ROWS + 1, ROWS + 2, 3 * ROWS, 0));
    assert_eq!(cache.stats().total().store_errors, 0);
    let errors = cluster.errors();
    assert!(errors.contains_key("ASK") && errors.contains_key("MOVED"), "{errors:?}");
    secured.assert_encrypted();

    // Who does not know the authority asks nothing, and answers all the same. A cache that is still there could ask for
    // the slots meanwhile.
    drop(cache);
    secured.abandoned().await;
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
    let cache = secured.spread(&ours).await;
    let (lost, kept) = divided(cluster, STRANGE);
    for row in (0..ROWS).chain(0..ROWS) {
        assert_eq!(read(&cache, row).await, row);
    }
    let row = single(&cache);
    assert_eq!(row.hits, kept.len() as u64);
    assert_eq!(row.loads, ROWS + lost.len() as u64);
    assert_eq!(read_all(&cache).await, ROWS);
    assert_eq!(many(&cache).hits, kept.len() as u64);
    let calls = cluster.nodes()[STRANGE].calls();
    assert_eq!((calls.get("get"), calls.get("evalsha"), calls.get("set")), (None, None, None));
}
