//! Values that are parsed from text and shown as they were written.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::model::Error;

/// A value that is parsed from text by the part of the program that it belongs to.
#[derive(Clone, Debug)]
pub(super) struct Parsed<T>(pub(super) T);

/// The prefix of an explanation that is to be shown unchanged.
pub(super) const VERBATIM: char = '\u{1f}';

impl<T: Display> Serialize for Parsed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err = Error>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Parsed<T>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Parsed).map_err(|error: Error| {
            let way_out = error.hint.map(|hint| format!("; {hint}"));
            let message = format!("{VERBATIM}{}{}", error.message, way_out.unwrap_or_default());
            de::Error::custom(message)
        })
    }
}
