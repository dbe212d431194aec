//! Choosing the subtitles of a stream.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Error, Kind};

/// The maximum length of a language tag (RFC 5646 §4.4.1), and the maximum number of languages.
const MAX_TAG_LENGTH: usize = 35;
const MAX_LANGUAGES: usize = 100;

/// Which subtitles of a stream are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Subtitles {
    /// None.
    #[default]
    None,
    /// All available ones.
    All,
    /// Those in these languages.
    Of(Vec<String>),
}

impl Subtitles {
    /// Checks whether subtitles in this language are wanted: `en` includes `en-US`, but not vice versa.
    pub fn wants(&self, language: &str) -> bool {
        match self {
            Subtitles::None => false,
            Subtitles::All => true,
            Subtitles::Of(list) => list.iter().any(|wanted| includes(wanted, language)),
        }
    }

    /// Returns the languages that are wanted by name but not among these.
    pub fn missing<'a>(&'a self, languages: &[&str]) -> Vec<&'a str> {
        let Subtitles::Of(list) = self else {
            return Vec::new();
        };
        let is_missing =
            |wanted: &&String| !languages.iter().any(|language| includes(wanted, language));
        list.iter().filter(is_missing).map(String::as_str).collect()
    }
}

fn includes(wanted: &str, language: &str) -> bool {
    let Some((start, rest)) = language.split_at_checked(wanted.len()) else {
        return false;
    };
    start.eq_ignore_ascii_case(wanted) && (rest.is_empty() || rest.starts_with('-'))
}

impl FromStr for Subtitles {
    type Err = Error;

    fn from_str(text: &str) -> Result<Subtitles, Error> {
        let is_language = |name: &&str| {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
            (1..=MAX_TAG_LENGTH).contains(&name.len()) && name.chars().all(is_part)
        };
        let list: Vec<&str> = text.split(',').map(str::trim).collect();
        match &list[..] {
            ["none"] => Ok(Subtitles::None),
            ["all"] => Ok(Subtitles::All),
            list if list.len() <= MAX_LANGUAGES && list.iter().all(is_language) => Ok(
                Subtitles::Of(list.iter().map(|&name| name.into()).collect()),
            ),
            _ => Err(Error::new(
                Kind::Config,
                format!("unknown choice of subtitles: `{text}`"),
            )
            .hint("use `none`, `all`, or languages such as `en,pt-BR`")),
        }
    }
}

impl TryFrom<String> for Subtitles {
    type Error = String;

    fn try_from(text: String) -> Result<Subtitles, String> {
        let read: Result<Subtitles, Error> = text.parse();
        read.map_err(|error| match error.hint {
            Some(hint) => format!("{}; {hint}", error.message),
            None => error.message,
        })
    }
}

impl From<Subtitles> for String {
    fn from(subtitles: Subtitles) -> String {
        subtitles.to_string()
    }
}

impl fmt::Display for Subtitles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subtitles::None => f.write_str("none"),
            Subtitles::All => f.write_str("all"),
            Subtitles::Of(list) => f.write_str(&list.join(",")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtitle_languages_match_by_tag() {
        let table = [
            ("none", "en", false),
            ("all", "en", true),
            ("en", "en", true),
            ("EN", "en-us", true),
            ("en-US", "en", false),
            ("en", "eng", false),
            ("de, fr", "fr", true),
            ("e", "\u{e9}", false),
        ];
        for (text, language, expected) in table {
            let subtitles: Subtitles = text.parse().unwrap();
            assert_eq!(subtitles.wants(language), expected, "{text} {language}");
        }
        let wanted: Subtitles = "de,en,fr-CA".parse().unwrap();
        assert_eq!(wanted.missing(&["en-GB", "fr"]), ["de", "fr-CA"]);
        assert_eq!(wanted.to_string(), "de,en,fr-CA");
    }

    #[test]
    fn invalid_languages_are_refused() {
        for text in ["", "en,", "all,en_US", "../x", &"a".repeat(36)] {
            let error = text.parse::<Subtitles>().unwrap_err();
            assert_eq!(error.kind, Kind::Config, "{text}");
        }
    }
}
