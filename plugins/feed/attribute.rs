//! Reads the attributes of feed elements.

use quick_xml::events::BytesStart;

use super::super::page::entity;

/// Returns the value of an attribute.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    // The check for duplicates is off, since it takes quadratic time.
    let mut attributes = start.attributes();
    let found = attributes.with_checks(false).flatten().find(|known| {
        let key: &str = known.key.as_ref();
        key == name
    })?;
    let raw: &str = &found.value;
    let mut value = String::new();
    let mut parts = raw.split('&');
    value.push_str(parts.next().unwrap_or(""));
    for part in parts {
        match part.split_once(';') {
            Some((name, rest)) => {
                entity(name, &mut value);
                value.push_str(rest);
            }
            // The `&` should have been escaped; in a URL it stands for itself.
            None => {
                value.push('&');
                value.push_str(part);
            }
        }
    }
    Some(value.trim().to_owned())
}
