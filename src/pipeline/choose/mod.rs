//! Which items of a listing are wanted. Pure: it does not know where items come from or what becomes of them.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Body, Meta};

    #[test]
    fn only_a_date_before_the_moment_is_too_old() {
        let moment: Timestamp = "2024-05-03T00:00:00Z".parse().unwrap();
        let table = [
            (None, true),
            (Some("2024-05-03T00:00:00Z"), true),
            (Some("2024-05-02T23:59:59Z"), false),
        ];
        for (date, expected) in table {
            let date = date.map(|date| date.parse().unwrap());
            let meta = Meta {
                date,
                ..Meta::default()
            };
            let (source, key, body) = ("test".to_owned(), "1".to_owned(), Body::Later);
            assert_eq!(
                since(
                    &Item {
                        source,
                        key,
                        meta,
                        body
                    },
                    moment
                ),
                expected,
                "{date:?}"
            );
        }
    }
}
