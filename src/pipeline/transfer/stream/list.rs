//! A list of segments, and which track of a stream they belong to.

use std::time::Duration;

use url::Url;

use crate::net::NamedBy;
use crate::pipeline::stream::{ByteLocation, Media, Segment};

/// A list of segments, where it is, and who named its address.
pub(super) struct List {
    pub(super) url: Url,
    pub(super) named_by: NamedBy,
    pub(super) media: Media,
    pub(super) form: Content,
    /// Warnings about it.
    pub(super) warnings: Vec<String>,
}

/// What the segments contain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Content {
    /// Picture or sound.
    #[default]
    Medium,
    /// Lines of WebVTT, some in each segment.
    Lines,
    /// A text that is kept as it is, with this extension.
    Text(&'static str),
}

/// Which track of a stream a list is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The picture, or everything.
    Main,
    /// The sound, if it is separate.
    Sound,
    /// The subtitles with this label.
    Caption(String),
}

/// The name of the separate sound among the files of an item.
const SOUND: &str = "sound";
/// The name there of the file in which picture and sound are put together.
pub(super) const MUXED: &str = "whole";

/// The name of the file beside the one of this name, for the segments that wait for earlier ones.
pub(super) fn waiting(name: &str) -> String {
    format!("{name} beside")
}

/// The names of all files of an item with separate picture and sound, except for that of the picture.
pub(super) fn of_two() -> [String; 3] {
    [SOUND.into(), waiting(SOUND), MUXED.into()]
}

impl Role {
    /// The name of its file among those of the item.
    pub(super) fn name(&self) -> String {
        match self {
            Role::Main => String::new(),
            Role::Sound => SOUND.into(),
            Role::Caption(label) => format!("subtitles {label}"),
        }
    }
}

impl List {
    /// Creates a list of segments of picture or sound.
    pub(super) fn new(url: Url, named_by: NamedBy, media: Media) -> List {
        let form = Content::Medium;
        List {
            url,
            named_by,
            media,
            form,
            warnings: Vec::new(),
        }
    }

    /// Creates the list of a track that is a single file.
    pub(super) fn file(url: Url, named_by: NamedBy) -> List {
        let all = Segment {
            number: 0,
            span: 1,
            location: ByteLocation {
                url: url.clone(),
                range: None,
            },
            cipher: None,
            map: None,
            gap: false,
            breaks: false,
            duration: Duration::ZERO,
        };
        let media = Media {
            segments: vec![all],
            ended: true,
            end: None,
            surplus: false,
            cut: false,
            target: Duration::ZERO,
            ahead: 0.0,
            broken: false,
            rendition: String::new(),
        };
        List::new(url, named_by, media)
    }
}
