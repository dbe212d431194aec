//! Which of the ways to get a film is taken. yt-dlp names the better ones last; which is wanted is our user's word.

use fetch::model::{Body, Error, Expect, Kind, Medium, Quality, Request, Result, Size, Tracks};
use serde_json::Value;
use url::Url;

use super::super::safe::{self, Cookie};
use super::info::Info;

/// The most ways that are looked at.
const MOST: usize = 2000;

/// What the body of a film is to be, and what it is called.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) body: Body,
    pub(super) ext: Option<String>,
    pub(super) size: Option<(u32, u32)>,
}

/// A way that can be gone.
#[derive(Clone)]
struct Way<'a> {
    about: Info<'a>,
    url: Url,
    how: How,
    picture: bool,
    sound: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    File,
    Hls,
    Dash,
}

/// Chooses for a film. `muxes` says whether picture and sound can be put together.
///
/// # Errors
/// [`Kind::Unsupported`] with the reason if there is no way, [`Kind::Corrupt`] for addresses that are none.
pub(super) fn choose(film: Info<'_>, quality: Quality, muxes: bool) -> Result<Choice> {
    let mut lapse = None;
    let mut all: Vec<Info<'_>> = film.list("formats").take(MOST).collect();
    if all.is_empty() {
        all.push(film);
    }
    // The best first, so that it wins among equals.
    let ways: Vec<Way<'_>> = all
        .into_iter()
        .rev()
        .filter_map(|about| match way(about) {
            Ok(way) => way,
            Err(error) => {
                lapse.get_or_insert(error);
                None
            }
        })
        .collect();
    let of = |picture: bool, sound: bool| -> Vec<&Way<'_>> {
        let fits = |way: &&Way<'_>| way.picture == picture && way.sound == sound;
        ways.iter().filter(fits).collect()
    };
    let (both, sounds) = (of(true, true), of(false, true));
    let sound = || match quality {
        Quality::Worst => sounds.last().copied(),
        _ => sounds.first().copied(),
    };
    if quality == Quality::Audio {
        let none = || {
            let message = "the film has no sound apart from its picture";
            Error::new(Kind::Unsupported, message)
                .hint("`--quality worst` fetches the smallest picture with it")
        };
        return match (sound(), lapse) {
            (Some(sound), _) => Ok(sound.alone()),
            (None, Some(error)) if ways.is_empty() => Err(error),
            (None, _) => Err(none()),
        };
    }
    let with_sound = muxes && !sounds.is_empty() || both.is_empty();
    let candidates: Vec<&Way<'_>> = ways
        .iter()
        .filter(|way| way.picture && (way.sound || with_sound))
        .collect();
    let sizes: Vec<Size> = candidates
        .iter()
        .enumerate()
        .map(|(at, way)| way.rank(at))
        .collect();
    let Some(at) = quality.choose(&sizes) else {
        return match (sound(), lapse) {
            (Some(sound), _) => Ok(sound.alone()),
            (None, Some(error)) => Err(error),
            (None, None) => Err(Error::new(Kind::Missing, "`yt-dlp` names no film there")),
        };
    };
    let chosen = candidates[at];
    Ok(match sound() {
        Some(sound) if !chosen.sound => {
            let files = sounds.iter().find(|sound| sound.how == How::File);
            chosen.with(
                files
                    .copied()
                    .filter(|_| chosen.how == How::File)
                    .unwrap_or(sound),
            )
        }
        _ => chosen.alone(),
    })
}

