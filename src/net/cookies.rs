//! Reads a Netscape `cookies.txt`, as browsers' export tools and curl write it.

use std::path::Path;

use reqwest::cookie::Jar;
use url::Url;

use crate::model::{Error, Kind, Result};

/// Reads a cookie file into a jar.
///
/// A line has seven fields between tabs: domain, whether subdomains count, path, whether https only, end of validity in
/// seconds since 1970 (0: with the session), name, value. `#HttpOnly_` before a domain is no comment.
///
/// # Errors
/// [`Kind::Config`] with the line that cannot be read; its value is not shown.
pub(super) fn read(path: &Path) -> Result<Jar> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::new(
            Kind::Config,
            format!("cannot read the cookies in `{shown}`"),
        )
        .because(error)
    })?;
    let jar = Jar::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.strip_prefix("#HttpOnly_").unwrap_or(line);
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (cookie, url) = read_line(line).ok_or_else(|| {
            Error::new(
                Kind::Config,
                format!("line {} of `{shown}` is no cookie", index + 1),
            )
            .hint("a Netscape `cookies.txt` is needed: seven fields between tabs")
        })?;
        jar.add_cookie_str(&cookie, &url);
    }
    Ok(jar)
}

/// The cookie as a server would set it, and a URL from which it would.
fn read_line(line: &str) -> Option<(String, Url)> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [domain, subdomains, path, secure, expires, name, value] = fields[..] else {
        return None;
    };
    let host = domain.trim_start_matches('.');
    let is = |text: &str| text.eq_ignore_ascii_case("true");
    let mut cookie = format!("{name}={value}; Path={path}");
    if is(subdomains) || domain.starts_with('.') {
        cookie.push_str(&format!("; Domain={host}"));
    }
    if is(secure) {
        cookie.push_str("; Secure");
    }
    let expires: u64 = expires.split('.').next()?.parse().ok()?;
    if expires > 0 {
        let time = std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(expires))?;
        // The format of HTTP dates ends with the year 9999.
        let time =
            time.min(std::time::UNIX_EPOCH + std::time::Duration::from_secs(253_402_300_799));
        cookie.push_str(&format!("; Expires={}", httpdate::fmt_http_date(time)));
    }
    Some((cookie, Url::parse(&format!("https://{host}/")).ok()?))
}

#[cfg(test)]
mod tests {
    use reqwest::cookie::CookieStore;

    use super::*;

    #[test]
    fn cookies_go_where_their_line_says() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cookies.txt");
        let lines = [
            "# Netscape HTTP Cookie File",
            ".example.org\tTRUE\t/\tFALSE\t0\twide\t1",
            "#HttpOnly_example.org\tFALSE\t/a\tTRUE\t4102444800\tnarrow\t2",
            "example.org\tFALSE\t/\tFALSE\t1000000000\told\t3",
        ];
        std::fs::write(&file, lines.join("\n")).unwrap();
        let jar = read(&file).unwrap();
        let sent = |url: &str| {
            let header = jar.cookies(&Url::parse(url).unwrap());
            let mut cookies: Vec<String> = header
                .iter()
                .flat_map(|h| h.to_str().unwrap().split("; ").map(str::to_owned))
                .collect();
            cookies.sort();
            cookies.join(" ")
        };
        assert_eq!(sent("https://example.org/a"), "narrow=2 wide=1");
        assert_eq!(sent("http://example.org/a"), "wide=1");
        assert_eq!(sent("https://sub.example.org/a"), "wide=1");
        assert_eq!(sent("https://example.com/a"), "");
    }

    #[test]
    fn a_line_that_is_no_cookie_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cookies.txt");
        std::fs::write(&file, "# ok\na=b\n").unwrap();
        let error = read(&file).map(|_| ()).unwrap_err();
        assert!(error.to_string().starts_with("line 2 of "), "{error}");
    }
}
