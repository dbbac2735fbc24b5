//! Sentinels and servers that speak TLS, of which the master is killed under load.

use cache_runtime::{Cache, Tls};
use cache_tests::{
    authority::Authority, load::Load, patience::eventually, sentinel::Fleet, tls::Files,
};
use tokio::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_is_killed_is_left_for_another_one_over_tls() {
    let authority = Authority::new("ours");
    let identity = authority.local();
    let files = Files::write(identity.pems(&authority));
    let mut fleet = Fleet::start_encrypted(&files).await;
    let tls = Tls::new().root_ca(&authority.pem);
    let cache = Cache::builder().url(&fleet.url()).tls(tls).build().await;
    let (load, callers) = Load::start(&cache.expect("the URL is well-formed"));
    load.hits_resume_under_writes().await;
    load.stop_writing().await;
    eventually("the replicas are in step", async || fleet.is_in_step(0)).await;
    load.hits_resume().await;

    let gone = Instant::now();
    fleet.kill(0);
    eventually("a replica has been promoted", async || fleet.has_another_master()).await;
    load.hits_resume().await;
    let recovery = gone.elapsed();
    load.let_write();
    load.hits_resume_under_writes().await;
    load.report("killed over TLS, in step", recovery);
    load.end(callers).await;
    assert_eq!(load.stale(), (0, 0));
}