/// What a format is, unless it is none of a film, or of what nobody may have.
fn way(about: Info<'_>) -> Result<Option<Way<'_>>> {
    let (vcodec, acodec) = (about.codec("vcodec"), about.codec("acodec"));
    let (picture, sound) = match (vcodec, acodec) {
        // Storyboards, and what has neither.
        (Some(false), Some(false)) => return Ok(None),
        (None, None) => match about.text("resolution") {
            Some("audio only") => (false, true),
            _ => (true, true),
        },
        (picture, sound) => (picture.unwrap_or(true), sound.unwrap_or(true)),
    };
    let unsupported = |why: String| Error::new(Kind::Unsupported, why);
    if about.is("has_drm") {
        return Err(unsupported(
            "the film is protected (DRM), which is not supported".into(),
        ));
    }
    let Some(address) = about.text("url") else {
        return Ok(None);
    };
    let address = safe::web(address)?;
    let manifest = about.text("manifest_url").map(safe::web).transpose()?;
    let protocol = about.text("protocol").unwrap_or(address.scheme());
    let (how, url) = match protocol {
        "http" | "https" => (How::File, address),
        // Of the list of all renditions, since the sound may be in another one.
        "m3u8" | "m3u8_native" => (How::Hls, manifest.unwrap_or(address)),
        "http_dash_segments" if manifest.is_some() => (How::Dash, manifest.unwrap_or(address)),
        "mhtml" => return Ok(None),
        other => {
            let other = other.escape_debug();
            return Err(unsupported(format!(
                "the film comes by `{other}`, which is not known here"
            )));
        }
    };
    Ok(Some(Way {
        about,
        url,
        how,
        picture,
        sound,
    }))
}

impl Way<'_> {
    /// What it is chosen by: of two of one size, that which yt-dlp names later is better.
    fn rank(&self, at: usize) -> Size {
        let size = self.about.whole("width").zip(self.about.whole("height"));
        Size {
            picture: size,
            bandwidth: (MOST - at) as u64,
            sound_alone: false,
        }
    }

    fn request(&self, medium: Medium) -> Request {
        let about = self.about;
        let mut headers = safe::headers(about.0.get("http_headers").unwrap_or(&Value::Null));
        safe::add_cookies(
            &mut headers,
            &self.url,
            &cookies(about.text("cookies").unwrap_or("")),
        );
        let is_file = self.how == How::File;
        Request {
            headers: safe::of(headers),
            expect: Expect {
                size: about
                    .number("filesize")
                    .filter(|_| is_file)
                    .map(|size| size as u64),
                medium: is_file.then_some(medium),
                ..Expect::default()
            },
            ..Request::new(self.url.clone())
        }
    }

    fn body(&self) -> Body {
        let request = self.request(Medium::Any);
        match self.how {
            How::File => Body::File(request),
            How::Hls => Body::Hls(request),
            How::Dash => Body::Dash(request),
        }
    }

    fn alone(&self) -> Choice {
        let ext = self.about.text("ext").filter(|ext| {
            self.how == How::File
                && ext.len() <= 10
                && ext.chars().all(|c| c.is_ascii_alphanumeric())
        });
        Choice {
            body: self.body(),
            ext: ext.map(str::to_owned),
            size: self.about.whole("width").zip(self.about.whole("height")),
        }
    }

    fn with(&self, sound: &Way<'_>) -> Choice {
        // Its list has the sound as well.
        if self.how != How::File && self.how == sound.how && self.url == sound.url {
            return self.alone();
        }
        // What describes a stream describes its sound, too.
        if self.how != How::File || sound.how != How::File {
            return self.alone();
        }
        let tracks = Tracks {
            picture: self.request(Medium::Any),
            sound: sound.request(Medium::Any),
        };
        Choice {
            body: Body::Tracks(Box::new(tracks)),
            ext: None,
            ..self.alone()
        }
    }
}

/// Cookies as yt-dlp writes them: each with its attributes after it, all in one line.
pub(super) fn cookies(line: &str) -> Vec<Cookie> {
    let mut all: Vec<Cookie> = Vec::new();
    for part in line.split(';').map(str::trim) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim_matches('"');
        match (name.to_ascii_lowercase().as_str(), all.last_mut()) {
            ("", _) | ("expires" | "version" | "max-age" | "samesite" | "httponly", Some(_)) => {}
            ("domain", Some(last)) => last.domain = value.to_owned(),
            ("path", Some(last)) => last.path = value.to_owned(),
            ("secure", Some(last)) => last.secure = true,
            _ => all.push(Cookie {
                domain: String::new(),
                path: "/".to_owned(),
                secure: false,
                name: name.to_owned(),
                value: value.to_owned(),
            }),
        }
    }
    all
}
