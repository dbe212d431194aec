//! Tests of the line and the permits; the controller has its own.

mod bans;
mod decides;
mod guests;
mod model;
mod odd_hosts;
mod settles;
mod simulated;

use super::*;

fn pace(per_host: usize, all: usize) -> Pace {
    let limits = Limits {
        connections: per_host,
        requests_per_second: None,
    };
    Pace::new(all, limits, HashMap::new(), Duration::from_millis(500))
}

#[tokio::test(start_paused = true)]
async fn a_pause_affects_its_host_only() {
    let pace = pace(2, 8);
    pace.pause("slow.org", Duration::from_secs(5));
    pace.pause("slow.org", Duration::from_secs(1));
    let start = Instant::now();
    drop(pace.enter("fast.org").await);
    assert_eq!(start.elapsed(), Duration::ZERO);
    drop(pace.enter("slow.org").await);
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_host_has_so_many_places() {
    let pace = pace(2, 8);
    let _one = pace.enter("a.org").await;
    let two = pace.enter("a.org").await;
    let third = tokio::time::timeout(Duration::from_secs(1), pace.enter("a.org")).await;
    assert!(third.is_err());
    drop(two);
    pace.enter("a.org").await;
}

#[tokio::test]
async fn idle_hosts_are_forgotten() {
    let pace = pace(2, 8);
    for number in 0..5000 {
        drop(pace.enter(&format!("{number}.org")).await);
    }
    assert!(pace.hosts.lock().unwrap().len() <= REMEMBERED);
}

#[tokio::test(start_paused = true)]
async fn a_place_is_given_beside_the_line_only_if_nobody_waits_in_it() {
    let pace = pace(2, 8);
    let _one = pace.try_enter("a.org").unwrap();
    let two = pace.try_enter("a.org").unwrap();
    assert!(pace.try_enter("a.org").is_none());
    let mut waits = Box::pin(pace.enter("a.org"));
    let now = std::future::poll_fn(|cx| std::task::Poll::Ready(waits.as_mut().poll(cx)));
    assert!(now.await.is_pending());
    drop(two);
    assert!(pace.try_enter("a.org").is_none());
    drop(waits.await);
    assert!(pace.try_enter("a.org").is_some());
    pace.pause("a.org", Duration::from_secs(1));
    assert!(pace.try_enter("a.org").is_none());
}

#[tokio::test(start_paused = true)]
async fn the_first_that_came_is_let_in_first() {
    let pace = pace(1, 8);
    let order = Mutex::new(Vec::new());
    let visits = (0..20).map(|number| {
        let (pace, order) = (&pace, &order);
        async move {
            let permit = pace.enter("a.org").await;
            order.lock().unwrap().push(number);
            tokio::task::yield_now().await;
            permit.succeeded();
        }
    });
    futures_util::future::join_all(visits).await;
    assert_eq!(*order.lock().unwrap(), Vec::from_iter(0..20));
}

#[tokio::test(start_paused = true)]
async fn hosts_share_the_places_of_a_run_in_turn() {
    let pace = pace(8, 1);
    let order = Mutex::new(Vec::new());
    let visits = ["a.org", "a.org", "a.org", "b.org", "b.org"].map(|host| {
        let (pace, order) = (&pace, &order);
        async move {
            let permit = pace.enter(host).await;
            order.lock().unwrap().push(host);
            tokio::task::yield_now().await;
            permit.succeeded();
        }
    });
    futures_util::future::join_all(visits).await;
    assert_eq!(
        *order.lock().unwrap(),
        ["a.org", "a.org", "b.org", "a.org", "b.org"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_host_can_have_limits_of_its_own() {
    let limits = |connections, requests_per_second| Limits {
        connections,
        requests_per_second,
    };
    let few = HashMap::from([("few.org".to_owned(), limits(3, Some(2.0)))]);
    let pace = Pace::new(8, limits(32, None), few, Duration::from_millis(500));
    assert_eq!((pace.limit("few.org"), pace.limit("a.org")), (3, 6));
    let start = Instant::now();
    for _ in 0..5 {
        pace.enter("few.org").await.succeeded();
    }
    assert_eq!(start.elapsed().as_millis(), 2000);
}

#[tokio::test(start_paused = true)]
async fn the_lowest_of_all_caps_applies() {
    let limits = |connections, requests_per_second| Limits {
        connections,
        requests_per_second,
    };
    let cap = |host: &str, connections, requests_per_second| Cap {
        host: host.to_owned(),
        connections,
        requests_per_second,
    };
    let own = [
        ("few.org", limits(3, None)),
        ("slow.org", limits(32, Some(1.0))),
    ];
    let own = own.map(|(host, limits)| (host.to_owned(), limits)).into();
    let pace = Pace::new(64, limits(16, None), own, Duration::from_millis(500));
    pace.cap(cap("few.org", Some(5), None));
    pace.cap(cap("slow.org", Some(4), Some(8.0)));
    pace.cap(cap("slow.org", None, Some(2.0)));
    pace.cap(cap("*.wide.org", Some(2), Some(4.0)));
    pace.cap(cap("*.wide.org", Some(2), Some(4.0)));
    let table = [
        ("few.org", limits(3, None)),
        ("slow.org", limits(4, Some(1.0))),
        ("a.wide.org", limits(2, Some(4.0))),
        ("b.a.wide.org", limits(2, Some(4.0))),
        ("wide.org", limits(16, None)),
        ("notwide.org", limits(16, None)),
        (".wide.org", limits(16, None)),
        ("other.org", limits(16, None)),
    ];
    for (host, expected) in table {
        assert_eq!(pace.limits_of(host), expected, "{host}");
    }
    assert_eq!(pace.limit("a.wide.org"), 2);
    let start = Instant::now();
    for _ in 0..5 {
        pace.enter("a.wide.org").await.succeeded();
    }
    assert_eq!(start.elapsed().as_millis(), 1000);
}
