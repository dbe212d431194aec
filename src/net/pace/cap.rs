//! What a site is known to take at the most.

use super::Limits;

/// The most that hosts of a site are to be asked for, whatever else is allowed for them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cap {
    /// The host as in URLs, or `*.example.org` for each of those below it.
    pub host: String,
    /// The most connections at once to each.
    pub connections: Option<usize>,
    /// The most requests a second to each.
    pub requests_per_second: Option<f64>,
}

impl Cap {
    /// Whether this is about a host.
    pub(super) fn holds_for(&self, host: &str) -> bool {
        match self.host.strip_prefix('*') {
            Some(end) => host.len() > end.len() && host.ends_with(end),
            None => host == self.host,
        }
    }

    /// The lesser of what was allowed and what this allows.
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
