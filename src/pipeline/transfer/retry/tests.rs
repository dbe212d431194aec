use super::*;
use crate::net::Settings;

fn retry() -> RetryState {
    RetryState::new(&Client::new(Settings::default()).unwrap())
}

/// How many refusals of this kind a file survives, up to a thousand; `refusal` is busy_for how many there were before.
fn stands(error: impl Fn() -> Error, refusal: impl Fn(u64) -> Refusal) -> u64 {
    let mut retry = retry();
    let gives_up = |number: &u64| {
        retry.refusal = Some(refusal(*number));
        retry.wait(error()).is_err()
    };
    (0..1000).find(gives_up).unwrap_or(1000)
}

#[test]
fn a_file_is_given_up_when_its_host_accepts_nothing_any_more() {
    let busy = || Error::new(Kind::Busy, "too many requests").after(Duration::from_secs(1));
    let broken = || Error::new(Kind::Network, "the connection broke");
    let crowded = |succeeded| Refusal {
        crowded: true,
        succeeded,
        ..Refusal::default()
    };
    // As long as others are let in, only time counts: half an hour of one-second waits.
    assert_eq!(stands(busy, crowded), 1000);
    assert_eq!(stands(busy, |_| crowded(0)), 20);
    // If the host gives no time, the waits grow up to a minute.
    let stood = stands(broken, crowded);
    assert!((30..90).contains(&stood), "{stood}");
    let alone = |succeeded| Refusal {
        succeeded,
        ..Refusal::default()
    };
    assert_eq!(stands(broken, alone), 5);
    let vain = |number| Refusal {
        paused: Some(Duration::from_secs(1)),
        fruitless_pauses: number as u32 + 15,
        ..Refusal::default()
    };
    assert_eq!(stands(busy, vain), 6);
}

#[test]
fn each_request_is_one_attempt() {
    let mut retry = retry();
    // Whether to wait before the next request, if there is one at all, and how many attempts that makes.
    let mut refused = || {
        let error = retry
            .renew_address(Error::new(Kind::Blocked, "403"))
            .unwrap();
        let waits = retry.insist(error).map(|wait| wait.is_some());
        (waits.ok(), retry.from_start, retry.attempts())
    };
    assert_eq!(refused(), (Some(true), false, 2));
    assert_eq!(refused(), (Some(false), true, 3));
    assert_eq!(refused(), (None, true, 3));
}

#[test]
fn a_wait_of_hours_is_a_failure_unless_others_are_let_in() {
    let hours = || Error::new(Kind::Busy, "busy").after(Duration::from_secs(7200));
    assert!(retry().wait(hours()).is_err());
    let mut retry = retry();
    retry.refusal = Some(Refusal {
        crowded: true,
        ..Refusal::default()
    });
    assert!(retry.wait(hours()).unwrap().time <= Duration::from_secs(1));
}

#[test]
fn a_retry_after_of_zero_is_ignored() {
    let beside = Refusal {
        crowded: true,
        ..Refusal::default()
    };
    let now = || Error::new(Kind::Busy, "busy").after(Duration::ZERO);
    let mut retry = retry();
    let mut waits = Vec::new();
    for _ in 0..3 {
        retry.refusal = Some(beside);
        waits.push(retry.wait(now()).unwrap().time);
    }
    let base = Settings::default().backoff;
    assert!(waits[0] >= base / 2 && waits[2] >= base * 2, "{waits:?}");
}

#[test]
fn repeated_refusals_beside_others_are_the_requests_fault() {
    let mut retry = retry();
    for _ in 0..OWN_FAULT {
        assert!(retry.may_be_rate_limit());
        retry.refusal = Some(Refusal {
            crowded: true,
            ..Refusal::default()
        });
        retry.wait(Error::new(Kind::Network, "503")).unwrap();
    }
    assert!(!retry.may_be_rate_limit());
    retry.note_progress(1 << 20, None);
    assert!(retry.may_be_rate_limit());
}

#[test]
fn a_request_always_refused_beside_others_is_given_up_soon() {
    let busy_for = |wait: u64| Error::new(Kind::Busy, "429").after(Duration::from_millis(wait));
    let silent = || Error::new(Kind::Busy, "429");
    let stands = |error: &dyn Fn() -> Error, paused: Option<Duration>, resource_specific: bool| {
        let mut retry = retry();
        let fails = |number: &u64| {
            // A request that is itself at fault is not reported to the pace controller.
            let refusal = Refusal {
                paused,
                succeeded: number * 10,
                begun: number * 10,
                last_good: number * 10,
                resource_specific,
                ..Refusal::default()
            };
            retry.refusal = retry.may_be_rate_limit().then_some(refusal);
            retry.wait(error()).is_err()
        };
        (0..100).find(fails)
    };
    let pause = Some(Duration::from_secs(1));
    assert_eq!(stands(&silent, None, true), Some(9));
    assert_eq!(stands(&silent, pause, false), Some(10));
    assert_eq!(stands(&|| busy_for(0), pause, false), Some(10));
    // A host that says how long to wait is taken at its word.
    assert_eq!(stands(&|| busy_for(1000), pause, false), None);
}
