//! A link to download, and the options that apply to it alone.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::naming::{ROOM, component};
use super::{Filter, Planned, Ranges, Template, Templates};
use crate::model::{Error, Item, Kind, Link, Result};

/// A link to download.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The link.
    pub link: Link,
    /// The options of its items, if they differ from those of the run.
    pub options: Option<Arc<LinkOptions>>,
}

/// Options for the items of one link.
#[derive(Clone, Debug, Default)]
pub struct LinkOptions {
    /// The link in its displayed form, without secrets.
    pub link: Option<String>,
    /// The folder below the output directory that their paths begin with.
    pub directory: Option<Directory>,
    /// The template of their paths, in place of the global one.
    pub template: Option<Template>,
    /// Which items to take, by position, in place of the global selection.
    pub items: Option<Ranges>,
    /// A filter that items must match in addition to the global one.
    pub filter: Option<Filter>,
    /// The terms on which its source lists it, in the source's own words; if unset, the settings apply.
    pub terms: Option<String>,
}

impl Wanted {
    /// Checks whether it is the same link with the same options.
    pub(super) fn is_same(&self, other: &Wanted) -> bool {
        let written = |wanted: &Wanted| wanted.options.as_deref().map(LinkOptions::to_json);
        self.link.url == other.link.url && written(self) == written(other)
    }
}

impl LinkOptions {
    /// Whether items are counted or filtered, so that it must be known beforehand which of them are files.
    pub(super) fn chooses(&self) -> bool {
        self.items.is_some() || self.filter.is_some()
    }

    /// Whether no option is set.
    pub(super) fn is_empty(&self) -> bool {
        let LinkOptions {
            link,
            directory,
            template,
            items,
            filter,
            terms,
        } = self;
        let chosen = [
            link.is_some(),
            directory.is_some(),
            template.is_some(),
            items.is_some(),
            filter.is_some(),
            terms.is_some(),
        ];
        !chosen.contains(&true)
    }

    /// Returns the options that select among the items of a link that another leads to. Positions are counted in the
    /// other.
    pub(super) fn choosing(&self) -> LinkOptions {
        LinkOptions {
            link: self.link.clone().filter(|_| self.items.is_some()),
            items: self.items.clone(),
            filter: self.filter.clone(),
            ..LinkOptions::default()
        }
    }

    /// Serialises the options for the archive. They contain no secret.
    pub(super) fn to_json(&self) -> String {
        let written = WrittenOptions {
            link: self.link.clone(),
            directory: self.directory.as_ref().map(ToString::to_string),
            template: self.template.as_ref().map(ToString::to_string),
            items: self.items.as_ref().map(ToString::to_string),
            filter: self.filter.as_ref().map(ToString::to_string),
            terms: self.terms.clone(),
        };
        serde_json::to_string(&written).unwrap_or_default()
    }

    /// Serialises the options that name files, as recorded with each item: with the link that they belong to, unless
    /// the item came from that link.
    pub(super) fn naming(options: Option<&LinkOptions>, own: &str) -> String {
        let names =
            |options: &&LinkOptions| options.directory.is_some() || options.template.is_some();
        let naming = options.filter(names).map(|options| LinkOptions {
            link: options.link.clone().filter(|link| link != own),
            directory: options.directory.clone(),
            template: options.template.clone(),
            ..LinkOptions::default()
        });
        naming.unwrap_or_default().to_json()
    }

    /// Parses recorded options.
    ///
    /// # Errors
    /// The options can no longer be used.
    pub(super) fn from_json(json: &str) -> Result<LinkOptions> {
        let wrong = || {
            Error::new(
                Kind::Expired,
                "the options saved for its link cannot be read",
            )
        };
        let written: WrittenOptions =
            serde_json::from_str(json).map_err(|error| wrong().because(error))?;
        let read = || {
            Ok(LinkOptions {
                link: written.link,
                directory: written.directory.map(|text| text.parse()).transpose()?,
                template: written.template.map(|text| text.parse()).transpose()?,
                items: written.items.map(|text| text.parse()).transpose()?,
                filter: written.filter.map(|text| text.parse()).transpose()?,
                terms: written.terms,
            })
        };
        read().map_err(|error: Error| wrong().because(error))
    }
}

/// The serialised options of a link.
#[derive(Serialize, Deserialize)]
struct WrittenOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<String>,
}

/// A folder below the output directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory(Vec<String>);

impl From<Link> for Wanted {
    fn from(link: Link) -> Wanted {
        Wanted {
            link,
            options: None,
        }
    }
}

impl fmt::Display for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

impl FromStr for Directory {
    type Err = Error;

    fn from_str(text: &str) -> Result<Directory> {
        let wrong = || {
            let message = format!("`{text}` is not a folder below the output directory");
            Error::new(Kind::Config, message)
        };
        let mut names = Vec::new();
        for name in text.split('/').filter(|name| *name != ".") {
            if name.is_empty() || name == ".." || name == "~" {
                return Err(wrong());
            }
            let safe = component(name, ROOM);
            if safe != name {
                let message = format!("`{name}` cannot be the name of a folder on every system");
                return Err(Error::new(Kind::Config, message).hint(format!("`{safe}` can")));
            }
            names.push(safe);
        }
        Ok(Directory(names))
    }
}

/// Checks whether the options of its link want an item.
pub(super) fn wants(options: Option<&LinkOptions>, item: &Item) -> Result<bool> {
    match options.and_then(|options| options.filter.as_ref()) {
        Some(filter) => filter.wants(item),
        None => Ok(true),
    }
}

/// Plans the path of an item by the options of its link, or else by the global templates.
pub(super) fn plan(
    options: Option<&LinkOptions>,
    templates: &Templates,
    item: &Item,
) -> Result<Planned> {
    let mut planned = match options.and_then(|options| options.template.as_ref()) {
        Some(template) => template.plan(item)?,
        None => templates.plan(item)?,
    };
    if let Some(Directory(names)) = options.and_then(|options| options.directory.as_ref()) {
        planned.folder.splice(..0, names.iter().cloned());
    }
    planned.is_folder = planned.folder.is_empty() && templates.is_folder(&planned.stem);
    Ok(planned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_remembered_as_they_were() {
        let options = LinkOptions {
            link: Some("https://a.test/1".into()),
            directory: Some("My cats/best".parse().unwrap()),
            template: Some("{key}.{ext}".parse().unwrap()),
            items: Some("1-5,8,20-".parse().unwrap()),
            filter: Some("width >= 3 and ext == 'jpg'".parse().unwrap()),
            terms: Some("depth 2".into()),
        };
        let json = options.to_json();
        let read = LinkOptions::from_json(&json).unwrap();
        assert_eq!(format!("{read:?}"), format!("{options:?}"));
        assert_eq!(LinkOptions::default().to_json(), "{}");
        // Options that name files include their link where it is a different one.
        let naming = |own| LinkOptions::naming(Some(&options), own);
        let named = r#""directory":"My cats/best","template":"{key}.{ext}"}"#;
        assert_eq!(naming("https://a.test/1"), format!("{{{named}"));
        let with_link = format!(r#"{{"link":"https://a.test/1",{named}"#);
        assert_eq!(naming("https://a.test/2"), with_link);
        let chooses = LinkOptions {
            directory: None,
            template: None,
            ..options.clone()
        };
        assert_eq!(LinkOptions::naming(Some(&chooses), ""), "{}");
        let error = LinkOptions::from_json(r#"{"template": "{what}"}"#).unwrap_err();
        assert_eq!(
            error.message,
            "the options saved for its link cannot be read"
        );
    }
}
