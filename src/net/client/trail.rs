//! The URLs that a request was redirected along, and what follows from them for the next hop. Sends nothing.

use std::net::IpAddr;

use url::Url;

use crate::model::Result;
use crate::net::private::{is_public, literal};
use crate::net::{Led, redirect};

/// The URLs that a request was redirected along.
#[derive(Debug)]
pub(super) struct Trail {
    hops: Vec<Url>,
    /// The index of the first URL that a redirect may not return to, see [`redirect::next`].
    since: usize,
    /// Who names the next URL.
    led: Led,
}

impl Trail {
    /// Creates a trail that begins with this URL, named by `led`.
    pub(super) fn new(url: Url, led: Led) -> Trail {
        Trail {
            hops: vec![url],
            since: 0,
            led,
        }
    }

    /// Returns the URL to request.
    pub(super) fn here(&self) -> &Url {
        &self.hops[self.hops.len() - 1]
    }

    /// Returns the URL where the trail began.
    pub(super) fn first(&self) -> &Url {
        &self.hops[0]
    }

    /// Checks whether the trail has never left its first origin. Once elsewhere, it does not count as home again even
    /// if a redirect leads back: another server chose the way.
    pub(super) fn is_home(&self) -> bool {
        self.hops
            .iter()
            .all(|hop| hop.origin() == self.first().origin())
    }

    /// Checks whether there was a redirect.
    pub(super) fn is_redirected(&self) -> bool {
        self.hops.len() > 1
    }

    /// Returns who named the current URL or, once it has answered, who names the next one.
    pub(super) fn led(&self) -> Led {
        self.led
    }

    /// Notes that the current URL was answered from this address (none if a proxy resolved it); tells whether it is
    /// public.
    pub(super) fn answered(&mut self, address: Option<IpAddr>) -> bool {
        // An address resolved by a proxy counts as public, unless it is written in the URL.
        let address = address.or_else(|| literal(self.here()));
        let is_public = address.is_none_or(is_public);
        if is_public {
            self.led = Led::ByPublic;
        }
        is_public
    }

    /// Notes that this response set a cookie, so that earlier URLs may respond differently now.
    pub(super) fn got_cookie(&mut self) {
        self.since = self.hops.len();
    }

    /// Follows a Location header.
    ///
    /// # Errors
    /// Those of [`redirect::next`].
    pub(super) fn follow(&mut self, location: &[u8]) -> Result<()> {
        let next = redirect::next(&self.hops, self.since, location)?;
        self.hops.push(next);
        Ok(())
    }

    /// Returns the current URL.
    pub(super) fn into_here(mut self) -> Url {
        self.hops.swap_remove(self.hops.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail() -> Trail {
        Trail::new("http://a.test/cat".parse().unwrap(), Led::ByUser)
    }

    #[test]
    fn what_a_public_server_leads_to_is_its_word_at_its_own_name_too() {
        // The name may resolve to another address by the next request.
        let mut trail = trail();
        trail.answered(Some([192, 0, 2, 1].into()));
        trail.follow(b"/secret").unwrap();
        assert!(trail.is_home());
        assert_eq!(trail.led(), Led::ByPublic);
        trail.answered(Some([127, 0, 0, 1].into()));
        assert_eq!(trail.led(), Led::ByPublic);
    }

    #[test]
    fn who_leads_on_depends_on_the_address_that_answered() {
        for (url, address, led) in [
            ("http://a.test/", Some([10, 0, 0, 1]), Led::ByUser),
            ("http://a.test/", Some([192, 0, 2, 1]), Led::ByPublic),
            ("http://a.test/", None, Led::ByPublic),
            ("http://10.0.0.1/", None, Led::ByUser),
            ("http://192.0.2.1/", None, Led::ByPublic),
        ] {
            let mut trail = Trail::new(url.parse().unwrap(), Led::ByUser);
            trail.answered(address.map(IpAddr::from));
            trail.follow(b"http://b.test/").unwrap();
            assert_eq!(trail.led(), led, "{url} at {address:?}");
        }
    }

    #[test]
    fn a_trail_that_left_does_not_come_home() {
        let mut trail = trail();
        assert!(trail.is_home() && !trail.is_redirected());
        trail.follow(b"/dog").unwrap();
        assert!(trail.is_home() && trail.is_redirected());
        trail.follow(b"http://b.test/").unwrap();
        trail.follow(b"http://a.test/cow").unwrap();
        assert!(!trail.is_home());
        assert_eq!(trail.into_here().as_str(), "http://a.test/cow");
    }
}
