//! What a controller and a pacer conclude from what they are told, one decision at a time.

use super::super::controller::{Controller, Entry, Limits, Ticket};
use super::super::pacer::Pacer;
use super::*;

fn controller(connections: usize) -> Controller {
    let limits = Limits {
        connections,
        requests_per_second: None,
    };
    Controller::new(&limits, at(500))
}

pub(super) fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Begins as many requests as are admitted at this moment.
fn fill(controller: &mut Controller, millis: u64) -> Vec<Ticket> {
    std::iter::from_fn(|| controller.begin(at(millis))).collect()
}

/// Five rounds of six went well, the last of them after 550 ms.
pub(super) fn six_that_went_well() -> Controller {
    let mut controller = controller(6);
    for round in 1..=5 {
        for ticket in fill(&mut controller, round * 100) {
            controller.succeeded(ticket, at(round * 100 + 50), 0);
        }
    }
    controller
}

#[test]
fn the_limit_grows_while_that_brings_more_and_never_over_the_cap() {
    let mut controller = controller(32);
    let mut limits = Vec::new();
    for round in 1..=4 {
        let tickets = fill(&mut controller, round * 100);
        limits.push(tickets.len());
        for ticket in tickets {
            controller.succeeded(ticket, at(round * 100 + 100), 0);
        }
    }
    assert_eq!(limits, [6, 18, 32, 32]);
}

/// Returns the limit after rounds of small files, each given as when all are accepted, when all have arrived, and how
/// long the program was busy, in milliseconds.
fn limit_after(rounds: &[(u64, u64, u64)]) -> usize {
    let mut controller = controller(64);
    let (mut now, mut busy) = (0, 0);
    for (answered, took, work) in rounds {
        let mut tickets = fill(&mut controller, now);
        busy += work;
        controller.set_busy_time(at(busy));
        for ticket in &mut tickets {
            controller.accepted(ticket, Some(1000), at(now + answered));
        }
        now += took;
        for ticket in tickets {
            controller.succeeded(ticket, at(now), 0);
        }
    }
    controller.limit()
}

#[test]
fn a_near_host_gets_no_more_connections_where_this_program_has_no_time_to_wait() {
    assert_eq!(limit_after(&[(15, 15, 7)]), 18);
    assert_eq!(limit_after(&[(49, 49, 25)]), 6);
    assert_eq!(limit_after(&[(50, 50, 50)]), 18);
    assert_eq!(limit_after(&[(14, 14, 0)]), 6);
    let first = (14, 14, 0);
    let busy = [
        first,
        (9, 10, 10),
        (9, 20, 12),
        (9, 30, 30),
        (9, 29, 0),
        (9, 70, 70),
    ];
    assert_eq!(limit_after(&busy), 6);
    assert_eq!(limit_after(&[first, (9, 10, 10), (9, 20, 8)]), 18);
    assert_eq!(limit_after(&[first, (9, 30, 25), (9, 30, 10)]), 18);
}

#[test]
fn the_first_responses_raise_the_limit_although_bodies_are_slow() {
    assert_eq!(limit_after(&[(1, 60, 1)]), 18);
    // The first round at a new limit says little, however long it takes.
    assert_eq!(limit_after(&[(1, 60, 1), (1, 500, 1)]), 54);
    assert_eq!(limit_after(&[(60, 60, 1), (1, 500, 1)]), 54);
}

#[test]
fn a_cap_of_one_is_one() {
    let mut controller = controller(1);
    for round in 1..=4 {
        let tickets = fill(&mut controller, round);
        assert_eq!(tickets.len(), 1);
        for ticket in tickets {
            controller.succeeded(ticket, at(round), 0);
        }
    }
}

#[test]
fn each_refusal_of_a_volley_lowers_the_limit_by_one_and_only_the_refused_wait() {
    let mut controller = controller(32);
    let mut tickets = fill(&mut controller, 0);
    for mut ticket in tickets.drain(..4) {
        controller.accepted(&mut ticket, None, at(50));
        controller.succeeded(ticket, at(60), 0);
    }
    for ticket in tickets {
        let refusal = controller.refused(ticket, Some(at(1000)), at(60));
        // The last one has nobody beside it, but others have been accepted since it began.
        assert!(refusal.crowded && refusal.paused.is_none(), "{refusal:?}");
    }
    assert_eq!(controller.limit(), 4);
    assert_eq!(controller.entry(at(60)), Entry::Open);
}

