//! Sizes as people write them.

/// Parses a number of bytes: `500K`, `2M`, `1.5G`. The units are powers of 1024.
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let power = match text[number.len()..].to_ascii_uppercase().as_str() {
        "" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return None,
    };
    let number = number.trim_end();
    if !number.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let bytes = number.parse::<f64>().ok()? * 1024f64.powi(power);
    (bytes < 2f64.powi(63)).then_some(bytes as u64)
}
