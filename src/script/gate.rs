//! The one place that decides which URLs are asked for a script, on every hop, and which may stand in its items.

use url::{Origin, Url};

use super::Manifest;
use super::hosts::Hosts;
use crate::model::{Error, Kind, Result};
use crate::net::{self, Led, Shown};

/// The URLs that a plugin may ask.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    id: String,
    request: Hosts,
    media: Hosts,
    anywhere: bool,
    /// Where the user has set a site to be.
    own: Vec<Origin>,
}

impl Gate {
    pub(super) fn new(manifest: &Manifest, own: Vec<Origin>) -> Gate {
        Gate {
            id: manifest.id.clone(),
            request: manifest.permissions.request.clone(),
            media: manifest.permissions.media.clone(),
            anywhere: manifest.permissions.media_anywhere(),
            own,
        }
    }

    /// Who has named this URL: the user, if it is on a site that the user has set, or else somebody out there.
    pub(super) fn led(&self, url: &Url) -> Led {
        match self.own.contains(&url.origin()) {
            true => Led::ByUser,
            false => Led::ByPublic,
        }
    }

    /// Lets a URL of a file stand in an item.
    ///
    /// # Errors
    /// [`Kind::Blocked`] if it may not.
    pub(super) fn media(&self, url: &Url) -> Result<()> {
        self.judge(url, "media", |url| match self.anywhere {
            true => url.domain().is_some(),
            false => self.media.has(url),
        })
    }

    fn judge(&self, url: &Url, list: &str, is_declared: impl Fn(&Url) -> bool) -> Result<()> {
        let refuse = |why: &str| {
            let message = format!("plugin `{}` may not go to `{}`: {why}", self.id, Shown(url));
            Err(Error::new(Kind::Blocked, message))
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("the URL has a user or a password");
        }
        if self.own.contains(&url.origin()) {
            return Ok(());
        }
        if url.scheme() != "https" {
            return refuse("it is not https");
        }
        if url.port().is_some() {
            return refuse("it has a port of its own");
        }
        if !is_declared(url) {
            return refuse(&format!(
                "the host is not declared in `{list}` of its manifest"
            ));
        }
        Ok(())
    }
}

impl net::Gate for Gate {
    fn pass(&self, url: &Url) -> Result<()> {
        self.judge(url, "request", |url| self.request.has(url))
    }
}
