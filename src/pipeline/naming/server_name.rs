//! The name that a server gives to a file it sends.

use url::Url;

use super::address::from_url;
use super::disposition::file_name;

/// Extensions of programs that generate pages and files, and say nothing about the file generated.
const MAKERS: [&str; 10] = [
    "asp", "aspx", "cgi", "do", "htm", "html", "jsp", "php", "pl", "py",
];

/// Returns the name in a Content-Disposition; or else, if the requested URL has no extension, the name in the URL that
/// it redirected to, as browsers do.
pub(crate) fn server_file_name(
    disposition: Option<&[u8]>,
    requested: &Url,
    final_url: &Url,
) -> Option<String> {
    if let Some(name) = disposition.and_then(file_name) {
        return Some(name);
    }
    let (Some(stem), Some(ext)) = from_url(final_url) else {
        return None;
    };
    let is_better =
        requested != final_url && from_url(requested).1.is_none() && !MAKERS.contains(&&*ext);
    is_better.then(|| format!("{stem}.{ext}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_names_a_file_by_a_header_or_where_it_leads() {
        let url = |path: &str| Url::parse("https://x.org/").unwrap().join(path).unwrap();
        let header = "attachment; filename=\"cat.jpg\"";
        let table = [
            (header, "/a", "/b.png", Some("cat.jpg")),
            (header, "/a.gif", "/a.gif", Some("cat.jpg")),
            ("attachment", "/a", "/b%20c.PNG?sig=1", Some("b c.png")),
            (
                "",
                "/",
                "https://y.org/t/tool-2.1.tar.gz",
                Some("tool-2.1.tar.gz"),
            ),
            ("", "/a", "/%2e%2e%2fevil.sh", Some("evil.sh")),
            ("", "/a.jpg", "/b.png", None),
            ("", "/a", "/a", None),
            ("", "/a", "/b", None),
            ("", "/a", "/get.php?id=3", None),
            ("", "/a", "/v1.2", None),
        ];
        for (header, requested, final_url, expected) in table {
            let disposition = Some(header.as_bytes()).filter(|header| !header.is_empty());
            let name = server_file_name(disposition, &url(requested), &url(final_url));
            assert_eq!(name.as_deref(), expected, "{requested} {final_url}");
        }
    }
}
