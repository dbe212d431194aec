//! The limit that is found, compared with the best fixed one.

use super::model::{Model, Over};
use super::simulated::{Outcome, run};

const LIMITS: [usize; 7] = [1, 2, 4, 6, 8, 16, 32];

/// Model hosts, each with how much longer than the best fixed limit it may take (as a ratio), and the most refusals
/// allowed.
fn hosts() -> Vec<(&'static str, Model, f64, usize)> {
    let plain = Model::default();
    let mixed = |file: usize| match file % 10 {
        0 => 8 << 20,
        1..=3 => 1 << 20,
        _ => 20 << 10,
    };
    vec![
        (
            "latency of 80 ms",
            Model {
                round_trip: 0.08,
                ..plain
            },
            1.25,
            25,
        ),
        (
            "1 MB/s for each connection",
            Model {
                round_trip: 0.02,
                each: 1e6,
                ..plain
            },
            1.25,
            25,
        ),
        (
            "15 MB/s in all",
            Model {
                round_trip: 0.02,
                total: 15e6,
                ..plain
            },
            1.25,
            25,
        ),
        (
            "429 over 6 at once",
            Model {
                round_trip: 0.02,
                work: 0.07,
                at_once: |_| 6,
                retry_after: Some(1.0),
                ..plain
            },
            1.25,
            25,
        ),
        (
            "reset over 4 at once",
            Model {
                round_trip: 0.02,
                work: 0.07,
                at_once: |_| 4,
                over: Over::Reset,
                ..plain
            },
            1.25,
            25,
        ),
        (
            "429 over 25 a second",
            Model {
                round_trip: 0.001,
                work: 0.03,
                per_second: 25.0,
                retry_after: Some(1.0),
                ..plain
            },
            1.25,
            40,
        ),
        (
            "429 over 25 a second, far",
            Model {
                round_trip: 0.08,
                work: 0.03,
                per_second: 25.0,
                retry_after: Some(1.0),
                ..plain
            },
            1.25,
            40,
        ),
        (
            "429 over 25 a second, no word",
            Model {
                round_trip: 0.02,
                work: 0.03,
                per_second: 25.0,
                ..plain
            },
            1.25,
            40,
        ),
        (
            "429 over 6 at once, no word",
            Model {
                round_trip: 0.02,
                work: 0.07,
                at_once: |_| 6,
                ..plain
            },
            1.25,
            25,
        ),
        (
            "429 over 10 at once, far",
            Model {
                round_trip: 0.15,
                work: 0.07,
                at_once: |_| 10,
                retry_after: Some(1.0),
                ..plain
            },
            1.25,
            25,
        ),
        (
            "stall over 8 at once",
            Model {
                round_trip: 0.02,
                work: 0.07,
                at_once: |_| 8,
                over: Over::Stall,
                ..plain
            },
            1.25,
            25,
        ),
        (
            "slow starts",
            Model {
                round_trip: 0.05,
                slow_start: true,
                size: |_| 64 << 10,
                files: 400,
                ..plain
            },
            1.25,
            0,
        ),
        (
            "slow starts, 15 MB/s in all",
            Model {
                round_trip: 0.05,
                slow_start: true,
                total: 15e6,
                ..plain
            },
            1.25,
            0,
        ),
        (
            "sizes that differ",
            Model {
                round_trip: 0.05,
                slow_start: true,
                each: 4e6,
                total: 40e6,
                size: mixed,
                ..plain
            },
            1.25,
            0,
        ),
        (
            "sizes that differ, 6 at once",
            Model {
                round_trip: 0.05,
                each: 4e6,
                at_once: |_| 6,
                retry_after: Some(1.0),
                size: mixed,
                ..plain
            },
            1.25,
            25,
        ),
        (
            "large files, 1 MB/s each",
            Model {
                round_trip: 0.05,
                each: 1e6,
                size: |_| 20 << 20,
                files: 100,
                ..plain
            },
            1.25,
            0,
        ),
        (
            "breaks now and then",
            Model {
                round_trip: 0.08,
                flaky: 50,
                files: 600,
                ..plain
            },
            1.4,
            25,
        ),
        (
            "one at once",
            Model {
                round_trip: 0.02,
                work: 0.03,
                at_once: |_| 1,
                retry_after: Some(1.0),
                ..plain
            },
            1.25,
            25,
        ),
        (
            "16 at once, then 5",
            Model {
                round_trip: 0.02,
                work: 0.07,
                at_once: |now| if now < 3.0 { 16 } else { 5 },
                retry_after: Some(1.0),
                files: 600,
                ..plain
            },
            1.25,
            25,
        ),
        (
            "4 at once, then 20",
            Model {
                round_trip: 0.02,
                work: 0.07,
                at_once: |now| if now < 5.0 { 4 } else { 20 },
                retry_after: Some(1.0),
                files: 2000,
                ..plain
            },
            1.5,
            25,
        ),
        (
            "16 at once, then 5, resets",
            Model {
                round_trip: 0.02,
                work: 0.07,
                at_once: |now| if now < 3.0 { 16 } else { 5 },
                over: Over::Reset,
                files: 600,
                ..plain
            },
            1.25,
            25,
        ),
    ]
}

