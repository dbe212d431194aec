//! Whether an album is packed, and what then happens to its files.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Whether the files of an album are packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Packing {
    /// They are not packed.
    #[default]
    No,
    /// They are packed, and kept.
    Beside,
    /// They are packed, and removed once all of them are packed.
    Only,
}

const ONLY: &str = "only";

impl Serialize for Packing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Packing::No => serializer.serialize_bool(false),
            Packing::Beside => serializer.serialize_bool(true),
            Packing::Only => serializer.serialize_str(ONLY),
        }
    }
}

impl<'de> Deserialize<'de> for Packing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Packing, D::Error> {
        deserializer.deserialize_any(Given)
    }
}

struct Given;

impl de::Visitor<'_> for Given {
    type Value = Packing;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("`true`, `false` or \"only\"")
    }

    fn visit_bool<E>(self, is_wanted: bool) -> Result<Packing, E> {
        Ok(match is_wanted {
            true => Packing::Beside,
            false => Packing::No,
        })
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Packing, E> {
        match text {
            ONLY => Ok(Packing::Only),
            text => Err(E::invalid_value(de::Unexpected::Str(text), &Given)),
        }
    }
}
