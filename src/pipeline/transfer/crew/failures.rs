//! What follows when a worker fails while others continue.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::Crew;
use crate::pipeline::transfer::growth::Growth;
use crate::pipeline::transfer::setback::Setback;

/// The failures of workers, as long as others continue.
#[derive(Default)]
pub(super) struct Failures {
    /// How many times a server with ranges contradicted itself.
    strikes: usize,
    /// The last failure. If the last worker ends with the file incomplete, it counts for all.
    last: Option<Setback>,
}

impl Crew<'_> {
    /// Takes note of a worker that has ended while `left` others continue; `None` if there was none any more. Breaks
    /// with the outcome if no others are to be waited for.
    pub(super) fn note_end(
        &self,
        ended: Option<Result<(), Setback>>,
        left: usize,
        failures: &mut Failures,
        growth: &mut Growth,
    ) -> ControlFlow<Result<(), Setback>> {
        let setback = match ended {
            Some(Ok(())) => {
                // Workers that request bytes which have arrived meanwhile are not waited for.
                let idle = self.relieving.load(Ordering::Relaxed);
                return match idle > 0 && left == idle && self.ledger().is_complete() {
                    true => ControlFlow::Break(Ok(())),
                    false => ControlFlow::Continue(()),
                };
            }
            None => {
                return ControlFlow::Break(match failures.last.take() {
                    Some(setback) if !self.ledger().is_complete() => Err(setback),
                    _ => Ok(()),
                });
            }
            Some(Err(setback)) => setback,
        };
        if matches!(setback, Setback::GiveUp(_)) {
            return ControlFlow::Break(Err(setback));
        }
        let has_ranges = !self.without_ranges.load(Ordering::Relaxed);
        failures.strikes += usize::from(has_ranges && matches!(setback, Setback::Restart(_)));
        if left == 0 || failures.strikes > 1 {
            return ControlFlow::Break(Err(setback));
        }
        failures.last = Some(setback);
        growth.drop_trial(Instant::now());
        ControlFlow::Continue(())
    }
}
