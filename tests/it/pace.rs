//! How many connections a host gets, against hosts that mind: no file is lost, few are refused, and it is quick.

mod other_ways;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fetch::async_trait;
use fetch::model::Result;
use fetch::net::{Client, Settings as Net};
use fetch::pipeline::{Settings, Stop};
use fetch::source::{Cap, Ctx, Manifest, Outlet, Registry, Source, Target};

use crate::support::command::Fetch;
use crate::support::media::noise;
use crate::support::{Reply, Request, Site};

const MOMENT: Duration = Duration::from_millis(30);

/// What a host does with a request that is one too many.
type Refuse = fn() -> Reply;

fn busy() -> Reply {
    Reply::text("").status(429).header("Retry-After", "1")
}

fn reset() -> Reply {
    Reply::raw("").reset_after(0)
}

fn stall() -> Reply {
    Reply::raw("").stall_after(0)
}

/// A file of this host, each another one.
fn file(seen: &Request, size: usize) -> Reply {
    let number = seen.path().trim_matches(|c: char| !c.is_ascii_digit());
    Reply::file(noise(size, number.parse().unwrap()))
}

/// Fetches so many files, all of which must arrive, and tells how long that took.
fn fetch_all(site: &Site, count: usize) -> Duration {
    let mut fetch = Fetch::new().config("[net]\nbackoff = \"100ms\"\nstall_timeout = \"1s\"\n");
    for number in 0..count {
        fetch = fetch.arg(site.url(&format!("/{number}.bin")));
    }
    let start = Instant::now();
    fetch.run().success();
    let took = start.elapsed();
    assert_eq!(fetch.files().len(), count);
    took
}

/// A site that works a moment for each request, and refuses those over so many at once. Counts them.
fn few_at_once(most: usize, refuse: Refuse) -> (Site, Arc<AtomicUsize>) {
    let site = Site::start();
    let refused = Arc::new(AtomicUsize::new(0));
    let (live, count) = (AtomicUsize::new(0), refused.clone());
    let reply = move |seen: &Request| {
        let is_one_too_many = live.fetch_add(1, SeqCst) >= most;
        if !is_one_too_many {
            std::thread::sleep(MOMENT);
        }
        live.fetch_sub(1, SeqCst);
        if is_one_too_many {
            count.fetch_add(1, SeqCst);
            return refuse();
        }
        file(seen, 2000)
    };
    site.on("/*", Reply::with(reply));
    (site, refused)
}

#[test]
fn a_far_host_gets_many_connections() {
    let site = Site::start();
    let far = Duration::from_millis(80);
    site.on("/*", Reply::with(move |seen| file(seen, 20_000).delay(far)));
    let took = fetch_all(&site, 100);
    assert!(site.max_concurrent() > 18, "{}", site.max_concurrent());
    assert!(took < far * 100 / 2, "{took:?}");
}

#[test]
fn a_host_limited_per_connection_gets_many_connections() {
    let site = Site::start();
    site.on(
        "/*",
        Reply::with(|seen| file(seen, 64 << 10).throttle(1_000_000)),
    );
    let took = fetch_all(&site, 80);
    assert!(site.max_concurrent() > 18, "{}", site.max_concurrent());
    assert!(took < Duration::from_millis(66 * 80 / 2), "{took:?}");
}

#[test]
fn a_bandwidth_limited_host_is_not_slowed_down() {
    let site = Site::start();
    let line = Mutex::new(Instant::now());
    let size = 128 << 10;
    let each = Duration::from_secs_f64(f64::from(size) / 15e6);
    let reply = move |seen: &Request| {
        let free = {
            let mut line = line.lock().unwrap();
            *line = (*line).max(Instant::now()) + each;
            *line
        };
        file(seen, size as usize).delay(free.saturating_duration_since(Instant::now()))
    };
    site.on("/*", Reply::with(reply));
    let took = fetch_all(&site, 80);
    assert!(took < each * 80 * 4, "{took:?}");
}

