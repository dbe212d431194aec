//! The one place that decides which URLs may be requested for a script, on every redirect hop, and which may be in its
//! items.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use url::{Origin, Url};

use super::Manifest;
use super::hosts::Hosts;
use crate::model::{Error, Kind, Result};
use crate::net::{self, Jar, NamedBy, Redacted};

/// The URLs that a plugin may request.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    id: String,
    request: Hosts,
    post: Hosts,
    media: Hosts,
    anywhere: bool,
    /// The sites that the user has set.
    own: Vec<Origin>,
    /// A link that has already been requested and that this plugin reads.
    link: Option<Url>,
    /// Origins that turned out to be at a public address. Shared with clones.
    public: Arc<Mutex<HashSet<Origin>>>,
    /// The cookies of one run, if the user has given none.
    jar: Arc<Jar>,
}

impl Gate {
    /// Creates a gate from the manifest's declarations and the user's settings and additions.
    pub(super) fn new(manifest: &Manifest, own: Vec<Origin>, more: &[String]) -> Gate {
        let mut request = manifest.hosts();
        request.0.extend_from_slice(more);
        Gate {
            id: manifest.id.clone(),
            request,
            post: manifest.permissions.post.clone(),
            media: manifest.permissions.media.clone(),
            anywhere: manifest.permissions.media_anywhere(),
            own,
            link: None,
            public: Arc::default(),
            jar: Arc::default(),
        }
    }

    /// Returns the same gate for a separate run, without any logins.
    pub(super) fn fresh(&self) -> Gate {
        Gate {
            jar: Arc::default(),
            ..self.clone()
        }
    }

    /// Returns the same gate for a link given by name, whose host may be requested. If the user gave it, it counts as a
    /// site of the user's, wherever that is; if not, only that address is let through, and its host like a declared
    /// one.
    pub(super) fn with(&self, link: &Url, named_by: NamedBy) -> Gate {
        let mut gate = self.clone();
        gate.request.0.extend(link.domain().map(str::to_owned));
        match named_by {
            NamedBy::User => gate.own.push(link.origin()),
            NamedBy::PublicServer => gate.link = Some(link.clone()),
        }
        gate
    }

    /// Returns who named this URL: the user, if it is on a site that the user has set and that is not at a public
    /// address, or else the public.
    pub(super) fn named_by(&self, url: &Url) -> NamedBy {
        let origin = url.origin();
        match self.own.contains(&origin) && !self.public().contains(&origin) {
            true => NamedBy::User,
            false => NamedBy::PublicServer,
        }
    }

    fn public(&self) -> MutexGuard<'_, HashSet<Origin>> {
        self.public.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks whether an item may have a file at this URL.
    ///
    /// # Errors
    /// [`Kind::Blocked`] if it may not.
    pub(super) fn media(&self, url: &Url) -> Result<()> {
        self.judge(url, "media", |url| self.anywhere || self.media.has(url))
    }

    /// Checks whether a URL may be posted to, in addition to the usual check of requests.
    ///
    /// # Errors
    /// [`Kind::Blocked`] if it may not.
    pub(super) fn post(&self, url: &Url) -> Result<()> {
        // A site set by the user stands in for the hosts that the plugin declares in `post`, if it declares any.
        match self.post.0.is_empty() {
            true => Err(self.refuse(url, "its manifest declares no host in `post`")),
            false => self.judge(url, "post", |url| self.post.has(url)),
        }
    }

    fn refuse(&self, url: &Url, why: &str) -> Error {
        let message = format!(
            "plugin `{}` may not access `{}`: {why}",
            self.id,
            Redacted(url)
        );
        Error::new(Kind::Blocked, message)
    }

    /// Checks whether a URL can be requested at all, whatever the manifest declares.
    ///
    /// # Errors
    /// [`Kind::Blocked`] if it cannot.
    pub(super) fn plain(&self, url: &Url) -> Result<()> {
        self.is_own(url).map(drop)
    }

    /// Returns whether a URL is the user's own, after checking that it can be requested at all.
    fn is_own(&self, url: &Url) -> Result<bool> {
        let refuse = |why: &str| Err(self.refuse(url, why));
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("the URL has a user name or a password");
        }
        if self.own.contains(&url.origin()) || self.link.as_ref() == Some(url) {
            return Ok(true);
        }
        if url.scheme() != "https" {
            return refuse("it is not https");
        }
        if url.port().is_some() {
            return refuse("it has an explicit port");
        }
        if url.domain().is_none() {
            return refuse("its host is an IP address, not a name");
        }
        Ok(false)
    }

    fn judge(&self, url: &Url, list: &str, is_declared: impl Fn(&Url) -> bool) -> Result<()> {
        if !self.is_own(url)? && !is_declared(url) {
            let refused = self.refuse(
                url,
                &format!("the host is not declared in `{list}` of its manifest"),
            );
            let host = url.host_str().unwrap_or("").escape_debug();
            return Err(refused.hint(format!(
                "the plugin's author can add `{host}` to `{list}` in `plugin.toml`"
            )));
        }
        Ok(())
    }
}

impl net::Gate for Gate {
    fn pass(&self, url: &Url) -> Result<()> {
        self.judge(url, "request", |url| self.request.has(url))
    }

    fn note_public(&self, url: &Url) {
        // Only the user's own sites matter here; all others count as public anyway.
        if self.own.contains(&url.origin()) {
            self.public().insert(url.origin());
        }
    }

    fn jar(&self) -> Option<&Jar> {
        Some(&self.jar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Gate as _;

    #[test]
    fn a_public_site_option_does_not_open_private_addresses() {
        let [own, other] =
            ["http://own.test:8080/a", "http://other.test/"].map(|url| url.parse::<Url>().unwrap());
        let text = "manifest = 1\nid = 'mine'\nabout = 'x'\nversion = '1.0.0'\napi = 1\n\
            permissions = { request = ['mine.test'] }\n\
            [[route]]\nname = 'a'\npattern = 'mine.test/{x}'\nexample = 'https://mine.test/x'\n";
        let manifest = Manifest::read("mine", text).unwrap();
        let gate = Gate::new(&manifest, vec![own.origin()], &[]);
        let of_script = gate.clone();
        assert_eq!(gate.named_by(&own), NamedBy::User);
        gate.note_public(&other);
        assert_eq!(of_script.named_by(&own), NamedBy::User);
        gate.note_public(&own);
        // The name may resolve to this machine by now.
        assert_eq!(
            of_script.named_by(&own.join("/b").unwrap()),
            NamedBy::PublicServer
        );
    }
}
