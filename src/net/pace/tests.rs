//! The line and the permits; the controller has tests of its own.

use super::*;

fn pace(per_host: usize, all: usize) -> Pace {
    let limits = Limits {
        connections: per_host,
        requests_per_second: None,
    };
    Pace::new(all, limits, HashMap::new())
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_its_host_and_no_other() {
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
