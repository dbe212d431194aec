//! The most that a site is known to accept.

use super::Limits;

/// An upper bound for the hosts of a site, whatever else is allowed for them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cap {
    /// The host as in URLs, or `*.example.org` for each of its subdomains.
    pub host: String,
    /// The maximum number of connections at once to each.
    pub connections: Option<usize>,
    /// The maximum number of requests per second to each.
    pub requests_per_second: Option<f64>,
}

impl Cap {
    /// Checks whether the cap applies to a host.
    pub(super) fn holds_for(&self, host: &str) -> bool {
        match self.host.strip_prefix('*') {
            Some(end) => host.len() > end.len() && host.ends_with(end),
            None => host == self.host,
        }
    }

    /// Returns the lower of the given limits and this cap.
    pub(super) fn lower(&self, limits: Limits) -> Limits {
        let lesser = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let connections = self.connections.unwrap_or(usize::MAX);
        Limits {
            connections: limits.connections.min(connections),
            requests_per_second: lesser(limits.requests_per_second, self.requests_per_second),
        }
    }
}
