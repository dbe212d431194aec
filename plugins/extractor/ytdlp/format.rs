//! Chooses among the formats of a video. yt-dlp lists the better ones last; the user's settings decide.

use fetch::model::{
    Body, Error, Expect, Kind, Medium, Quality, RenditionSize, Request, Result, Track, Tracks,
};
use serde_json::Value;
use url::Url;

use super::super::safe::{self, Cookie};
use super::info::Info;

/// The most formats that are considered.
const MOST: usize = 2000;

/// The chosen body of a video, with its extension and its width and height.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) body: Body,
    pub(super) ext: Option<String>,
    pub(super) size: Option<(u32, u32)>,
}

/// A usable format.
#[derive(Clone)]
struct Format<'a> {
    about: Info<'a>,
    /// Its own address, if it is a playlist; `url` is that of the playlist of all formats, if there is one.
    own: Url,
    url: Url,
    protocol: Protocol,
    picture: bool,
    sound: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    File,
    Hls,
    Dash,
}

/// Chooses a format of a video. `muxes` is whether separate video and audio tracks can be merged.
///
/// # Errors
/// [`Kind::Unsupported`] with the reason if no format is usable, [`Kind::Corrupt`] for invalid URLs.
pub(super) fn choose(video: Info<'_>, quality: Quality, muxes: bool) -> Result<Choice> {
    let mut failure = None;
    let mut all: Vec<Info<'_>> = video.list("formats").take(MOST).collect();
    if all.is_empty() {
        all.push(video);
    }
    // The best first, so that it wins among equals.
    let formats: Vec<Format<'_>> = all
        .into_iter()
        .rev()
        .filter_map(|about| match read_format(about) {
            Ok(format) => format,
            Err(error) => {
                failure.get_or_insert(error);
                None
            }
        })
        .collect();
    let of = |picture: bool, sound: bool| -> Vec<&Format<'_>> {
        let fits = |format: &&Format<'_>| format.picture == picture && format.sound == sound;
        formats.iter().filter(fits).collect()
    };
    let (both, sounds) = (of(true, true), of(false, true));
    let sound_that = |fits: &dyn Fn(&Format<'_>) -> bool| {
        let mut fitting = sounds.iter().copied().filter(|sound| fits(sound));
        match quality {
            Quality::Worst => fitting.next_back(),
            _ => fitting.next(),
        }
    };
    let sound = || sound_that(&|_| true);
    if quality == Quality::Audio {
        let none = || {
            let message = "the video has no separate audio";
            Error::new(Kind::Unsupported, message)
                .hint("`--quality worst` fetches the smallest video with its audio")
        };
        return match (sound(), failure) {
            (Some(sound), _) => Ok(sound.to_choice()),
            (None, Some(error)) if formats.is_empty() => Err(error),
            (None, _) => Err(none()),
        };
    }
    let with_sound = muxes && !sounds.is_empty() || both.is_empty();
    let candidates: Vec<&Format<'_>> = formats
        .iter()
        .filter(|format| format.picture && (format.sound || with_sound))
        .collect();
    let sizes: Vec<RenditionSize> = candidates
        .iter()
        .enumerate()
        .map(|(at, format)| format.rank(at))
        .collect();
    let Some(at) = quality.choose(&sizes) else {
        return match (sound(), failure) {
            (Some(sound), _) => Ok(sound.to_choice()),
            (None, Some(error)) => Err(error),
            (None, None) => Err(Error::new(Kind::Missing, "`yt-dlp` lists no video there")),
        };
    };
    let chosen = candidates[at];
    match sound() {
        Some(_) if !chosen.sound => chosen.with_sound(sound_that),
        _ => Ok(chosen.to_choice()),
    }
}

