//! Which items of a listing are wanted. Pure: it does not know where items come from or what becomes of them.
#![expect(dead_code, reason = "used by plan and walk, which follow")]

mod filter;
mod ranges;

use jiff::Timestamp;

pub use filter::Filter;
pub use ranges::Ranges;

use crate::model::Item;

/// Whether an item was published at or after this moment. An item without a date passes.
pub(crate) fn since(item: &Item, moment: Timestamp) -> bool {
    item.meta.date.is_none_or(|date| date >= moment)
}
