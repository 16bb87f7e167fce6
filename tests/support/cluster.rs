//! How a cluster of servers is, asked by a client of the tests' own. Nothing here asks confmod.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use async_nats::jetstream;
use async_nats::jetstream::stream::ClusterInfo;

/// How long a cluster may take to get over a fault by itself: elections that nobody wins are held again after 4 to 9 s.
const HEALING: Duration = Duration::from_mins(1);

/// For so long no election must be called until a server that was cut off has done its harm: its term is ahead of the
/// others', and they give up their leaders for it. Servers call one after 4 to 9 s.
pub const CALM: Duration = Duration::from_secs(9);

/// Which server leads the stream, once the cluster has got over what happened to it and has been calm for so long. Before that a
/// second fault is a double one, which no cluster of three promises to get over.
#[track_caller]
pub fn leader(urls: &str, calm: Duration) -> usize {
    let until = Instant::now() + HEALING;
    let mut since = Instant::now();
    loop {
        match level(urls) {
            Ok(name) if since.elapsed() >= calm => return name.strip_prefix('n').expect("a name").parse().expect("a number"),
            Ok(_) => std::thread::sleep(Duration::from_millis(100)),
            Err(why) => {
                assert!(Instant::now() < until, "the cluster does not get over what happened to it: {why}");
                since = Instant::now();
            }
        }
    }
}

/// What a server says of each stream's servers; nothing while one of them, or all together, have no leader.
async fn clusters(url: &str) -> Result<Vec<ClusterInfo>, async_nats::Error> {
    let client = async_nats::connect(url).await?;
    // Only the leader of all answers this. (An older server leaves out what the library wants to read in it.)
    client.request("$JS.API.INFO", "".into()).await?;
    let context = jetstream::new(client);
    let mut clusters = Vec::new();
    for stream in ["confmod_lease", "confmod"] {
        clusters.push(context.get_stream(stream).await?.cached_info().cluster.clone().ok_or("it is not in a cluster")?);
    }
    Ok(clusters)
}

/// The name of the server that leads the stream, if a cluster has got over what happened to it: each server says the same,
/// all copies of each stream are level, and there is a server that takes new consumers. Why not, before. A server that was
/// cut off goes on to believe that it leads until it hears of the others, so all are asked.
fn level(urls: &str) -> Result<String, async_nats::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ask = async |url: &str| {
        let mut leader = None;
        for cluster in clusters(url).await? {
            if cluster.replicas.len() < 2 || cluster.replicas.iter().any(|peer| !peer.current || peer.offline) {
                return Err(format!("{url} says: {cluster:?}").into());
            }
            leader = cluster.leader;
        }
        leader.ok_or_else(|| async_nats::Error::from("no leader"))
    };
    let mut leaders = Vec::new();
    for url in urls.split(',') {
        leaders.push(runtime.block_on(async { tokio::time::timeout(Duration::from_secs(2), ask(url)).await })??);
    }
    match &leaders[..] {
        [first, others @ ..] if others.iter().all(|other| other == first) => Ok(first.clone()),
        differ => Err(format!("the servers differ: {differ:?}").into()),
    }
}

/// Waits in a thread of its own until the servers have leaders again; how long that took from now.
pub fn served(urls: &str) -> JoinHandle<Duration> {
    let (began, urls) = (Instant::now(), urls.to_owned());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let serves = |url: &str| {
            let asked = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(1), clusters(url)).await });
            matches!(asked, Ok(Ok(_)))
        };
        while !urls.split(',').any(serves) {
            assert!(began.elapsed() < HEALING, "the servers have no leaders after {:?}", began.elapsed());
        }
        began.elapsed()
    })
}
