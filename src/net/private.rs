//! Private addresses, and who may lead to them. Pure decisions: nothing is sent here.
//!
//! What a user types may be at home: a server in the next room, this machine. A public server has no business naming
//! such addresses, as it could not reach them itself. So a client knows for each request who named its address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Who named an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NamedBy {
    /// The user, by a link or a setting, or a server at a private address.
    #[default]
    #[serde(rename = "by_user")]
    User,
    /// A public server: in a redirect, or in a response that a source has read.
    #[serde(rename = "by_public")]
    PublicServer,
}

/// Whether private addresses may be accessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Private {
    /// Always.
    Always,
    /// Unless a public server led there.
    #[default]
    Typed,
    /// Never.
    Never,
}

impl Private {
    /// Checks whether a request must be limited to public addresses.
    pub(super) fn refuses(self, named_by: NamedBy) -> bool {
        match self {
            Private::Always => false,
            Private::Typed => named_by == NamedBy::PublicServer,
            Private::Never => true,
        }
    }
}

/// Returns the IP address that a URL has in place of a host name.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// Checks whether an address can be reached from everywhere.
///
/// 198.18.0.0/15 counts as public: it is reserved for benchmarks, but in practice used by tunnels that make up an
/// address for every name and resolve the name at their other end.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && b & 0xc0 == 64; // RFC 6598
    let protocols = (a, b, c) == (192, 0, 0); // RFC 6890
    !(a == 0
        || a >= 224
        || shared
        || protocols
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let inner = |high: u16, low: u16| {
        let ([p, q], [r, s]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(p, q, r, s))
    };
    match (a, b, c, d, e, f) {
        // IPv4 within IPv6: mapped, compatible (with `::` and `::1`), translated (RFC 6052), 6to4.
        (0, 0, 0, 0, 0, 0 | 0xffff) | (0, 0, 0, 0, 0xffff, 0) => inner(g, h),
        (0x64, 0xff9b, 0, 0, 0, 0) => inner(g, h),
        (0x2002, ..) => inner(b, c),
        // Of the rest, only 2000::/3 is allocated, except for Teredo; 64:ff9b:1::/48 is for local translators.
        (0x2001, 0, ..) => false,
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_public_addresses_from_others() {
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.18.0.7",
            "223.255.255.255",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
        ];
        let private = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.168.1.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2001::1",
            "100::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for (addresses, expected) in [(&public[..], true), (&private[..], false)] {
            for address in addresses {
                assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
            }
        }
    }

    #[test]
    fn an_address_in_a_url_is_seen_however_it_is_written() {
        for text in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://[::ffff:127.0.0.1]:80/",
        ] {
            let found = literal(&Url::parse(text).unwrap());
            assert!(!is_public(found.unwrap()), "{text}");
        }
        assert_eq!(literal(&Url::parse("http://localhost/").unwrap()), None);
    }

    #[test]
    fn private_addresses_are_refused_by_who_named_them() {
        let table = [
            (Private::Always, false, false),
            (Private::Typed, false, true),
            (Private::Never, true, true),
        ];
        for (policy, user, public) in table {
            assert_eq!(policy.refuses(NamedBy::User), user, "{policy:?}");
            assert_eq!(policy.refuses(NamedBy::PublicServer), public, "{policy:?}");
        }
    }
}
