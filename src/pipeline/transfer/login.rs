//! Whether a redirect has led to a login page. Looks at addresses alone.

use url::Url;

use crate::model::{Error, Kind};
use crate::source::is_login;

/// Turns the failure that a page came instead of a file into one that needs a login, if `here` is a login page.
pub(super) fn explain(error: Error, asked: &Url, here: &Url) -> Error {
    match is_login_redirect(asked, here) {
        true => Error {
            kind: Kind::Login,
            ..error.hint(
                "a login is needed: pass your cookies with `--cookies-from firefox` or `-C FILE`",
            )
        },
        false => error,
    }
}

/// Whether a link to `asked` was redirected to a login page at `here`: judged by its name, or because it says where to
/// go afterwards.
fn is_login_redirect(asked: &Url, here: &Url) -> bool {
    let is_asked = |text: &str| text == asked.as_str() || text == asked.path();
    is_login(here) || asked.path() != "/" && here.query_pairs().any(|(_, value)| is_asked(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_urls_are_recognised() {
        let table = [
            ("https://a.org/login", true),
            ("https://a.org/wp-login.php", true),
            ("https://accounts.a.org/ServiceLogin?x=1", true),
            ("https://a.org/users/sign_in", true),
            ("https://sso.org/oauth2/start", true),
            ("https://a.org/auth/x", true),
            ("https://a.org/in?next=%2Fm%2Fcat.jpg", true),
            ("https://a.org/in?to=https://a.org/m/cat.jpg%3Fw=1", true),
            ("https://a.org/blogindex", false),
            ("https://a.org/authors/x", false),
            ("https://a.org/gone?from=%2Fother.jpg", false),
            ("https://a.org/", false),
        ];
        let asked = Url::parse("https://a.org/m/cat.jpg?w=1").unwrap();
        for (here, expected) in table {
            assert_eq!(
                is_login_redirect(&asked, &Url::parse(here).unwrap()),
                expected,
                "{here}"
            );
        }
    }
}
