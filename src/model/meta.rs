//! The metadata of an item.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

/// An album, a gallery, a listing: something that several items belong to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Album {
    /// The site's id for it.
    pub id: String,
    /// Its title, as the site gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How many items it has, if the site says so before listing them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// The metadata of an item or a link. Every field is optional: a source fills in what its site provides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// The file name without its extension, if it has one worth keeping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The extension according to the site, without the dot; the bytes may override it. An empty one means that the name
    /// has no extension.
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
    /// The album it belongs to. Shared by all items of an album.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<Arc<Album>>,
    /// Its position in the album, from 1. If the source leaves this out, the outlet counts.
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
    /// Its key in an earlier version of its source. If a file is recorded under that key, and is of the expected kind, the
    /// item counts as already downloaded.
    #[serde(skip)]
    pub formerly: Option<String>,
    /// Other metadata from the site, by field name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, serde_json::Value>,
}
