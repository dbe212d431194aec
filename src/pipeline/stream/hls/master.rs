//! A master playlist (multivariant, in the drafts): the renditions of a stream.

use url::Url;

use super::super::corrupt;
use super::lines::{Attributes, Line, Lines};
use crate::model::{Error, Kind, RenditionSize, Result};
use crate::pipeline::stream::Quality;
use crate::pipeline::stream::caption::{self, Caption, CaptionAttributes, CaptionLocation};
use crate::pipeline::stream::codecs::is_sound;

/// The maximum number of renditions.
const MOST: usize = 1000;
/// How many alternative locations of a rendition are tried.
const PLACES: usize = 8;

/// The available renditions.
#[derive(Debug, Default, PartialEq)]
pub(in crate::pipeline) struct Master {
    variants: Vec<Variant>,
    media: Vec<Rendition>,
    /// Subtitles, with the groups they are in.
    captions: Vec<(String, Caption)>,
}

/// A rendition of the whole.
#[derive(Debug, PartialEq)]
struct Variant {
    url: Url,
    size: RenditionSize,
    codecs: String,
    /// Its attributes, as text.
    about: String,
    /// The groups of its audio and its subtitles.
    audio: Option<String>,
    captions: Option<String>,
}

/// An audio rendition.
#[derive(Debug, PartialEq)]
struct Rendition {
    group: String,
    /// Its attributes, as text.
    about: String,
    /// Where it is; if none, it is in the video's segments.
    url: Option<Url>,
    default: bool,
    auto: bool,
}

/// What to download.
#[derive(Debug, PartialEq)]
pub(in crate::pipeline) struct Choice {
    /// The playlist of the video, or of everything.
    pub(in crate::pipeline) main: Chosen,
    /// The playlist of the audio, if it is separate.
    pub(in crate::pipeline) sound: Option<Chosen>,
    /// The subtitles that belong to it.
    pub(in crate::pipeline) captions: Vec<Caption>,
    /// Alternative locations of `main` and `sound`, in case those are missing.
    pub(in crate::pipeline) others: Vec<(Chosen, Option<Chosen>)>,
    /// The audio group that it refers to, if that group does not exist.
    pub(in crate::pipeline) missing: Option<String>,
}

/// A chosen rendition.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::pipeline) struct Chosen {
    /// Where its playlist is.
    pub(in crate::pipeline) url: Url,
    /// Its attributes as text, which distinguish it from others.
    pub(in crate::pipeline) about: String,
}

/// Reads a master playlist.
pub(super) fn read(lines: &mut Lines<'_>) -> Result<Master> {
    let mut master = Master::default();
    let mut ahead: Option<(RenditionSize, [String; 2], [Option<String>; 2])> = None;
    while let Some(line) = lines.next() {
        match line {
            Line::Tag("EXT-X-STREAM-INF", value) => {
                let attributes = Attributes::read(value)?;
                let bandwidth = attributes
                    .get("BANDWIDTH")
                    .and_then(|text| text.parse().ok());
                let picture = attributes.get("RESOLUTION").and_then(resolution);
                let codecs = attributes.get("CODECS").unwrap_or("");
                let size = RenditionSize {
                    picture,
                    bandwidth: bandwidth.unwrap_or(0),
                    audio_only: picture.is_none() && is_sound(codecs),
                };
                let about = about(&attributes, ["BANDWIDTH", "RESOLUTION", "CODECS", "AUDIO"]);
                let groups = ["AUDIO", "SUBTITLES"];
                let groups = groups.map(|name| attributes.get(name).map(str::to_owned));
                ahead = Some((size, [codecs.to_owned(), about], groups));
            }
            Line::Tag("EXT-X-MEDIA", value) => {
                let attributes = Attributes::read(value)?;
                match attributes.get("TYPE") {
                    Some("AUDIO") => {}
                    Some("SUBTITLES") => {
                        master.captions.extend(captions(lines, &attributes));
                        continue;
                    }
                    _ => continue,
                }
                let says = |name: &str| attributes.get(name) == Some("YES");
                let group = attributes
                    .get("GROUP-ID")
                    .ok_or_else(|| corrupt("a rendition has no group"))?;
                master.media.push(Rendition {
                    group: group.to_owned(),
                    about: about(&attributes, ["GROUP-ID", "LANGUAGE", "NAME", "CHANNELS"]),
                    url: attributes
                        .get("URI")
                        .map(|uri| lines.url(uri))
                        .transpose()?,
                    default: says("DEFAULT"),
                    auto: says("AUTOSELECT"),
                });
            }
            Line::Tag(..) => {}
            Line::Uri(uri) => {
                let url = lines.url(uri)?;
                // A URL without a preceding tag is not a rendition.
                if let Some((size, [codecs, about], [audio, captions])) = ahead.take() {
                    master.variants.push(Variant {
                        url,
                        size,
                        codecs,
                        about,
                        audio,
                        captions,
                    });
                }
            }
        }
        if master.variants.len() + master.media.len() + master.captions.len() > MOST {
            return Err(corrupt(format_args!("it has more than {MOST} renditions")));
        }
    }
    Ok(master)
}

