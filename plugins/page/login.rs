//! Pages that redirect to a login page.

use fetch::model::{Error, Kind, Result};
use fetch::net::Redacted;
use fetch::source::is_login;
use url::Url;

/// Query parameters of login pages for the address to return to.
const AFTER: [&str; 16] = [
    "back",
    "backurl",
    "camefrom",
    "continue",
    "dest",
    "destination",
    "goto",
    "next",
    "redirect",
    "redirectto",
    "redirecturi",
    "redirecturl",
    "return",
    "returnto",
    "returnurl",
    "service",
];

/// Refuses a login page that came instead of another page. Many pages have a login form for members, so the address
/// must also look like a login page.
///
/// # Errors
/// [`Kind::Login`].
pub(super) fn unless_asked_for(asked: &Url, here: &Url, asks_password: bool) -> Result<()> {
    let path = |url: &Url| url.path().trim_end_matches('/').to_ascii_lowercase();
    if !asks_password || path(asked) == path(here) || !(is_login(here) || leads_back(here)) {
        return Ok(());
    }
    let message = format!(
        "`{}` redirects to the login page `{}`",
        Redacted(asked),
        Redacted(here)
    );
    Err(Error::new(Kind::Login, message)
        .hint("log in with a browser, and use `--cookies-from firefox` or `-C FILE`"))
}

/// Checks whether the address contains one to return to.
fn leads_back(url: &Url) -> bool {
    url.query_pairs().any(|(name, value)| {
        let name = name.to_ascii_lowercase().replace(['-', '_'], "");
        let is_place = value.starts_with('/') || value.starts_with("http");
        is_place && AFTER.contains(&&*name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(asked: &str, here: &str) -> bool {
        let url = |text: &str| Url::parse("http://x.org/").unwrap().join(text).unwrap();
        unless_asked_for(&url(asked), &url(here), true).is_err()
    }

    #[test]
    fn login_pages_are_recognised_by_url() {
        for here in [
            "/loginp?next=/a",
            "/users/sign_in",
            "/Sign-In.aspx",
            "/wp-login.php",
            "/account?return_to=%2Fa",
            "https://id.example/oauth2/start",
            "/welcome?ReturnUrl=http://x.org/a",
        ] {
            assert!(is_refused("/a", here), "{here}");
        }
    }

    #[test]
    fn pages_with_a_login_form_are_not_login_pages() {
        for (asked, here) in [
            ("/a", "/a/"),
            ("/a", "https://www.x.org/a"),
            ("/login", "/login/"),
            ("/a", "/author/a"),
            ("/a", "/blog/authentic-cats"),
            ("/a", "/list?next=2"),
            ("/a", "/b?from=/a"),
        ] {
            assert!(!is_refused(asked, here), "{asked} {here}");
        }
        let url = Url::parse("http://x.org/login").unwrap();
        let asked = url.join("/a").unwrap();
        assert!(unless_asked_for(&asked, &url, false).is_ok());
    }
}