#[test]
fn a_host_with_few_slots_refuses_few_requests_and_loses_no_files() {
    let table: [(usize, Refuse); 6] = [
        (6, busy),
        (4, reset),
        (1, busy),
        (3, stall),
        (12, || Reply::text("").status(503)),
        (4, || Reply::text("").status(403)),
    ];
    std::thread::scope(|scope| {
        for (most, refuse) in table {
            scope.spawn(move || {
                let (site, refused) = few_at_once(most, refuse);
                let took = fetch_all(&site, 80);
                let refused = refused.load(SeqCst);
                let best = MOMENT * 80 / most as u32;
                assert!(refused <= 25, "{most}: {refused} refused");
                assert!(took < best * 2 + Duration::from_secs(5), "{most}: {took:?}");
            });
        }
    });
}

/// A site that lets in so many requests a second, and refuses the others. Counts those.
fn few_a_second(rate: f64, refuse: Refuse) -> (Site, Arc<AtomicUsize>) {
    let site = Site::start();
    let tokens = Mutex::new((rate, Instant::now()));
    let refused = Arc::new(AtomicUsize::new(0));
    let count = refused.clone();
    let reply = move |seen: &Request| {
        let mut tokens = tokens.lock().unwrap();
        let (left, since) = *tokens;
        let left = rate.min(left + since.elapsed().as_secs_f64() * rate);
        let is_one_too_many = left < 1.0;
        *tokens = (left - f64::from(!is_one_too_many), Instant::now());
        if is_one_too_many {
            count.fetch_add(1, SeqCst);
            return refuse();
        }
        file(seen, 2000).delay(MOMENT)
    };
    site.on("/*", Reply::with(reply));
    (site, refused)
}

#[test]
fn a_rate_limited_host_is_asked_at_its_rate() {
    let (site, refused) = few_a_second(25.0, busy);
    let took = fetch_all(&site, 80);
    let refused = refused.load(SeqCst);
    assert!(refused <= 40, "{refused}");
    assert!(took < Duration::from_secs(12), "{took:?}");
}

#[test]
fn a_rate_limit_without_retry_after_loses_no_files() {
    let silent: Refuse = || Reply::text("").status(429);
    std::thread::scope(|scope| {
        for most in [1, 6] {
            scope.spawn(move || fetch_all(&few_at_once(most, silent).0, 200));
        }
        scope.spawn(move || {
            let (site, refused) = few_a_second(25.0, silent);
            let took = fetch_all(&site, 200);
            let refused = refused.load(SeqCst);
            assert!(refused <= 120, "{refused}");
            assert!(took < Duration::from_secs(20), "{took:?}");
        });
    });
}

