//! Hosts whose refusals, or slowness, have other causes than most.

use super::model::Model;
use super::simulated::run;

/// Returns the longest time of these seeds and the most refusals.
fn worst(model: Model) -> (f64, usize) {
    let outcomes = (0..20).map(|seed| {
        let model = Model { seed, ..model };
        let found = run(&[model], 32, None)[0];
        assert_eq!(found.arrived, model.files);
        (found.wall, found.refused)
    });
    outcomes.fold((0.0, 0), |(wall, most), (next, refused)| {
        (f64::max(wall, next), most.max(refused))
    })
}

#[test]
fn a_host_that_refuses_at_random_is_not_asked_more_slowly() {
    // At 32 at once, 400 files take about a second.
    for (random_refusals, most) in [(100, 9.0), (33, 9.0), (16, 10.0), (8, 45.0)] {
        let (wall, refused) = worst(Model {
            round_trip: 0.02,
            work: 0.07,
            random_refusals,
            files: 400,
            ..Model::default()
        });
        assert!(
            wall < most,
            "1 in {random_refusals}: {wall} s, {refused} refused"
        );
    }
}

#[test]
fn a_queueing_host_gets_few_connections() {
    for (free, power, most) in [(2, 1.5, 1.8), (4, 1.5, 1.6), (8, 2.0, 2.0), (4, 1.0, 1.25)] {
        let model = Model {
            round_trip: 0.01,
            work: 0.1,
            contention: Some((free, power)),
            files: 400,
            ..Model::default()
        };
        let best = run(&[model], 32, Some(free))[0].wall;
        let found = run(&[model], 32, None)[0];
        assert!(
            found.wall < most * best,
            "{free}, {power}: {found:?}, best {best}"
        );
    }
}
