//! Subtitles that a stream offers: their names, and where they are.

use super::Media;
use super::hls::Chosen;

/// The longest label.
const LONGEST: usize = 40;
/// How many subtitles of a stream are kept; these are the first ones.
const MOST: usize = 200;

/// Subtitles in one language.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::pipeline) struct Caption {
    /// Distinguishes them from the others of the stream and is fit for a file name: `en`, `en.forced`, `pt-BR.sdh`.
    pub(in crate::pipeline) label: String,
    /// The language as the site names it, made safe.
    pub(in crate::pipeline) language: String,
    pub(in crate::pipeline) at: CaptionLocation,
}

/// Where subtitles are, and in which form.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::pipeline) enum CaptionLocation {
    /// WebVTT in the segments of this playlist.
    Playlist(Chosen),
    /// WebVTT in these segments.
    Segments(Media),
    /// A file that is downloaded as it is, with the extension that it gets.
    File(Media, &'static str),
    /// They are not wanted.
    Unwanted,
    /// They cannot be downloaded, and why.
    Not(String),
}

impl Caption {
    /// Returns the segments, if there may be more later.
    pub(super) fn segments(&mut self) -> Option<&mut Media> {
        match &mut self.at {
            CaptionLocation::Segments(media) => Some(media),
            _ => None,
        }
    }
}

/// How the site describes subtitles.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CaptionAttributes<'a> {
    pub(super) language: &'a str,
    /// The name shown to people.
    pub(super) name: &'a str,
    /// Whether they cover only what a viewer would not understand otherwise.
    pub(super) forced: bool,
    /// Whether they also describe sounds.
    pub(super) describes_sounds: bool,
}

impl CaptionAttributes<'_> {
    /// Returns the language and the label.
    pub(super) fn names(&self) -> (String, String) {
        let language = [self.language, self.name, "und"].map(safe);
        let language = language.into_iter().find(|name| !name.is_empty());
        let language = language.unwrap_or_default();
        let mut label = language.clone();
        if self.forced {
            label += ".forced";
        }
        if self.describes_sounds {
            label += ".sdh";
        }
        (language, label)
    }
}

/// Adds subtitles to those before them under a unique label, as long as there is room.
pub(super) fn add(captions: &mut Vec<Caption>, mut caption: Caption) {
    if captions.len() >= MOST {
        return;
    }
    let is_taken = |label: &str| captions.iter().any(|known| known.label == label);
    if is_taken(&caption.label) {
        let labels = (2..).map(|number| format!("{}.{number}", caption.label));
        let mut free = labels.filter(|label| !is_taken(label));
        caption.label = free.next().unwrap_or_default();
    }
    captions.push(caption);
}

/// Keeps letters and digits, and replaces everything else between them by a dash.
fn safe(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars().take(4 * LONGEST) {
        match c.is_alphanumeric() {
            true => safe.push(c),
            false if safe.is_empty() || safe.ends_with('-') => {}
            false => safe.push('-'),
        }
        if safe.len() >= LONGEST {
            break;
        }
    }
    safe.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_fit_for_names_and_differ() {
        let attributes = |language, name| CaptionAttributes {
            language,
            name,
            ..CaptionAttributes::default()
        };
        let table = [
            (attributes("en", "English"), "en"),
            (attributes("pt-BR", ""), "pt-BR"),
            (attributes("", "Deutsch (Österreich)"), "Deutsch-Österreich"),
            (attributes("../../etc", ""), "etc"),
            (attributes("", "\u{202e}/\0"), "und"),
        ];
        for (attributes, expected) in table {
            assert_eq!(attributes.names().1, expected, "{attributes:?}");
        }
        let long = "x".repeat(10_000);
        assert!(attributes(&long, "").names().1.len() <= LONGEST);
        let both = CaptionAttributes {
            forced: true,
            describes_sounds: true,
            ..attributes("en", "")
        };
        assert_eq!(both.names(), ("en".into(), "en.forced.sdh".into()));
        let mut all = Vec::new();
        for _ in 0..2 * MOST {
            let (language, label) = attributes("en", "").names();
            let at = CaptionLocation::Unwanted;
            let caption = Caption {
                label,
                language,
                at,
            };
            add(&mut all, caption);
        }
        let labels: Vec<_> = all.iter().map(|caption| caption.label.as_str()).collect();
        assert_eq!(labels[..3], ["en", "en.2", "en.3"]);
        assert_eq!(labels.len(), MOST);
    }
}
