//! The screens that a `source` is meant for, according to its media query.

/// What a `source` is meant for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Screen {
    /// Whether it replaces the picture only where that does not fit: on small, portrait or dark screens, or on paper.
    pub(super) is_fallback: bool,
    /// The minimum width of the window in pixels.
    pub(super) least: Option<u32>,
}

/// Parts of a query that restrict it.
const LIMITS: [&str; 8] = [
    "max-aspect-ratio",
    "max-device-width",
    "max-width",
    "orientation:portrait",
    "prefers-color-scheme:dark",
    "print",
    "width<",
    "not",
];

impl Screen {
    /// Reads a list of queries, of which one has to match.
    pub(super) fn read(media: &str) -> Screen {
        let plain: String = media.chars().filter(|c| !c.is_whitespace()).collect();
        let plain = plain.to_ascii_lowercase();
        let screens = plain.split(',').map(|query| Screen {
            is_fallback: LIMITS.iter().any(|limit| query.contains(limit)),
            least: least(query),
        });
        let wide = screens.filter(|screen| !screen.is_fallback);
        let fallback = Screen {
            is_fallback: true,
            least: None,
        };
        wide.max_by_key(|screen| screen.least).unwrap_or(fallback)
    }
}

fn least(query: &str) -> Option<u32> {
    let starts = ["min-width:", "width>=", "width>"].into_iter();
    let value = starts.filter_map(|start| query.split_once(start)).next()?.1;
    let end = value.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let number: f64 = value[..end].parse().ok()?;
    let unit = &value[end..];
    let pixels = match unit.starts_with("em") || unit.starts_with("rem") {
        // The default font size.
        true => number * 16.0,
        false => number,
    };
    Some(pixels as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_queries_of_sources_are_parsed() {
        let wide = |least| Screen {
            is_fallback: false,
            least,
        };
        let fallback = Screen {
            is_fallback: true,
            least: None,
        };
        let table = [
            ("", wide(None)),
            ("(min-width: 1200px)", wide(Some(1200))),
            ("screen and (MIN-WIDTH:48.5em)", wide(Some(776))),
            ("(width >= 600px)", wide(Some(600))),
            ("(max-width: 767px)", fallback),
            ("(min-width: 600px) and (max-width: 767px)", fallback),
            ("(400px <= width < 700px)", fallback),
            ("(max-width: 767px), (min-width: 900px)", wide(Some(900))),
            ("(prefers-color-scheme: dark)", fallback),
            ("(prefers-color-scheme: light)", wide(None)),
            ("(orientation: portrait)", fallback),
            ("print", fallback),
            ("(min-width: calc(1px + 2em))", wide(None)),
            ("(min-width:", wide(None)),
        ];
        for (media, expected) in table {
            assert_eq!(Screen::read(media), expected, "{media}");
        }
    }
}
