//! What is known about an item beside its bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

/// An album, a gallery, a listing: what several items belong to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Album {
    /// The site's id of it.
    pub id: String,
    /// Its title, as the site gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How many items it has, where the site says so before listing them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// What is known about an item or a link. Every field is optional: a source fills in what its site tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// The name of the file without its extension, where it has one worth keeping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The extension without dot that the site names; the bytes may overrule it. An empty one says that its name has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ext: Option<String>,
    /// The title of this item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The text that goes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Timestamp>,
    /// What it belongs to. Shared by all items of an album.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<Arc<Album>>,
    /// Its position in the album, from 1. The outlet counts where the source leaves this out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// Width in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// The page where a person would look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Url>,
    /// A key that it had in an earlier version of its source. If a file is there under that, and is of the kind that is expected, it
    /// counts as had.
    #[serde(skip)]
    pub formerly: Option<String>,
    /// Whatever else the site tells, by field name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, serde_json::Value>,
}
