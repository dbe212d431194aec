//! A list of segments, and which track of a stream they are.

use std::time::Duration;

use url::Url;

use crate::net::Led;
use crate::pipeline::stream::{Media, Segment, Spot};

/// A list of segments, where it is, and who leads on from it.
pub(super) struct List {
    pub(super) url: Url,
    pub(super) led: Led,
    pub(super) media: Media,
    pub(super) form: Content,
    /// What there is to say of it.
    pub(super) warnings: Vec<String>,
}

/// What is in segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Content {
    /// Picture or sound.
    #[default]
    Medium,
    /// Lines of WebVTT, of which each segment has some.
    Lines,
    /// A text that is kept as it is, with this extension.
    Text(&'static str),
}

/// Which track of a stream it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The picture, or all.
    Main,
    /// The sound, where it is apart.
    Sound,
    /// The subtitles with this label.
    Caption(String),
}

/// What the sound apart from the picture is called among the files of an item.
const SOUND: &str = "sound";
/// What picture and sound put together are called there.
pub(super) const WHOLE: &str = "whole";

/// What is beside the file of this name there: the segments that wait for those before them.
pub(super) fn waiting(name: &str) -> String {
    format!("{name} beside")
}

/// All files of an item whose picture and sound are apart, but for the picture.
pub(super) fn of_two() -> [String; 3] {
    [SOUND.into(), waiting(SOUND), WHOLE.into()]
}

impl Role {
    /// What its files are called among those of the item.
    pub(super) fn name(&self) -> String {
        match self {
            Role::Main => String::new(),
            Role::Sound => SOUND.into(),
            Role::Caption(label) => format!("subtitles {label}"),
        }
    }
}

impl List {
    /// A list of pictures or sounds.
    pub(super) fn new(url: Url, led: Led, media: Media) -> List {
        let form = Content::Medium;
        List {
            url,
            led,
            media,
            form,
            warnings: Vec::new(),
        }
    }

    /// A file as a track: a list of all of it.
    pub(super) fn file(url: Url, led: Led) -> List {
        let all = Segment {
            number: 0,
            span: 1,
            spot: Spot {
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
        List::new(url, led, media)
    }
}
