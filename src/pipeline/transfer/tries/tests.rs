use super::*;
use crate::net::Settings;

fn tries() -> Tries {
    Tries::new(&Client::new(Settings::default()).unwrap())
}

/// How many refusals of this kind a file survives, up to a thousand; `refusal` is told how many there were before.
fn stands(error: impl Fn() -> Error, refusal: impl Fn(u64) -> Refusal) -> u64 {
    let mut tries = tries();
    let gives_up = |number: &u64| {
        tries.refusal = Some(refusal(*number));
        tries.wait(error()).is_err()
    };
    (0..1000).find(gives_up).unwrap_or(1000)
}

#[test]
fn a_file_is_given_up_when_nothing_comes_of_its_host_any_more() {
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
        vain: number as u32 + 15,
        ..Refusal::default()
    };
    assert_eq!(stands(busy, vain), 6);
}

#[test]
fn each_request_is_one_attempt() {
    let mut tries = tries();
    // Whether to wait before the next request, if there is one at all, and how many attempts that makes.
    let mut refused = || {
        let error = tries.anew(Error::new(Kind::Blocked, "403")).unwrap();
        let waits = tries.insist(error).map(|wait| wait.is_some());
        (waits.ok(), tries.from_start, tries.attempts())
    };
    assert_eq!(refused(), (Some(true), false, 2));
    assert_eq!(refused(), (Some(false), true, 3));
    assert_eq!(refused(), (None, true, 3));
}

#[test]
fn a_wait_of_hours_is_a_failure_unless_others_are_let_in() {
    let hours = || Error::new(Kind::Busy, "busy").after(Duration::from_secs(7200));
    assert!(tries().wait(hours()).is_err());
    let mut tries = tries();
    tries.refusal = Some(Refusal {
        crowded: true,
        ..Refusal::default()
    });
    assert!(tries.wait(hours()).unwrap().time <= Duration::from_secs(1));
}

#[test]
fn a_wait_of_no_time_is_none() {
    let beside = Refusal {
        crowded: true,
        ..Refusal::default()
    };
    let now = || Error::new(Kind::Busy, "busy").after(Duration::ZERO);
    let mut tries = tries();
    let mut waits = Vec::new();
    for _ in 0..3 {
        tries.refusal = Some(beside);
        waits.push(tries.wait(now()).unwrap().time);
    }
    let base = Settings::default().backoff;
    assert!(waits[0] >= base / 2 && waits[2] >= base * 2, "{waits:?}");
}

#[test]
fn what_is_refused_again_and_again_beside_others_is_at_fault_itself() {
    let mut tries = tries();
    for _ in 0..OWN_FAULT {
        assert!(tries.may_be_haste());
        tries.refusal = Some(Refusal {
            crowded: true,
            ..Refusal::default()
        });
        tries.wait(Error::new(Kind::Network, "503")).unwrap();
    }
    assert!(!tries.may_be_haste());
    tries.moved(1 << 20, None);
    assert!(tries.may_be_haste());
}

#[test]
fn what_is_always_busy_while_others_are_let_in_is_given_up_soon() {
    let told = |wait: u64| Error::new(Kind::Busy, "429").after(Duration::from_millis(wait));
    let silent = || Error::new(Kind::Busy, "429");
    let stands = |error: &dyn Fn() -> Error, paused: Option<Duration>, for_itself: bool| {
        let mut tries = tries();
        let fails = |number: &u64| {
            // A request that is itself at fault is not reported to the pace controller.
            let refusal = Refusal {
                paused,
                succeeded: number * 10,
                begun: number * 10,
                last_good: number * 10,
                for_itself,
                ..Refusal::default()
            };
            tries.refusal = tries.may_be_haste().then_some(refusal);
            tries.wait(error()).is_err()
        };
        (0..100).find(fails)
    };
    let pause = Some(Duration::from_secs(1));
    assert_eq!(stands(&silent, None, true), Some(9));
    assert_eq!(stands(&silent, pause, false), Some(10));
    assert_eq!(stands(&|| told(0), pause, false), Some(10));
    // A host that says how long to wait is taken at its word.
    assert_eq!(stands(&|| told(1000), pause, false), None);
}
