//! Which items of a listing are wanted. Pure: knows neither where items come from nor what happens to them.

mod bytes;
mod filter;
mod missing_fields;
mod ranges;
mod types;

pub use bytes::bytes;
pub use filter::Filter;
pub(super) use missing_fields::MissingFields;
pub use ranges::Ranges;

use super::Settings;
use super::naming::MediaKind;
use crate::model::{Item, Result};

/// Checks whether an item is wanted by date, kind and filter. An unknown date or kind counts in its favour.
///
/// # Errors
/// [`crate::model::Kind::Config`] if the filter cannot be applied.
pub(super) fn wants(settings: &Settings, item: &Item) -> Result<bool> {
    let date = item.meta.date;
    let early = settings
        .since
        .zip(date)
        .is_some_and(|(since, date)| date < since);
    let late = settings
        .until
        .zip(date)
        .is_some_and(|(until, date)| date >= until);
    if early || late {
        return Ok(false);
    }
    if !settings.kinds.is_empty()
        && MediaKind::of(item).is_some_and(|kind| !settings.kinds.contains(&kind))
    {
        return Ok(false);
    }
    match &settings.filter {
        Some(filter) => filter.wants(item),
        None => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::super::naming::sample;
    use super::*;

    #[test]
    fn unknown_fields_do_not_exclude_an_item() {
        let settings = Settings {
            since: "2024-05-03T00:00:00Z".parse().ok(),
            until: "2024-06-01T00:00:00Z".parse().ok(),
            kinds: vec![MediaKind::Image, MediaKind::Audio],
            filter: "width is none or width >= 100".parse().ok(),
            ..Settings::default()
        };
        let table = [
            ("", "", 0, true),
            ("2024-05-03T00:00:00Z", "jpg", 100, true),
            ("2024-05-02T23:59:59Z", "jpg", 100, false),
            ("2024-05-31T23:59:59Z", "mp3", 100, true),
            ("2024-06-01T00:00:00Z", "jpg", 100, false),
            ("2024-05-03T00:00:00Z", "mp4", 100, false),
            ("", "zip", 100, false),
            ("", "jpg", 99, false),
        ];
        for (date, ext, width, expected) in table {
            let mut item = sample::bare();
            item.meta.date = date.parse().ok();
            item.meta.ext = Some(ext.to_owned());
            item.meta.width = Some(width).filter(|width| *width > 0);
            assert_eq!(
                wants(&settings, &item).unwrap(),
                expected,
                "{date} {ext} {width}"
            );
        }
    }
}