/// Reads a format. None if it has neither video nor audio; an error if it is protected or not supported.
fn read_format(about: Info<'_>) -> Result<Option<Format<'_>>> {
    let (vcodec, acodec) = (about.codec("vcodec"), about.codec("acodec"));
    let (picture, sound) = match (vcodec, acodec) {
        // Storyboards and other formats with neither.
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
            "the video is protected by DRM, which is not supported".into(),
        ));
    }
    let Some(address) = about.text("url") else {
        return Ok(None);
    };
    let address = safe::web(address)?;
    let manifest = about.text("manifest_url").map(safe::web).transpose()?;
    let protocol = about.text("protocol").unwrap_or(address.scheme());
    let own = address.clone();
    let (protocol, url) = match protocol {
        "http" | "https" => (Protocol::File, address),
        // The master playlist, since the audio may be in another rendition.
        "m3u8" | "m3u8_native" => (Protocol::Hls, manifest.unwrap_or(address)),
        "http_dash_segments" if manifest.is_some() => (Protocol::Dash, manifest.unwrap_or(address)),
        "mhtml" => return Ok(None),
        other => {
            let other = other.escape_debug();
            return Err(unsupported(format!(
                "the video uses the protocol `{other}`, which is not supported"
            )));
        }
    };
    Ok(Some(Format {
        about,
        own,
        url,
        protocol,
        picture,
        sound,
    }))
}

impl Format<'_> {
    /// Its rank: of two formats with the same size, the one that yt-dlp lists later is better.
    fn rank(&self, at: usize) -> RenditionSize {
        let size = self.about.whole("width").zip(self.about.whole("height"));
        RenditionSize {
            picture: size,
            bandwidth: (MOST - at) as u64,
            audio_only: false,
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
        let is_file = self.protocol == Protocol::File;
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

    /// What it is of a video whose audio is separate.
    fn track(&self) -> Track {
        let mut request = self.request(Medium::Any);
        // It is known to be a medium, whatever its server calls it.
        request.expect.medium = Some(Medium::Any);
        Track {
            request,
            is_playlist: self.protocol == Protocol::Hls,
        }
    }

    fn body(&self) -> Body {
        let request = self.request(Medium::Any);
        match self.protocol {
            Protocol::File => Body::File(request),
            Protocol::Hls => Body::Hls(request),
            Protocol::Dash => Body::Dash(request),
        }
    }

    fn to_choice(&self) -> Choice {
        let ext = self.about.text("ext").filter(|ext| {
            self.protocol == Protocol::File
                && ext.len() <= 10
                && ext.chars().all(|c| c.is_ascii_alphanumeric())
        });
        Choice {
            body: self.body(),
            ext: ext.map(str::to_owned),
            size: self.about.whole("width").zip(self.about.whole("height")),
        }
    }

    /// Adds the best of the audio that `find` finds, unless its own playlist or manifest describes that.
    ///
    /// # Errors
    /// [`Kind::Unsupported`] if the audio is in a manifest of its own.
    fn with_sound<'f>(
        &self,
        find: impl Fn(&dyn Fn(&Format<'_>) -> bool) -> Option<&'f Format<'f>>,
    ) -> Result<Choice> {
        let describes_sound = match self.protocol {
            Protocol::File => false,
            Protocol::Hls => find(&|sound| sound.url == self.url).is_some(),
            Protocol::Dash => true,
        };
        if describes_sound {
            return Ok(self.to_choice());
        }
        // A file needs fewer requests.
        let file = find(&|sound| sound.protocol == Protocol::File);
        let sound = file
            .filter(|_| self.protocol == Protocol::File)
            .or_else(|| find(&|sound| sound.protocol != Protocol::Dash))
            .ok_or_else(|| {
                let message = "its audio is in a DASH manifest of its own, which is not supported";
                Error::new(Kind::Unsupported, message)
            })?;
        let mut tracks = Tracks {
            picture: self.track(),
            sound: sound.track(),
        };
        tracks.sound.request.url = sound.own.clone();
        Ok(Choice {
            body: Body::Tracks(Box::new(tracks)),
            ext: None,
            ..self.to_choice()
        })
    }
}

/// Parses cookies as yt-dlp writes them: each followed by its attributes, all on one line.
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
