//! Replaces the parts of an output that differ between runs, so that the rest can be compared as a whole.

use std::path::Path;

/// Writes `ROOT` for the folder of the run, `PORT` for ports of this machine, `TIME` for times and `RATE` for transfer
/// rates.
pub fn filter(text: &str, root: &Path) -> String {
    let mut text = text.to_owned();
    let real = std::fs::canonicalize(root);
    for folder in real.iter().map(AsRef::as_ref).chain([root]) {
        text = text.replace(&folder.display().to_string(), "ROOT");
    }
    for host in ["127.0.0.1:", "localhost:", ".test:"] {
        let mut pieces = text.split(host);
        let mut filtered = pieces.next().unwrap_or("").to_owned();
        for piece in pieces {
            let rest = piece.trim_start_matches(|c: char| c.is_ascii_digit());
            let port = if rest.len() < piece.len() { "PORT" } else { "" };
            filtered.push_str(host);
            filtered.push_str(port);
            filtered.push_str(rest);
        }
        text = filtered;
    }
    measures(&text)
}

/// Units of times and rates; where one is a prefix of another, the longer comes first.
const UNITS: [(&str, &str); 17] = [
    ("GiB/s", "RATE"),
    ("MiB/s", "RATE"),
    ("KiB/s", "RATE"),
    ("GB/s", "RATE"),
    ("MB/s", "RATE"),
    ("kB/s", "RATE"),
    ("B/s", "RATE"),
    ("seconds", "TIME"),
    ("second", "TIME"),
    ("minutes", "TIME"),
    ("minute", "TIME"),
    ("min", "TIME"),
    ("ms", "TIME"),
    ("µs", "TIME"),
    ("s", "TIME"),
    ("m", "TIME"),
    ("h", "TIME"),
];

fn measures(text: &str) -> String {
    let mut filtered = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        filtered.push_str(&rest[..at]);
        rest = &rest[at..];
        let number = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
                .len();
        let after = rest[number..].trim_start_matches(' ');
        let joined =
            filtered.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/'));
        let unit = UNITS.iter().find(|(unit, _)| {
            let then = after.strip_prefix(unit).map(|then| then.chars().next());
            then.is_some_and(|next| next.is_none_or(|c| !c.is_alphanumeric() && c != '/'))
        });
        match unit {
            Some((unit, word)) if !joined => {
                // `1m 30s` and `1min30s` are one time.
                let before = filtered.trim_end_matches(' ');
                match *word == "TIME" && before.ends_with("TIME") {
                    true => filtered.truncate(before.len()),
                    false => filtered.push_str(word),
                }
                rest = &after[unit.len()..];
            }
            _ => {
                filtered.push_str(&rest[..number]);
                rest = &rest[number..];
            }
        }
    }
    filtered + rest
}
