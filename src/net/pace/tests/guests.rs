//! Slots at hosts that redirects lead to.

use std::sync::atomic::AtomicUsize;

use super::*;

/// Hosts that take one request at a time, and a run with `all` slots.
fn ones(all: usize) -> Pace {
    let one = Limits {
        connections: 1,
        requests_per_second: None,
    };
    let ones = ["one.org", "other.org"].map(|name| (name.to_owned(), one));
    let limits = Limits {
        connections: all,
        ..one
    };
    Pace::new(all, limits, ones.into(), Duration::from_millis(500))
}

/// Sends requests along these redirects, each for a second at its last host; returns the most that were there at once.
async fn visits(pace: &Pace, ways: &[&[&str]]) -> usize {
    let (live, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let visits = ways.iter().map(|way| {
        let (live, most) = (&live, &most);
        async move {
            let permit = pace.enter(way[0]).await;
            let mut guest = None;
            for there in &way[1..] {
                drop(guest.take());
                guest = pace.enter_as_guest(way[0], there).await;
            }
            most.fetch_max(live.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            live.fetch_sub(1, Ordering::Relaxed);
            if let Some(guest) = guest {
                guest.succeeded();
            }
            permit.succeeded();
        }
    });
    let all = futures_util::future::join_all(visits);
    let done = timeout(Duration::from_secs(1000), all).await;
    done.expect("they wait for each other");
    assert_eq!(pace.slots.available_permits(), pace.slot_count);
    most.into_inner()
}

#[tokio::test(start_paused = true)]
async fn a_host_keeps_its_limit_where_redirects_lead() {
    let pace = ones(8);
    let way: &[&str] = &["a.org", "one.org"];
    let direct: &[&str] = &["one.org"];
    let start = Instant::now();
    assert_eq!(
        visits(&pace, &[way, way, direct, way, direct, way]).await,
        1
    );
    assert_eq!(start.elapsed().as_secs(), 6);
    // Where there is no limit, nothing waits.
    let way: &[&str] = &["a.org", "b.org"];
    assert_eq!(visits(&pace, &[way; 6]).await, 6);
    assert!(!pace.hosts.lock().unwrap().contains_key("b.org"));
}

#[tokio::test(start_paused = true)]
async fn hosts_that_lead_to_each_other_are_all_served() {
    let ways: [&[&str]; 5] = [
        &["one.org", "other.org"],
        &["other.org", "one.org"],
        &["a.org", "one.org", "other.org"],
        &["a.org", "other.org", "one.org", "a.org"],
        &["one.org", "other.org", "one.org"],
    ];
    for all in [1, 2, 3, 8] {
        let pace = ones(all);
        visits(&pace, &ways.repeat(6)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_slot_at_another_host_blocks_no_one_else() {
    let pace = ones(2);
    let direct = pace.enter("one.org").await;
    let away = pace.enter("other.org").await;
    let mut waits = Box::pin(pace.enter_as_guest("other.org", "one.org"));
    let now = std::future::poll_fn(|cx| std::task::Poll::Ready(waits.as_mut().poll(cx)));
    assert!(now.await.is_pending());
    // Neither its slot at the first host nor the one of the run is kept from others.
    let second = timeout(Duration::from_secs(1), pace.enter("other.org")).await;
    let second = second.expect("the place was kept");
    // All slots are taken when it gives up: one less is given back.
    drop(waits);
    drop((away, second, direct));
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    assert_eq!(pace.slots.available_permits(), 2);
    pace.enter("other.org").await.succeeded();
}

#[tokio::test(start_paused = true)]
async fn requests_a_second_are_counted_where_redirects_lead() {
    let slow = Limits {
        connections: 8,
        requests_per_second: Some(2.0),
    };
    let exceptions = HashMap::from([("slow.org".to_owned(), slow)]);
    let limits = Limits {
        requests_per_second: None,
        ..slow
    };
    let pace = Pace::new(8, limits, exceptions, Duration::from_millis(500));
    let start = Instant::now();
    for _ in 0..5 {
        let permit = pace.enter("a.org").await;
        pace.enter_as_guest("a.org", "slow.org")
            .await
            .unwrap()
            .succeeded();
        permit.succeeded();
    }
    assert_eq!(start.elapsed().as_millis(), 2000);
}
