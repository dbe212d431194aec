//! Options of the Imgur source.

use fetch::model::{Error, Kind, Result};
use fetch::net::Secret;
use serde::{Deserialize, Serialize};
use url::Url;

/// The options of `[source.imgur]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The client id of an application registered with Imgur. Albums and images need none; listings of users, tags,
    /// subreddits and searches do.
    pub client_id: Option<Secret>,
    /// The secret that belongs to the client id. Unused: reading sends only the id.
    pub client_secret: Option<Secret>,
    /// Which form of an animated GIF to take.
    pub animated: Animated,
    /// The base address of the API.
    pub api: String,
    /// The base address of the pages.
    pub site: String,
    /// The base address of the files.
    pub cdn: String,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            client_id: None,
            client_secret: None,
            animated: Animated::default(),
            api: "https://api.imgur.com".into(),
            site: "https://imgur.com".into(),
            cdn: "https://i.imgur.com".into(),
        }
    }
}

/// The form of an animated GIF to take: the site keeps the original and makes a video from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Animated {
    /// The GIF as it was uploaded.
    #[default]
    Original,
    /// The video, which is many times smaller.
    Mp4,
}

/// Parses the URL in an option.
pub(super) fn address(key: &str, text: &str) -> Result<Url> {
    let wrong = || {
        Error::new(
            Kind::Config,
            format!("`{key}` of `[source.imgur]` is not an http or https URL: `{text}`"),
        )
    };
    let url = Url::parse(text).map_err(|error| wrong().because(error))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(wrong()),
    }
}
