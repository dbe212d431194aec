//! Pages that send whoever opens them on (`<meta http-equiv="refresh">`).

/// What takes longer is meant for readers, and shows the same page anew.
const LONGEST: u32 = 30;

/// Where the content of such an element leads.
pub(super) fn target(content: &str) -> Option<&str> {
    let content = content.trim_start();
    let end = content.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let seconds = content[..end].split('.').next().unwrap_or("");
    let is_soon = seconds
        .parse()
        .map_or(seconds.is_empty(), |seconds: u32| seconds <= LONGEST);
    let rest = content[end..].trim_start();
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim_start();
    let url = match rest.get(..3) {
        Some(word) if word.eq_ignore_ascii_case("url") => {
            let value = rest[3..].trim_start().strip_prefix('=');
            value.map_or(rest, str::trim_start)
        }
        _ => rest,
    };
    let url = match url.chars().next() {
        Some(quote @ ('"' | '\'')) => url[1..].split(quote).next().unwrap_or(""),
        _ => url,
    };
    let url = url.trim();
    (is_soon && end > 0 && !url.is_empty()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_sends_on_says_where() {
        let table = [
            ("0; url=/a", Some("/a")),
            ("5;URL='/a b'", Some("/a b")),
            (" 3.5 , url = \"/a\"x", Some("/a")),
            ("0;/a", Some("/a")),
            ("0; urls/a", Some("urls/a")),
            ("0", None),
            ("0;", None),
            ("0; url=", None),
            ("0; url='", None),
            ("300; url=/a", None),
            ("99999999999; url=/a", None),
            ("soon; url=/a", None),
            ("", None),
            ("0; ü", Some("ü")),
        ];
        for (content, expected) in table {
            assert_eq!(target(content), expected, "{content}");
        }
    }
}