#[test]
fn a_file_refused_every_time_does_not_delay_others() {
    let site = Site::start();
    site.on("/*", Reply::with(|seen| file(seen, 2000).delay(MOMENT)));
    site.on("/7.bin", Reply::text("").status(503));
    let mut fetch = Fetch::new().config("net.backoff = \"5ms\"");
    for number in 0..60 {
        fetch = fetch.arg(site.url(&format!("/{number}.bin")));
    }
    let start = Instant::now();
    let done = fetch.run().fails(3);
    assert_eq!(fetch.files().len(), 59, "{}", done.stderr);
    assert!(site.count("/7.bin") <= 12, "{}", site.count("/7.bin"));
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn requests_refused_every_time_do_not_delay_others() {
    let bad = |seen: &Request| seen.path().ends_with("3.bin");
    // What is reset on a connection that was used before is asked for at once on a new one.
    let refusals: [(Refuse, usize); 2] = [(|| Reply::text("").status(429), 12), (reset, 20)];
    std::thread::scope(|scope| {
        for (refuse, most) in refusals {
            scope.spawn(move || {
                let site = Site::start();
                let reply = move |seen: &Request| match bad(seen) {
                    true => refuse(),
                    false => file(seen, 2000).delay(MOMENT),
                };
                site.on("/*", Reply::with(reply));
                let mut fetch = Fetch::new().config("net.backoff = \"20ms\"");
                for number in 0..300 {
                    fetch = fetch.arg(site.url(&format!("/{number}.bin")));
                }
                let done = fetch.run().fails(3);
                assert_eq!(fetch.files().len(), 270, "{}", done.stderr);
                assert!(done.took < Duration::from_secs(20), "{:?}", done.took);
                let asked = site.requests().iter().filter(|seen| bad(seen)).count();
                assert!(asked <= 30 * most, "{asked}");
                // The good ones did not wait for the others.
                let good = site.requests().into_iter().filter(|seen| !bad(seen));
                let last = good.map(|seen| seen.at).max().unwrap();
                let first = site.requests().iter().map(|seen| seen.at).min().unwrap();
                assert!(last - first < Duration::from_secs(6), "{:?}", last - first);
            });
        }
    });
}

/// How much later than the first the last request came.
fn between_first_and_last(site: &Site) -> Duration {
    let times: Vec<_> = site.requests().iter().map(|seen| seen.at).collect();
    *times.iter().max().unwrap() - *times.iter().min().unwrap()
}

#[test]
fn the_limits_set_for_a_host_are_respected() {
    let site = Site::start();
    site.on("/*", Reply::with(|seen| file(seen, 2000).delay(MOMENT)));
    let text = "[host.\"127.0.0.1\"]\nconnections = 3\nrequests_per_second = 40\n";
    let mut fetch = Fetch::new().config(text);
    // The fourth waits for an answer to one of three, so from where the site saw the first, nineteen wait for the one
    // before, however long it was on its way.
    for number in 0..23 {
        fetch = fetch.arg(site.url(&format!("/{number}.bin")));
    }
    fetch.run().success();
    assert!(site.max_concurrent() <= 3, "{}", site.max_concurrent());
    let took = between_first_and_last(&site);
    assert!(took >= Duration::from_millis(475), "{took:?}");
}

#[test]
fn the_limits_set_for_a_host_apply_to_redirect_targets() {
    let (first, there) = (Site::start(), Site::start());
    there.on("/*", Reply::with(|seen| file(seen, 2000).delay(MOMENT)));
    let port = there.port();
    let lead =
        move |seen: &Request| Reply::redirect(format!("http://localhost:{port}{}", seen.path()));
    first.on("/*", Reply::with(lead));
    let text = "[host.localhost]\nconnections = 2\nrequests_per_second = 40\n";
    let mut fetch = Fetch::new().config(text);
    // The third waits for an answer to one of two, and nineteen for the one before.
    for number in 0..22 {
        fetch = fetch.arg(first.url(&format!("/{number}.bin")));
    }
    fetch.run().success();
    assert!(there.max_concurrent() <= 2, "{}", there.max_concurrent());
    let took = between_first_and_last(&there);
    assert!(took >= Duration::from_millis(475), "{took:?}");
}

/// A site that says how much its hosts take.
struct Capped(Manifest);

#[async_trait]
impl Source for Capped {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    fn caps(&self) -> Vec<Cap> {
        vec![Cap {
            host: "*.files.test".into(),
            connections: Some(2),
            requests_per_second: None,
        }]
    }

    async fn list(&self, _: &Ctx, _: &Target, _: &Outlet) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_source_can_cap_its_hosts() {
    let client = Client::new(Net::default()).unwrap();
    let mut registry = Registry::new();
    registry.add(Capped(Manifest {
        name: "capped".into(),
        about: "a site that counts".into(),
        routes: Vec::new(),
    }));
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        root: folder.path().to_owned(),
        ..Settings::default()
    };
    let (sender, _events) = tokio::sync::mpsc::channel(16);
    let links = futures_util::stream::empty::<fetch::model::Result<fetch::model::Link>>();
    let run = fetch::pipeline::run(
        client.clone(),
        registry,
        settings,
        links,
        sender,
        Stop::default(),
    );
    run.await.unwrap();
    assert_eq!(client.pace().limit("a.files.test"), 2);
    assert!(client.pace().limit("other.test") > 2);
}
