//! Host names in settings.

use url::{Host, Url};

use super::all::Config;
use crate::model::{Error, Kind, Result};

/// Returns a host name as URLs have it: in lower case, internationalised names in ASCII, without the trailing dot.
pub(super) fn normalized(name: &str) -> String {
    let bare = name.strip_suffix('.').unwrap_or(name);
    match Host::parse(bare) {
        Ok(host) => host.to_string(),
        Err(_) => bare.to_ascii_lowercase(),
    }
}

/// Checks whether this is a valid host name. Patterns are not.
pub(super) fn is_host(name: &str) -> bool {
    let bare = name.strip_suffix('.').unwrap_or(name);
    !bare.contains('*') && Host::parse(bare).is_ok()
}

impl Config {
    /// Refuses sections whose name is not a host name: their limits would never apply.
    pub(super) fn check_hosts(&self) -> Result<()> {
        let entries = self.layers.iter().flat_map(|layer| &layer.entries);
        let sections = entries.filter(|entry| entry.path.len() == 2 && entry.path[0] == "host");
        let keys = self.layers.iter().flat_map(|layer| &layer.entries);
        let keys = keys.filter(|entry| entry.path.len() > 2 && entry.path[0] == "host");
        let mut all = sections.chain(keys);
        let Some(wrong) = all.find(|entry| !is_host(&entry.path[1])) else {
            return Ok(());
        };
        let name = &wrong.path[1];
        let message = format!("`{name}` is not the name of a host, in {}", wrong.place);
        let error = Error::new(Kind::Config, message);
        if name.contains('*') {
            return Err(error.hint("each host has a section of its own; there are no patterns"));
        }
        let url = match name.contains("://") {
            true => Url::parse(name),
            false => Url::parse(&format!("https://{name}")),
        };
        Err(match url.as_ref().ok().and_then(Url::host_str) {
            Some(host) => error.hint(format!(
                "write `[host.{host:?}]`, which applies to all its ports"
            )),
            None => error.hint("a host has a section of its own: `[host.\"example.org\"]`"),
        })
    }
}
