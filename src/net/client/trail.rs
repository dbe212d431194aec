//! The URLs that a request was redirected along, and what follows from them for the next hop. Sends nothing.

use std::net::IpAddr;

use url::Url;

use crate::model::Result;
use crate::net::private::{is_public, literal};
use crate::net::{NamedBy, redirect};

/// The URLs that a request was redirected along.
#[derive(Debug)]
pub(super) struct Trail {
    hops: Vec<Url>,
    /// The index of the first URL that a redirect may not return to, see [`redirect::next_url`].
    since: usize,
    /// Who names the next URL.
    named_by: NamedBy,
}

impl Trail {
    /// Creates a trail that begins with this URL, named by `named_by`.
    pub(super) fn new(url: Url, named_by: NamedBy) -> Trail {
        Trail {
            hops: vec![url],
            since: 0,
            named_by,
        }
    }

    /// Returns the URL to request.
    pub(super) fn current(&self) -> &Url {
        &self.hops[self.hops.len() - 1]
    }

    /// Returns the URL where the trail began.
    pub(super) fn first(&self) -> &Url {
        &self.hops[0]
    }

    /// Checks whether the trail has never left its first origin. Once elsewhere, it does not count as home again even
    /// if a redirect leads back: another server chose the way.
    pub(super) fn has_one_origin(&self) -> bool {
        self.hops
            .iter()
            .all(|hop| hop.origin() == self.first().origin())
    }

    /// Checks whether there was a redirect.
    pub(super) fn is_redirected(&self) -> bool {
        self.hops.len() > 1
    }

    /// Returns who named the current URL or, once it has answered, who names the next one.
    pub(super) fn named_by(&self) -> NamedBy {
        self.named_by
    }

    /// Notes that the current URL was answered from this address (none if a proxy resolved it); tells whether it is
    /// public.
    pub(super) fn answered(&mut self, address: Option<IpAddr>) -> bool {
        // An address resolved by a proxy counts as public, unless it is written in the URL.
        let address = address.or_else(|| literal(self.current()));
        let is_public = address.is_none_or(is_public);
        if is_public {
            self.named_by = NamedBy::PublicServer;
        }
        is_public
    }

    /// Notes that this response set a cookie, so that earlier URLs may respond differently now.
    pub(super) fn note_cookie(&mut self) {
        self.since = self.hops.len();
    }

    /// Follows a Location header.
    ///
    /// # Errors
    /// Those of [`redirect::next_url`].
    pub(super) fn follow(&mut self, location: &[u8]) -> Result<()> {
        let next = redirect::next_url(&self.hops, self.since, location)?;
        self.hops.push(next);
        Ok(())
    }

    /// Returns the current URL.
    pub(super) fn into_current(mut self) -> Url {
        self.hops.swap_remove(self.hops.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail() -> Trail {
        Trail::new("http://a.test/cat".parse().unwrap(), NamedBy::User)
    }

    #[test]
    fn public_redirects_stay_public_under_any_name() {
        // The name may resolve to another address by the next request.
        let mut trail = trail();
        trail.answered(Some([192, 0, 2, 1].into()));
        trail.follow(b"/secret").unwrap();
        assert!(trail.has_one_origin());
        assert_eq!(trail.named_by(), NamedBy::PublicServer);
        trail.answered(Some([127, 0, 0, 1].into()));
        assert_eq!(trail.named_by(), NamedBy::PublicServer);
    }

    #[test]
    fn redirect_trust_depends_on_the_answering_address() {
        for (url, address, named_by) in [
            ("http://a.test/", Some([10, 0, 0, 1]), NamedBy::User),
            (
                "http://a.test/",
                Some([192, 0, 2, 1]),
                NamedBy::PublicServer,
            ),
            ("http://a.test/", None, NamedBy::PublicServer),
            ("http://10.0.0.1/", None, NamedBy::User),
            ("http://192.0.2.1/", None, NamedBy::PublicServer),
        ] {
            let mut trail = Trail::new(url.parse().unwrap(), NamedBy::User);
            trail.answered(address.map(IpAddr::from));
            trail.follow(b"http://b.test/").unwrap();
            assert_eq!(trail.named_by(), named_by, "{url} at {address:?}");
        }
    }

    #[test]
    fn a_redirect_chain_that_left_its_origin_never_returns() {
        let mut trail = trail();
        assert!(trail.has_one_origin() && !trail.is_redirected());
        trail.follow(b"/dog").unwrap();
        assert!(trail.has_one_origin() && trail.is_redirected());
        trail.follow(b"http://b.test/").unwrap();
        trail.follow(b"http://a.test/cow").unwrap();
        assert!(!trail.has_one_origin());
        assert_eq!(trail.into_current().as_str(), "http://a.test/cow");
    }
}