#[test]
fn pauses_of_a_host_that_refuses_everything_double() {
    let mut controller = controller(32);
    let mut waits = Vec::new();
    let mut now = at(0);
    // A host that names a shorter wait, or none, does not mean it: it refuses all the same.
    for retry_after in [None, Some(at(0)), None, Some(at(100)), Some(at(20_000))] {
        let ticket = controller.begin(now).unwrap();
        let refusal = controller.refused(ticket, retry_after, now);
        assert!(!refusal.crowded);
        let wait = refusal.paused.unwrap();
        waits.push(wait.as_millis());
        now += wait;
        assert_eq!(controller.entry(now - at(1)), Entry::At(now));
    }
    assert_eq!(waits, [500, 1000, 2000, 4000, 20_000]);
}

#[test]
fn an_endless_retry_after_does_not_overflow() {
    let mut controller = controller(32);
    for now in [at(0), at(1)] {
        controller.pause(now);
        let ticket = controller.begin(now);
        let refusal = ticket.map(|ticket| controller.refused(ticket, Some(Duration::MAX), now));
        assert!(refusal.is_none_or(|refusal| refusal.paused.is_some()));
    }
    assert_eq!(controller.entry(at(2)), Entry::At(Duration::MAX));
    let pace = pace(2, 8);
    pace.pause("a.org", Duration::MAX);
    pace.pause("a.org", Duration::MAX);
    assert!(pace.try_enter("a.org").is_none());
}

#[test]
fn a_refusal_at_a_safe_limit_is_about_the_rate() {
    let mut controller = six_that_went_well();
    let mut tickets = fill(&mut controller, 600);
    for ticket in &mut tickets {
        controller.accepted(ticket, None, at(600));
    }
    controller.succeeded(tickets.remove(5), at(605), 0);
    let refusal = controller.refused(tickets.remove(0), Some(at(1000)), at(610));
    assert_eq!(refusal.paused, Some(at(1000)));
    for ticket in tickets {
        controller.succeeded(ticket, at(620), 0);
    }
    // 31 succeeded in the time up to the end of the pause: requests continue at that rate.
    assert!(controller.begin(at(1609)).is_none());
    assert!(controller.begin(at(1610)).is_some());
    let Entry::At(next) = controller.entry(at(1611)) else {
        panic!("it is not paced");
    };
    assert!(next > at(1650) && next < at(1670), "{next:?}");
}

#[test]
fn a_first_refusal_at_the_highest_limit_is_about_concurrency() {
    let mut controller = six_that_went_well();
    let mut tickets = fill(&mut controller, 600);
    // The first to begin, but five more are in flight.
    let refusal = controller.refused(tickets.remove(0), Some(at(1000)), at(610));
    assert!(refusal.crowded && refusal.paused.is_none(), "{refusal:?}");
    assert_eq!(controller.limit(), 5);
    for ticket in tickets {
        controller.left(ticket);
    }
    let mut tickets = fill(&mut controller, 620);
    let refusal = controller.refused(tickets.remove(4), Some(at(1000)), at(630));
    assert_eq!(refusal.paused, Some(at(1000)));
}

#[test]
fn a_break_is_a_failure_alone_and_a_refusal_beside_others() {
    let mut controller = controller(32);
    let ticket = controller.begin(at(0)).unwrap();
    assert!(!controller.broke(ticket, at(10)).crowded);
    assert_eq!(controller.limit(), 6);
    let mut tickets = fill(&mut controller, 20);
    controller.accepted(&mut tickets[0], None, at(30));
    assert!(controller.broke(tickets.remove(5), at(30)).crowded);
    assert_eq!(controller.limit(), 5);
}

#[test]
fn large_files_let_the_limit_grow_by_their_bytes() {
    let mut controller = controller(32);
    let mut moved = 0;
    let mut tickets = Vec::new();
    for second in 0..12 {
        let now = second * 1000;
        controller.check_progress(at(now), moved);
        for mut ticket in fill(&mut controller, now) {
            controller.accepted(&mut ticket, Some(1 << 30), at(now));
            tickets.push(ticket);
        }
        moved += 1_000_000 * tickets.len() as u64;
    }
    assert_eq!(tickets.len(), 32);
}

#[test]
fn a_pace_that_was_learned_rises_by_and_by() {
    let mut pacer = Pacer::new(None, at(500));
    for request in 0..100 {
        pacer.begin(at(request * 10));
        pacer.accepted(at(request * 10));
    }
    assert_eq!(pacer.next(), Duration::ZERO);
    assert_eq!(pacer.refused(Some(at(1000)), at(1000)), at(1000));
    let gaps = [2000, 5000, 10_000].map(|now| {
        pacer.begin(at(now));
        let gap = pacer.next() - at(now);
        for half in 1..10 {
            pacer.accepted(at(now + half * 500));
        }
        gap.as_millis()
    });
    assert!(
        gaps[0] == 20 && gaps[1] < gaps[0] && gaps[2] < gaps[1],
        "{gaps:?}"
    );
}

