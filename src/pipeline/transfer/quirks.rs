//! What one transfer has learned about a host, for the next.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use url::Url;

use super::forbidden::Forbidden;

/// How many hosts are remembered. Beyond that, all are forgotten, which costs a request for each file that is resumed.
const REMEMBERED: usize = 1024;

/// How hosts deviate from the standards.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct HostQuirks {
    without_if_range: Mutex<HashSet<String>>,
    pub(super) forbidden: Forbidden,
}

impl HostQuirks {
    /// Whether If-Range is of no use at this host: it sends the whole file although nothing has changed, since it does
    /// not know the field, or each of its machines has an ETag of its own. Then the bytes on disk are compared with
    /// those that come.
    pub(super) fn is_without_if_range(&self, url: &Url) -> bool {
        let hosts = self.hosts();
        !hosts.is_empty() && url.host_str().is_some_and(|host| hosts.contains(host))
    }

    /// Notes that If-Range proved to be of no use at this host.
    pub(super) fn note_without_if_range(&self, url: &Url) {
        let mut hosts = self.hosts();
        if hosts.len() >= REMEMBERED {
            hosts.clear();
        }
        hosts.extend(url.host_str().map(str::to_owned));
    }

    fn hosts(&self) -> MutexGuard<'_, HashSet<String>> {
        let hosts = self.without_if_range.lock();
        hosts.unwrap_or_else(PoisonError::into_inner)
    }
}
