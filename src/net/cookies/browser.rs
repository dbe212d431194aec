//! Which browser's cookies to read: `firefox`, `firefox:PROFILE`, `firefox:PROFILE::CONTAINER`.

use super::cookie::Cookie;
use super::firefox;
use crate::model::{Error, Kind, Result};

/// Browsers that keep their cookies from other programs.
const LOCKED: [&str; 9] = [
    "arc", "brave", "chrome", "chromium", "edge", "opera", "safari", "vivaldi", "whale",
];

const EXPORT: &str = "export them with an extension such as `Get cookies.txt LOCALLY` and give the file with `-C FILE`; \
                      or log in with Firefox";

/// Reads the unexpired cookies of a browser.
///
/// # Errors
/// [`Kind::Config`] for a browser, profile or container that is unknown or cannot be read.
pub(super) fn read(name: &str) -> Result<Vec<Cookie>> {
    let (browser, profile) = name.split_once(':').unwrap_or((name, ""));
    let (profile, container) = match profile.rsplit_once("::") {
        Some((profile, container)) => (profile, Some(container)),
        // `firefox::Work`: the first colon has already been split off.
        None => match profile.strip_prefix(':') {
            Some(container) => ("", Some(container)),
            None => (profile, None),
        },
    };
    let browser = browser.to_ascii_lowercase();
    if browser == "firefox" {
        return firefox::read(profile, container);
    }
    if LOCKED.contains(&browser.as_str()) {
        let why = match browser.as_str() {
            "safari" => "it keeps them where no other program may read them",
            _ => "only it can decrypt them",
        };
        let message = format!("the cookies of `{browser}` cannot be read: {why}");
        return Err(Error::new(Kind::Config, message).hint(EXPORT));
    }
    let message = format!("`{browser}` is not a browser whose cookies can be read");
    Err(Error::new(Kind::Config, message).hint("use `firefox` or `firefox:PROFILE`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsupported_browsers_get_a_hint() {
        for (name, expected, hint) in [
            (
                "Chrome:Default",
                "the cookies of `chrome` cannot be read",
                "-C FILE",
            ),
            ("netscape", "`netscape` is not a browser", "firefox:PROFILE"),
        ] {
            let error = read(name).map(|_| ()).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
            assert!(error.hint.unwrap().contains(hint));
        }
    }
}
