//! Videos and sounds named in data for a page's scripts: JSON that can be read without running anything.
//!
//! Of the addresses in one object, or in a list named like one of sources, the best is taken.

use fetch::model::Medium;
use fetch::source::url_medium;
use html5ever::tokenizer::Tag;
use serde_json::Value;
use url::Url;

use super::attributes::attribute;
use super::media_url::{is_stream, is_unwanted};
use super::{height, json};

/// Attributes with the settings of players, and the name each setting stands for.
const SETTINGS: [(&str, &str); 5] = [
    ("data-setup", ""),
    ("data-sources", "sources"),
    ("data-item", ""),
    ("data-plyr-config", ""),
    ("data-video", "video"),
];
/// The maximum length of a setting.
const LONGEST: usize = 64 << 10;
/// The extensions of the videos and sounds to look for.
const ENDINGS: [&str; 13] = [
    ".aac", ".flac", ".m3u8", ".m4a", ".m4v", ".mov", ".mp3", ".mp4", ".mpd", ".ogg", ".opus",
    ".wav", ".webm",
];
/// The most videos and sounds of a page.
const MOST: usize = 100;
/// The maximum depth of nesting.
const DEEPEST: usize = 32;
/// Names of fields whose values are forms of one video.
const FORMS: [&str; 20] = [
    "dash",
    "download",
    "downloads",
    "encodings",
    "file",
    "files",
    "formats",
    "hls",
    "mp4",
    "playback",
    "progressive",
    "qualities",
    "renditions",
    "source",
    "sources",
    "src",
    "streams",
    "transcodings",
    "urls",
    "variants",
];
/// Parts of the names of fields whose values are not the page's subject, or only a preview of it.
const OTHERS: [&str; 18] = [
    "advert",
    "caption",
    "hover",
    "poster",
    "preview",
    "promo",
    "recommend",
    "related",
    "similar",
    "sponsor",
    "sprite",
    "storyboard",
    "subtitle",
    "suggest",
    "teaser",
    "thumb",
    "trailer",
    "upnext",
];
/// Words in the addresses of notification sounds and the like.
const SIGNALS: [&str; 7] = [
    "alert",
    "beep",
    "click",
    "notification",
    "notifications",
    "notify",
    "sounds",
];
/// The usual heights of videos.
const HEIGHTS: [u32; 12] = [144, 180, 240, 270, 288, 360, 480, 540, 576, 720, 1080, 2160];
/// A stream adapts its quality; most offer at least this height.
const STREAM: u32 = 719;

/// Data for scripts, with its name.
#[derive(Debug)]
pub(super) struct ScriptData {
    name: &'static str,
    text: String,
}

/// Returns the data of a script, if it may name any videos.
pub(super) fn script(text: String) -> Option<ScriptData> {
    names_films(&text).then_some(ScriptData { name: "", text })
}

/// Returns the settings of a player in an element.
pub(super) fn settings(tag: &Tag) -> Option<ScriptData> {
    SETTINGS.iter().find_map(|(attr, name)| {
        let text =
            attribute(tag, attr).filter(|text| text.len() <= LONGEST && names_films(text))?;
        let text = text.to_owned();
        Some(ScriptData { name, text })
    })
}

fn names_films(text: &str) -> bool {
    ENDINGS.iter().any(|ending| text.contains(ending))
}

/// Returns the distinct videos and sounds in all of the data, and whether there are more. `whole` resolves addresses
/// against the page.
pub(super) fn films(
    data: &[ScriptData],
    whole: impl Fn(&str) -> Option<Url>,
) -> (Vec<(Url, Medium)>, bool) {
    let mut looking = Looking {
        whole,
        found: Vec::new(),
        cut: false,
    };
    for ScriptData { name, text } in data {
        let values = match is_address(text) {
            true => vec![Value::String(text.clone())],
            false => json::read(text).unwrap_or_default(),
        };
        for value in &values {
            looking.alone(value, name, 0);
        }
    }
    (looking.found, looking.cut)
}

struct Looking<F> {
    whole: F,
    found: Vec<(Url, Medium)>,
    cut: bool,
}

/// One form of a video, and its quality.
struct Form {
    url: Url,
    medium: Medium,
    weight: u32,
}

impl<F: Fn(&str) -> Option<Url>> Looking<F> {
    /// Examines a value that stands for a video of its own.
    fn alone(&mut self, value: &Value, name: &str, depth: usize) {
        let mut forms = Vec::new();
        self.look(value, name, None, &mut forms, depth);
        // Of equally good forms, take the first.
        let best = forms.into_iter().rev();
        let best = best.max_by_key(|form| (form.medium == Medium::Video, form.weight));
        let Some(best) = best.map(|form| (form.url, form.medium)) else {
            return;
        };
        if !self.found.contains(&best) {
            match self.found.len() < MOST {
                true => self.found.push(best),
                false => self.cut = true,
            }
        }
    }

    fn look(
        &mut self,
        value: &Value,
        name: &str,
        said: Option<u32>,
        forms: &mut Vec<Form>,
        depth: usize,
    ) {
        if depth > DEEPEST || is_other(name) {
            return;
        }
        match value {
            Value::String(text) => forms.extend(self.form(text, name, said)),
            Value::Array(values) => {
                for value in values {
                    match is_form(name) {
                        true => self.look(value, name, said, forms, depth + 1),
                        false => self.alone(value, name, depth + 1),
                    }
                }
            }
            Value::Object(object) => {
                let tells = ["height", "quality", "res", "resolution", "label", "size"];
                let own = tells.iter().find_map(|name| match object.get(*name)? {
                    Value::String(text) => height::read(text),
                    number => number.as_u64().and_then(|number| number.try_into().ok()),
                });
                for (name, value) in object {
                    match value.is_object() && !is_form(name) {
                        true => self.alone(value, name, depth + 1),
                        false => self.look(value, name, own.or(said), forms, depth + 1),
                    }
                }
            }
            _ => {}
        }
    }

