//! Detects endless listings: a site whose pages lead back to one another would be queried until the limits of the run.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::call::ScriptRequest;
use crate::model::{Error, Kind, Result};
use crate::net::Redacted;
use crate::source::Answer;

/// How many rounds of the same responses in the same order make a loop. Requests repeated in between, such as a token
/// for each file, do not, and neither does a script that tries something three times.
const ROUNDS: usize = 4;

/// The requests and responses so far, in order.
#[derive(Debug, Default)]
pub(super) struct LoopDetector(Vec<u64>);

/// Returns a fingerprint of requests made together.
pub(super) fn fingerprint(requests: &[ScriptRequest]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for request in requests {
        request.url.hash(&mut hasher);
        request.headers.hash(&mut hasher);
        request.secret.hash(&mut hasher);
        request
            .body
            .as_ref()
            .map(|body| &body.bytes)
            .hash(&mut hasher);
    }
    hasher.finish()
}

impl LoopDetector {
    /// Returns the responses, unless they complete a loop.
    ///
    /// # Errors
    /// [`Kind::Changed`] if the listing is in a loop.
    pub(super) fn check(&mut self, requests: u64, answers: Vec<Answer>) -> Result<Vec<Answer>> {
        let mut hasher = DefaultHasher::new();
        requests.hash(&mut hasher);
        for answer in &answers {
            (answer.status, &answer.body).hash(&mut hasher);
        }
        match (self.completes_loop(hasher.finish()), answers.first()) {
            (true, Some(answer)) => {
                let url = Redacted(&answer.url);
                let message = format!(
                    "the listing is in a loop: `{url}` returned the same response {ROUNDS} times"
                );
                Err(Error::new(Kind::Changed, message))
            }
            _ => Ok(answers),
        }
    }

    fn completes_loop(&mut self, now: u64) -> bool {
        let before = self.0.iter().rev().position(|known| *known == now);
        self.0.push(now);
        let Some(round) = before.map(|at| at + 1) else {
            return false;
        };
        let since = self.0.len().checked_sub(round * ROUNDS);
        since.is_some_and(|since| {
            let rounds = &self.0[since..];
            rounds[round..] == rounds[..rounds.len() - round]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_in_the_same_order_is_a_loop() {
        let table: [(&[u64], bool); 8] = [
            (&[], false),
            (&[1, 1, 1], false),
            (&[1, 1, 1, 1], true),
            (&[1, 1, 1, 2, 1, 1, 1], false),
            (&[9, 1, 2, 1, 2, 1, 2, 1, 2], true),
            (&[9, 1, 2, 1, 2, 1, 2, 1], false),
            (&[9, 1, 9, 2, 9, 3, 9, 4, 9, 5], false),
            (&[9, 1, 9, 2, 9, 1, 9, 2, 9, 1, 9, 2, 9, 1, 9, 2], true),
        ];
        for (answers, expected) in table {
            let mut loops = LoopDetector::default();
            let closed: Vec<_> = answers
                .iter()
                .map(|now| loops.completes_loop(*now))
                .collect();
            assert_eq!(closed.contains(&true), expected, "{answers:?}");
        }
    }
}
