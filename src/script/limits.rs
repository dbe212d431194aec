//! The resource limits of a script run. A manifest can only lower them.

use serde::{Deserialize, Serialize};

/// The resources that a run may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// CPU time in milliseconds.
    pub cpu_ms: u64,
    /// Wall time between two host calls in milliseconds, whatever the script does meanwhile.
    pub wall_ms: u64,
    /// Memory of the VM in MiB.
    pub memory_mib: usize,
    /// Size of one response in MiB.
    pub body_mib: usize,
    /// Number of requests.
    pub requests: u64,
    /// Size of all responses together in MiB.
    pub total_mib: u64,
    /// Number of entries, items and links together.
    pub entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            cpu_ms: 10_000,
            wall_ms: 60_000,
            memory_mib: 64,
            body_mib: 16,
            requests: 5_000,
            total_mib: 1_024,
            entries: 1_000_000,
        }
    }
}

impl Limits {
    /// Returns the name and maximum of the first limit that is zero or above the default.
    pub(super) fn wrong(&self) -> Option<(&'static str, u64)> {
        let most = Limits::default();
        let table = [
            ("cpu_ms", self.cpu_ms, most.cpu_ms),
            ("wall_ms", self.wall_ms, most.wall_ms),
            ("memory_mib", self.memory_mib as u64, most.memory_mib as u64),
            ("body_mib", self.body_mib as u64, most.body_mib as u64),
            ("requests", self.requests, most.requests),
            ("total_mib", self.total_mib, most.total_mib),
            ("entries", self.entries, most.entries),
        ];
        let wrong = table.iter().find(|(_, is, most)| *is == 0 || is > most);
        wrong.map(|(name, _, most)| (*name, *most))
    }
}