    fn form(&self, text: &str, name: &str, said: Option<u32>) -> Option<Form> {
        let url = (self.whole)(text).filter(|_| is_address(text))?;
        let is_stream = is_stream(&url);
        let medium = match is_stream {
            true => Medium::Video,
            false => url_medium(&url).filter(|medium| *medium != Medium::Image)?,
        };
        let path = url.path().to_ascii_lowercase();
        let is_signal = medium == Medium::Audio
            && path
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| SIGNALS.contains(&word));
        if is_signal || is_unwanted(&url, "") {
            return None;
        }
        let numbers = path.split(|c: char| !c.is_ascii_digit());
        let numbers = numbers.filter_map(|number| number.parse().ok());
        let in_name = numbers.filter(|number| HEIGHTS.contains(number)).max();
        let said = said.or_else(|| height::read(name).filter(|height| *height >= HEIGHTS[0]));
        let unsaid = if is_stream { STREAM } else { 1 };
        let weight = said.or(in_name).unwrap_or(unsaid);
        Some(Form {
            url,
            medium,
            weight,
        })
    }
}

/// Checks whether a text is an address, and not one relative to an unknown base.
fn is_address(text: &str) -> bool {
    let starts = ["http://", "https://", "/"];
    starts.iter().any(|start| text.starts_with(start))
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>{}\"".contains(c))
}

/// Checks whether a field's values are forms of one video.
fn is_form(name: &str) -> bool {
    FORMS.iter().any(|form| name.eq_ignore_ascii_case(form))
}

fn is_other(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    OTHERS.iter().any(|other| name.contains(other)) || name == "ad" || name == "ads"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &'static str, text: &str) -> Vec<String> {
        let base = Url::parse("https://x.org/a/").unwrap();
        let data = [ScriptData {
            name,
            text: text.to_owned(),
        }];
        let (found, cut) = films(&data, |text| base.join(text).ok());
        assert!(!cut);
        let urls = found.into_iter().map(|(url, _)| url.to_string());
        urls.map(|url| url.replace("https://x.org", "")).collect()
    }

    #[test]
    fn the_best_form_of_a_video_in_script_data_is_used() {
        let table = [
            (
                r#"{"sources":[{"src":"/360.mp4","size":360},{"src":"/1080.mp4","size":1080}]}"#,
                "/1080.mp4",
            ),
            (
                r#"{"video":{"hls":"https://x.org/9/master.m3u8","mp4":"https://x.org/9/1080.mp4"}}"#,
                "/9/1080.mp4",
            ),
            (
                r#"{"hls":{"url":"/9/master.m3u8"},"mp4":{"url":"/9/480.mp4"}}"#,
                "/9/master.m3u8",
            ),
            (r#"{"files":{"720p":"/a.mp4","1080p":"/b.mp4"}}"#, "/b.mp4"),
            (r#"{"formats":["/a.webm","/a.mp4"]}"#, "/a.webm"),
            (r#"{"audio":"/a.mp3","video":"/a.mp4"}"#, "/a.mp4"),
            ("/v/6.mp4", "/v/6.mp4"),
            (
                r#"{"a":{"b":[[{"c":"https:\/\/x.org\/d.mp3"}]]}}"#,
                "/d.mp3",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(found("", text), [expected], "{text}");
        }
        let sources =
            r#"[{"type":"video/mp4","src":"/a.mp4"},{"type":"video/webm","src":"/a.webm"}]"#;
        assert_eq!(found("sources", sources), ["/a.mp4"]);
    }

    #[test]
    fn each_entry_of_a_playlist_is_a_video() {
        let list = r#"{"playlist":[{"file":"/1.mp4","image":"/1.jpg"},{"sources":[{"file":"/2.mp4"}]},"/3.mp4",{"file":"/1.mp4"}]}"#;
        assert_eq!(found("", list), ["/1.mp4", "/2.mp4", "/3.mp4"]);
        let many: Vec<String> = (0..MOST + 1).map(|n| format!("\"/{n}.mp4\"")).collect();
        let data = script(format!("[{}]", many.join(","))).unwrap();
        let base = Url::parse("https://x.org/").unwrap();
        let (found, cut) = films(&[data], |text| base.join(text).ok());
        assert_eq!((found.len(), cut), (MOST, true));
    }

    #[test]
    fn related_videos_and_ads_in_script_data_are_left_out() {
        for text in [
            r#"{"related":[{"mp4":"/r.mp4"}],"relatedVideos":{"mp4":"/r.mp4"},"ads":["/ad.mp4"],"previewUrl":"/p.mp4"}"#,
            r#"{"trailer":{"src":"/t.mp4"},"thumbnails":["/t.webm"],"hoverVideo":"/h.mp4"}"#,
            r#"{"picture":"/a.jpg","page":"/watch/1","text":"see /a.mp4 for more","name":"a.mp4"}"#,
            r#"{"sound":"/assets/sounds/ding.mp3","beep":"/a/beep.mp3"}"#,
            r#"{"html":"<video src=\"/a.mp4\">","template":"/v/{id}.mp4"}"#,
            "no data .mp4",
            "{\"a\":\"/a.mp4\"",
        ] {
            assert!(found("", text).is_empty(), "{text}");
        }
        assert!(script("{\"a\":\"/a.jpg\"}".to_owned()).is_none());
        let deep = "[".repeat(100) + "\"/a.mp4\"" + &"]".repeat(100);
        assert!(found("", &deep).is_empty());
    }
}
