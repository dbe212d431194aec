//! Fields that filters ask for and no item has.

use std::collections::BTreeMap;

use super::Filter;
use crate::model::Item;
use crate::pipeline::naming::engine::is_missing;

/// The fields in filters that rejected items, and whether any of those items had them.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct MissingFields(BTreeMap<&'static str, bool>);

impl MissingFields {
    /// Notes that a filter rejected an item.
    pub(in crate::pipeline) fn note(&mut self, filter: &Filter, item: &Item) {
        for field in filter.fields() {
            let is_there = self.0.entry(field.name).or_default();
            *is_there = *is_there || !is_missing(&(field.value)(item));
        }
    }

    /// Returns the fields that none of the items had.
    pub(in crate::pipeline) fn fields(self) -> Vec<String> {
        let lacking = self.0.into_iter().filter(|(_, is_there)| !is_there);
        lacking.map(|(name, _)| name.to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::naming::sample;

    #[test]
    fn fields_any_item_has_are_not_missing() {
        let filter = "width > 5000 and size > 1".parse().unwrap();
        let mut lacking = MissingFields::default();
        lacking.note(&filter, &sample::bare());
        let mut item = sample::bare();
        item.meta.width = Some(100);
        lacking.note(&filter, &item);
        lacking.note(&filter, &sample::bare());
        assert_eq!(lacking.fields(), ["size"]);
    }
}
