//! Refusals that come at random, and say nothing about how a host is asked.

/// How many refusals of a host may be taken for mishaps.
#[derive(Debug)]
pub(super) struct Mishaps {
    /// Grows with each success, and pays for the refusals.
    credit: u32,
    /// Whether the host was found to refuse at random, or not to after all.
    is_random: Option<bool>,
}

/// How many successes pay for one refusal: of a host of which nothing is known, and of one that refuses at random.
const PRICE: u32 = 8;
const PRICE_AT_RANDOM: u32 = 3;
/// The most that is saved up: a few refusals in a row are no mishaps, however long all went well before.
const MAX_CREDIT: u32 = 4 * PRICE;

impl Default for Mishaps {
    /// The first refusal of all may be one.
    fn default() -> Mishaps {
        Mishaps {
            credit: PRICE,
            is_random: None,
        }
    }
}

impl Mishaps {
    /// Notes a success.
    pub(super) fn succeeded(&mut self) {
        self.credit = (self.credit + 1).min(MAX_CREDIT);
    }

    /// Returns whether a refusal is rare enough to be a mishap, and counts it.
    pub(super) fn excuse(&mut self) -> bool {
        let price = match self.is_random() {
            true => PRICE_AT_RANDOM,
            false => PRICE,
        };
        if self.credit < price {
            self.credit = 0;
            // So many refusals have a cause.
            self.is_random = self.is_random.map(|_| false);
            return false;
        }
        self.credit -= price;
        true
    }

    /// Notes that the host seems to refuse at random; returns whether that is believed.
    pub(super) fn found_random(&mut self) -> bool {
        *self.is_random.get_or_insert(true)
    }

    pub(super) fn is_random(&self) -> bool {
        self.is_random == Some(true)
    }
}
