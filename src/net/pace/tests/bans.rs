//! Hosts that accept nothing for a while.

use super::super::controller::{Controller, Entry, Ticket};
use super::decides::{at, six_that_went_well};
use super::*;

/// Begins a request as soon as that is allowed, from `now` on.
fn begin(controller: &mut Controller, now: &mut Duration) -> Ticket {
    if let Entry::At(next) = controller.entry(*now) {
        *now = next;
    }
    controller.begin(*now).unwrap()
}

#[test]
fn breaks_with_nothing_accepted_pause_a_host_that_worked() {
    let mut controller = six_that_went_well();
    let mut now = at(10_000);
    let mut pauses = Vec::new();
    let mut is_down = Vec::new();
    for _ in 0..11 {
        let ticket = begin(&mut controller, &mut now);
        let refusal = controller.broke(ticket, now);
        pauses.push(refusal.paused.map_or(0.0, |wait| wait.as_secs_f64()));
        is_down.push(refusal.down);
    }
    assert_eq!(
        pauses,
        [0.0, 0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 0.0, 0.0]
    );
    assert_eq!(is_down.iter().position(|down| *down), Some(9));
    let ticket = begin(&mut controller, &mut now);
    controller.succeeded(ticket, now, 0);
    let ticket = begin(&mut controller, &mut now);
    assert!(!controller.broke(ticket, now).down);
}

#[test]
fn a_second_ban_is_not_taken_for_repeated_refusals() {
    let mut controller = six_that_went_well();
    let mut now = at(10_000);
    let mut before = None;
    for ban in 0..2 {
        let mut last = None;
        for request in 0..20 {
            let ticket = begin(&mut controller, &mut now);
            let refusal = controller.refused_again(ticket, before, 100, now);
            assert!(!refusal.resource_specific, "{ban}, {request}");
            last = Some(refusal.begun);
        }
        before = last;
        for _ in 0..3 {
            let ticket = begin(&mut controller, &mut now);
            controller.succeeded(ticket, now + at(50), 0);
        }
    }
}

#[test]
fn a_host_that_accepts_nothing_after_many_pauses_is_down() {
    let mut controller = six_that_went_well();
    let mut now = at(10_000);
    let mut outcomes = Vec::new();
    for _ in 0..6 {
        let ticket = begin(&mut controller, &mut now);
        let refusal = controller.refused_again(ticket, None, 3, now);
        outcomes.push((refusal.paused.is_some(), refusal.down));
    }
    let (waits, gives_up) = ((true, false), (false, true));
    assert_eq!(
        outcomes,
        [waits, waits, waits, gives_up, gives_up, gives_up]
    );
}

#[test]
fn connections_that_stall_together_are_not_a_ban() {
    let mut controller = six_that_went_well();
    let tickets: Vec<_> = std::iter::from_fn(|| controller.begin(at(10_000))).collect();
    assert!(tickets.len() >= 6);
    for ticket in tickets {
        assert_eq!(controller.broke(ticket, at(40_000)).paused, None);
    }
}
