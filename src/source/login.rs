//! Recognises the URLs of login pages by their paths.

use url::Url;

/// Words that a segment of such a path begins or ends with.
const AFFIXES: [&str; 4] = ["login", "logon", "signin", "oauth"];
/// Words that are a whole segment of such a path.
const WHOLE_SEGMENTS: [&str; 6] = ["auth", "authenticate", "authorize", "cas", "signon", "sso"];

/// Checks whether this looks like the URL of a login page: `/users/sign_in`, `/wp-login.php`.
pub fn is_login(url: &Url) -> bool {
    url.path().split('/').any(|part| {
        let part = part.to_ascii_lowercase().replace(['-', '_'], "");
        let name = part.split('.').next().unwrap_or("");
        let has_affix = |word: &&str| name.starts_with(word) || name.ends_with(word);
        WHOLE_SEGMENTS.contains(&name) || AFFIXES.iter().any(has_affix)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_to_log_in_is_known_by_its_path() {
        let table = [
            ("/login", true),
            ("/loginp", true),
            ("/wp-login.php", true),
            ("/ServiceLogin?x=1", true),
            ("/users/sign_in", true),
            ("/Sign-In.aspx", true),
            ("/oauth2/start", true),
            ("/auth/x", true),
            ("/sso", true),
            ("/blogindex", false),
            ("/authors/x", false),
            ("/blog/authentic-cats", false),
            ("/?next=/login", false),
            ("/", false),
        ];
        for (path, expected) in table {
            let url = Url::parse("https://a.org/").unwrap().join(path).unwrap();
            assert_eq!(is_login(&url), expected, "{path}");
        }
    }
}