fn best(model: &Model) -> (usize, Outcome) {
    let runs = LIMITS.map(|limit| (limit, run(&[*model], 32, Some(limit))[0]));
    let best = runs
        .into_iter()
        .min_by(|one, two| one.1.wall.total_cmp(&two.1.wall));
    best.unwrap()
}

#[test]
fn the_limit_found_is_close_to_the_best_known() {
    let mut wrong = Vec::new();
    for (name, model, ratio, refusals) in hosts() {
        let (limit, best) = best(&model);
        let found = run(&[model], 32, None)[0];
        let line = format!(
            "{name:31} best fixed {limit:2}: {:6.2} s, {:3} refused; found: {:6.2} s, {:2} refused, {:2} at the end; ratio {:.2}",
            best.wall,
            best.refused,
            found.wall,
            found.refused,
            found.limit,
            found.wall / best.wall
        );
        assert_eq!(found.arrived, model.files, "{line}");
        if found.wall > ratio * best.wall || found.refused > refusals {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn hosts_that_share_the_places_of_a_run_are_all_served() {
    let plain = Model::default();
    let models = [
        Model {
            round_trip: 0.08,
            ..plain
        },
        Model {
            round_trip: 0.02,
            each: 1e6,
            ..plain
        },
        Model {
            round_trip: 0.02,
            work: 0.07,
            at_once: |_| 6,
            retry_after: Some(1.0),
            ..plain
        },
        Model {
            round_trip: 0.02,
            per_second: 25.0,
            retry_after: Some(1.0),
            ..plain
        },
    ];
    for all in [2, 8, 32] {
        let wall = |outcomes: &[Outcome]| outcomes.iter().map(|host| host.wall).fold(0.0, f64::max);
        let best = LIMITS
            .map(|limit| wall(&run(&models, all, Some(limit))))
            .into_iter()
            .fold(f64::INFINITY, f64::min);
        let found = run(&models, all, None);
        assert!(found.iter().all(|host| host.arrived == 200), "{found:?}");
        assert!(found.iter().all(|host| host.refused <= 40), "{found:?}");
        assert!(wall(&found) <= 1.25 * best, "{} {best}", wall(&found));
    }
}

/// Requests and responses that overtake each other say less, and say it late.
#[test]
fn a_host_is_not_mistaken_for_another_kind_on_an_unsteady_line() {
    let line = |late: f64| Model {
        round_trip: 0.002,
        work: 0.03,
        retry_after: Some(1.0),
        jitter: late,
        ..Model::default()
    };
    let at_once = |late: f64, at_once: fn(f64) -> usize| Model {
        at_once,
        ..line(late)
    };
    let per_second = |late: f64, per_second: f64| Model {
        per_second,
        ..line(late)
    };
    let table = [
        (at_once(0.05, |_| 1), 1.25, 10),
        (at_once(0.05, |_| 3), 1.25, 10),
        (at_once(0.01, |_| 6), 1.1, 20),
        (at_once(0.05, |_| 6), 1.1, 20),
        (at_once(0.15, |_| 6), 1.5, 20),
        (at_once(0.05, |_| 12), 1.25, 20),
        (per_second(0.02, 25.0), 1.4, 40),
        (per_second(0.02, 5.0), 1.25, 20),
    ];
    for (row, (model, ratio, refusals)) in table.into_iter().enumerate() {
        for seed in 0..40 {
            let model = Model { seed, ..model };
            let (_, best) = best(&model);
            let found = run(&[model], 32, None)[0];
            assert_eq!(found.arrived, model.files);
            assert!(found.wall < ratio * best.wall, "{row}, {seed}: {found:?}");
            assert!(found.refused <= refusals, "{row}, {seed}: {found:?}");
        }
    }
}
