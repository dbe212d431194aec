//! Hashes of the settings of sources.

use serde::Serialize;

/// Returns a hash of settings for [`super::Source::settings_hash`]; settings that serialize equally have the same.
pub fn settings_hash(settings: &impl Serialize) -> i64 {
    // Settings come from a file, or from flags, so they can be written as JSON.
    let json = serde_json::to_vec(settings).unwrap_or_default();
    let hash = blake3::hash(&json);
    let (first, _) = hash.as_bytes().split_at(size_of::<i64>());
    first.try_into().map_or(0, i64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn other_settings_have_another_hash() {
        let hash = |value: &str| settings_hash(&BTreeMap::from([("language", value)]));
        assert_eq!(hash("en"), hash("en"));
        assert_ne!(hash("en"), hash("fr"));
        assert_ne!(hash("en"), 0);
    }
}