impl Master {
    /// Chooses the renditions.
    ///
    /// # Errors
    /// [`Kind::Unsupported`] if there is no such rendition.
    pub(in crate::pipeline) fn choose(&self, quality: Quality) -> Result<Choice> {
        let sizes: Vec<RenditionSize> = self.variants.iter().map(|variant| variant.size).collect();
        if quality == Quality::Audio {
            return self.choose_sound(&sizes);
        }
        let chosen = quality
            .choose(&sizes)
            .ok_or_else(|| corrupt("it lists no rendition"))?;
        let chosen = &self.variants[chosen];
        let (main, sound) = self.tracks(chosen);
        let alike = |other: &&Variant| {
            other.size == chosen.size && other.codecs == chosen.codecs && other.url != chosen.url
        };
        let others = self.variants.iter().filter(alike).take(PLACES);
        let is_there = |group: &&String| self.media.iter().any(|media| media.group == **group);
        Ok(Choice {
            missing: chosen
                .audio
                .as_ref()
                .filter(|group| !is_there(group))
                .cloned(),
            others: others.map(|other| self.tracks(other)).collect(),
            captions: self.captions(Some(chosen)),
            main,
            sound,
        })
    }

    /// Returns the playlists of a rendition: of the video or everything, and of the audio if it is separate.
    fn tracks(&self, of: &Variant) -> (Chosen, Option<Chosen>) {
        let main = of.chosen();
        let sound = of.audio.as_deref().and_then(|group| self.sound(group));
        let sound = sound.filter(|sound| sound.url != main.url);
        (main, sound)
    }

    /// Chooses the audio of the best rendition, or a rendition with audio only.
    fn choose_sound(&self, sizes: &[RenditionSize]) -> Result<Choice> {
        let best = Quality::Best.choose(sizes).map(|at| &self.variants[at]);
        let group = best.and_then(|variant| variant.audio.as_deref());
        let apart = group.and_then(|group| self.sound(group));
        let alone = || Some(self.variants[Quality::Audio.choose(sizes)?].chosen());
        let main = apart.or_else(alone).ok_or_else(|| {
            Error::new(
                Kind::Unsupported,
                "the stream has no sound separate from its picture",
            )
            .hint("`--quality worst` fetches the smallest picture with it")
        })?;
        Ok(Choice {
            main,
            sound: None,
            captions: self.captions(best),
            others: Vec::new(),
            missing: None,
        })
    }

    /// Returns the subtitles of a rendition.
    fn captions(&self, of: Option<&Variant>) -> Vec<Caption> {
        let group = of.and_then(|variant| variant.captions.as_ref());
        let all = self.captions.iter();
        let mut found = Vec::new();
        for (_, caption) in all.filter(|(of, _)| Some(of) == group) {
            caption::add(&mut found, caption.clone());
        }
        found
    }

    /// Returns the audio of a group, if it is separate: the site's default, or else the first.
    fn sound(&self, group: &str) -> Option<Chosen> {
        let of_group = || self.media.iter().filter(|media| media.group == group);
        let chosen = of_group()
            .find(|media| media.default)
            .or_else(|| of_group().find(|media| media.auto))
            .or_else(|| of_group().next());
        let Rendition { url, about, .. } = chosen?;
        Some(Chosen {
            url: url.clone()?,
            about: about.clone(),
        })
    }
}

impl Variant {
    fn chosen(&self) -> Chosen {
        Chosen {
            url: self.url.clone(),
            about: self.about.clone(),
        }
    }
}

/// Reads subtitles and the group they are in; returns None if they have no URL.
fn captions(lines: &mut Lines<'_>, attributes: &Attributes<'_>) -> Option<(String, Caption)> {
    let (group, uri) = (attributes.get("GROUP-ID")?, attributes.get("URI")?);
    let kinds = attributes.get("CHARACTERISTICS").unwrap_or("");
    let caption = CaptionAttributes {
        language: attributes.get("LANGUAGE").unwrap_or(""),
        name: attributes.get("NAME").unwrap_or(""),
        forced: attributes.get("FORCED") == Some("YES"),
        describes_sounds: kinds.contains("describes-music-and-sound")
            || kinds.contains("transcribes-spoken-dialog"),
    };
    let (language, label) = caption.names();
    let at = match lines.url(uri) {
        Ok(url) => CaptionLocation::Playlist(Chosen {
            url,
            about: about(attributes, ["GROUP-ID", "LANGUAGE", "NAME", "FORCED"]),
        }),
        Err(error) => CaptionLocation::Not(error.message),
    };
    let caption = Caption {
        label,
        language,
        at,
    };
    Some((group.to_owned(), caption))
}

/// Joins the values of these attributes of a rendition.
fn about(attributes: &Attributes<'_>, names: [&str; 4]) -> String {
    names
        .map(|name| attributes.get(name).unwrap_or(""))
        .join(" ")
}

fn resolution(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once(['x', 'X'])?;
    Some((width.parse().ok()?, height.parse().ok()?))
}
