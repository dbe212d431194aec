//! Rate limits of hosts, and the documents that a plugin reads, as declared in a manifest.

use serde::{Deserialize, Serialize};

use super::manifest::Permissions;
use crate::model::Document;
use crate::source::Cap;

/// The rate limit of a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapSpec {
    /// One of the hosts in `request` or `media`.
    pub host: String,
    /// Requests per second, at least 0.001.
    pub requests_per_second: f64,
}

impl CapSpec {
    /// Checks whether it is valid and its host is declared.
    pub(super) fn is_valid(&self, may: &Permissions) -> bool {
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

/// Documents of any site that a plugin can read. Pages and feeds are not among them: a plugin would claim them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Readable {
    /// An IIIF manifest, as published by libraries and museums.
    Iiif,
}

impl From<Readable> for Document {
    fn from(readable: Readable) -> Document {
        match readable {
            Readable::Iiif => Document::Iiif,
        }
    }
}