proptest::proptest! {
    /// Whatever happens in whatever order, the counts balance (or the arithmetic panics), and the limit stays in
    /// bounds.
    #[test]
    fn the_limit_stays_in_its_bounds_whatever_happens(
        cap in 1usize..40,
        events in proptest::collection::vec((0u8..8, 0usize..64, 0u64..700), 1..400),
    ) {
        let mut controller = controller(cap);
        let mut tickets: Vec<Ticket> = Vec::new();
        let mut now = Duration::ZERO;
        for (event, which, millis) in events {
            now += at(millis / 10);
            if event < 2 {
                tickets.extend(controller.begin(now));
            } else if event == 2 {
                now += at(millis);
                controller.check_progress(now, now.as_millis() as u64 * 1000);
            } else if !tickets.is_empty() {
                let which = which % tickets.len();
                match event {
                    3 => controller.accepted(&mut tickets[which], Some(millis), now),
                    4 | 5 => controller.succeeded(tickets.remove(which), now, 0),
                    6 => drop(controller.refused(tickets.remove(which), None, now)),
                    _ if millis % 2 == 0 => drop(controller.broke(tickets.remove(which), now)),
                    _ => controller.left(tickets.remove(which)),
                }
            }
            assert!((1..=cap).contains(&controller.limit()));
            assert!(tickets.len() <= cap);
        }
        for ticket in tickets {
            controller.left(ticket);
        }
        // The controller recovers: after every pause a request is admitted.
        assert!(controller.begin(now + Duration::from_secs(3600)).is_some());
    }
}

#[test]
fn repeated_refusals_of_one_request_do_not_slow_its_host() {
    let mut controller = six_that_went_well();
    let mut now = 1000;
    // Each is refused, and refused again when it is retried, while others are accepted.
    let mut asked = |controller: &mut Controller, begun_before| {
        let mut enter = |controller: &mut Controller| {
            loop {
                now += 10;
                if let Some(ticket) = controller.begin(at(now)) {
                    break (ticket, now + 5);
                }
            }
        };
        let (good, answered) = enter(controller);
        controller.succeeded(good, at(answered), 0);
        let (refused, answered) = enter(controller);
        controller.refused_again(refused, begun_before, 100, at(answered))
    };
    let mut begun_before = None;
    for _ in 0..8 {
        begun_before = Some(asked(&mut controller, begun_before).begun);
    }
    // By then, it is known.
    for _ in 0..20 {
        let limit = controller.limit();
        let refusal = asked(&mut controller, None);
        assert_eq!(refusal.paused, None);
        assert!(controller.limit() >= limit);
    }
    // Once it is accepted after all, refusals count again.
    for _ in 0..8 {
        controller.recovered();
    }
    let limit = controller.limit();
    let refusal = asked(&mut controller, None);
    assert!(refusal.paused.is_some() || controller.limit() < limit);
}

#[test]
fn acceptances_before_a_refusal_do_not_vouch_for_later() {
    let mut controller = six_that_went_well();
    let mut accepted: Vec<_> = (0..6)
        .map(|_| controller.begin(at(1000)).unwrap())
        .collect();
    for ticket in &mut accepted {
        controller.accepted(ticket, None, at(1010));
    }
    // From now on the host lets nobody in; what it accepted before arrives one after the other.
    let mut now = 1020;
    let mut begun_before = None;
    let mut paused = 0;
    while let Some(good) = accepted.pop() {
        controller.succeeded(good, at(now), 0);
        let refused = loop {
            now += 10;
            if let Some(ticket) = controller.begin(at(now)) {
                break ticket;
            }
        };
        let refusal = controller.refused_again(refused, begun_before, 100, at(now + 5));
        assert!(!refusal.resource_specific, "{refusal:?}");
        paused += u32::from(refusal.paused.is_some());
        begun_before = Some(refusal.begun);
    }
    assert!(paused > 0);
}

#[test]
fn long_intervals_are_reported_once_and_when_much_longer() {
    let mut pacer = Pacer::new(None, at(500));
    let mut reported = |since: u64, until: u64| {
        (0..5).for_each(|_| pacer.accepted(at(since)));
        pacer.refused(None, at(until));
        pacer.new_interval().map(|interval| interval.as_secs())
    };
    assert_eq!(reported(0, 2000), None);
    assert_eq!(reported(2500, 17_500), Some(3));
    assert_eq!(reported(18_000, 42_500), None);
    assert_eq!(reported(43_000, 120_000), Some(15));
}
