//! What a host takes at the most, and which documents a plugin reads, as a manifest says it.

use serde::{Deserialize, Serialize};

use super::manifest::Permissions;
use crate::model::Document;
use crate::source::Cap;

/// The most that a host takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapSpec {
    /// One of the hosts in `request` or `media`.
    pub host: String,
    /// Requests a second, 0.001 or more.
    pub requests_per_second: f64,
}

impl CapSpec {
    /// Whether it is one, of a host that is declared.
    pub(super) fn is_well(&self, may: &Permissions) -> bool {
        let mut declared = may.request.0.iter().chain(&may.media.0);
        let is_rate = self.requests_per_second.is_finite() && self.requests_per_second >= 0.001;
        is_rate && declared.any(|host| *host == self.host)
    }
}

impl From<&CapSpec> for Cap {
    fn from(spec: &CapSpec) -> Cap {
        Cap {
            host: spec.host.clone(),
            connections: None,
            requests_per_second: Some(spec.requests_per_second),
        }
    }
}

/// Documents of any site that a plugin can read. Pages and feeds are none of them: they would all be its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Readable {
    /// What a library or a museum has, as a manifest of IIIF.
    Iiif,
}

impl From<Readable> for Document {
    fn from(readable: Readable) -> Document {
        match readable {
            Readable::Iiif => Document::Iiif,
        }
    }
}
