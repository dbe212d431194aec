//! Checks the texts of a manifest for harmful characters. They are shown before the user has agreed to anything.

use serde_json::Value;

use super::Manifest;

/// Returns why one of its texts may not be shown, if so: it could span extra lines, move the cursor, or display
/// differently from what it is.
pub(super) fn wrong(manifest: &Manifest) -> Option<String> {
    let texts = match serde_json::to_value(manifest) {
        Ok(texts) => texts,
        Err(error) => return Some(error.to_string()),
    };
    let (name, found) = harmful("", &texts)?;
    let code = u32::from(found);
    Some(format!(
        "`{name}` has the character U+{code:04X}, which no text of a manifest may have"
    ))
}

/// Returns the first harmful character, with the name of its field.
fn harmful<'a>(name: &'a str, value: &'a Value) -> Option<(&'a str, char)> {
    match value {
        Value::String(text) => text.chars().find(|c| is_harmful(*c)).map(|c| (name, c)),
        Value::Array(list) => list.iter().find_map(|value| harmful(name, value)),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| harmful(name, value)),
        _ => None,
    }
}

fn is_harmful(c: char) -> bool {
    let turns_around = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    let is_unseen = matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    c.is_control() || turns_around || is_unseen
}
