//! Converts the output of yt-dlp about videos and lists to items and links.

use std::collections::BTreeMap;
use std::sync::Arc;

use fetch::model::{Album, Body, Entry, Error, Item, Kind, Link, Meta, Quality, Result};
use fetch::source::{Outlet, find_program, url_key};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use url::Url;

use super::super::options::Options;
use super::super::safe;
use super::format::{self, Choice};
use super::info::{EntryKind, Info};

/// The most videos of a link, and the maximum depth of nested lists.
const MAX_VIDEOS: usize = 100_000;
const DEPTH: usize = 4;
/// The longest text that is kept, in bytes.
const LONGEST: usize = 64 << 10;
/// Suffixes of the names of extractors that find lists rather than videos.
const LISTS: &[&str] = &[
    "album",
    "category",
    "channel",
    "collection",
    "feed",
    "list",
    "page",
    "playlist",
    "profile",
    "search",
    "season",
    "series",
    "set",
    "show",
    "tab",
    "tag",
    "topic",
    "user",
];

/// The entries to emit, in order.
pub(super) struct Items<'a> {
    source: &'a str,
    link: &'a Url,
    /// The metadata of the link, such as its place in a list that led here.
    known: Meta,
    quality: Quality,
    muxes: bool,
    entries: Vec<Entry>,
    first: Option<Error>,
    failed: usize,
    cut: bool,
}

/// Whether separate video and audio tracks can be merged.
pub(super) fn can_mux() -> bool {
    find_program("ffmpeg").is_some()
}

impl<'a> Items<'a> {
    pub(super) fn new(
        source: &'a str,
        link: &'a Url,
        known: &Meta,
        options: &Options,
    ) -> Items<'a> {
        Items {
            known: known.clone(),
            ..Items::with_quality(source, link, options.quality, can_mux())
        }
    }

    /// The same with this quality, and with or without merging video and audio tracks.
    pub(super) fn with_quality(
        source: &'a str,
        link: &'a Url,
        quality: Quality,
        muxes: bool,
    ) -> Items<'a> {
        Items {
            source,
            link,
            known: Meta::default(),
            quality,
            muxes,
            entries: Vec::new(),
            first: None,
            failed: 0,
            cut: false,
        }
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// If it is a single video that cannot be downloaded.
    pub(super) fn read(&mut self, info: Info<'_>) -> Result<()> {
        match info.kind() {
            EntryKind::List => {
                self.list(info, 0);
                Ok(())
            }
            _ => self.one(info, None),
        }
    }

    fn list(&mut self, list: Info<'_>, depth: usize) {
        let count = list.list("entries").count();
        let id = list.text("id").map(str::to_owned);
        let album = Arc::new(Album {
            id: id.unwrap_or_else(|| url_key(self.link)),
            title: list.text("title").map(str::to_owned),
            count: u64::try_from(count).ok(),
        });
        for (entry, number) in list.list("entries").zip(1..) {
            if self.entries.len() >= MAX_VIDEOS {
                self.cut = true;
                return;
            }
            match entry.kind() {
                EntryKind::List if depth < DEPTH => self.list(entry, depth + 1),
                EntryKind::List => self.cut = true,
                _ => {
                    if let Err(error) = self.one(entry, Some((&album, number, list))) {
                        self.failed += 1;
                        self.first.get_or_insert(error);
                    }
                }
            }
        }
    }

    /// Reads a video, or a reference that has to be looked up, with its place in a list.
    fn one(&mut self, video: Info<'_>, place: Option<(&Arc<Album>, u64, Info<'_>)>) -> Result<()> {
        let is_reference = video.kind() == EntryKind::Reference;
        let page = match video
            .text("webpage_url")
            .or(video.text("url").filter(|_| is_reference))
        {
            Some(page) => safe::web(page)?,
            None => self.link.clone(),
        };
        let parent = place.and_then(|(_, _, list)| list.extractor());
        // One without a title is looked up at once, since its title determines its file name.
        let is_described = video.key().is_some() && video.text("title").is_some();
        if is_reference && !(is_described && is_video(video, parent)) {
            let link = Url::parse(&format!("{}:{page}", self.source));
            let link = link.map_err(|_| Error::new(Kind::Corrupt, "it names an invalid URL"))?;
            let meta = Meta {
                album: place.map(|(album, _, _)| album.clone()),
                number: place.map(|(_, number, _)| number),
                ..Meta::default()
            };
            let link = Link { url: link, meta };
            self.entries.push(Entry::Link(Box::new(link)));
            return Ok(());
        }
        let choice = match is_reference {
            true => Choice {
                body: Body::Later,
                ext: None,
                size: None,
            },
            false => format::choose(video, self.quality, self.muxes)?,
        };
        let mut key = video
            .key()
            .unwrap_or_else(|| format!("page {}", url_key(&page)));
        if self.quality == Quality::Audio {
            // It is a different file from the video.
            key.push_str(" audio");
        }
        let text = |name: &str| {
            video
                .text(name)
                .filter(|text| text.len() <= LONGEST)
                .map(str::to_owned)
        };
        let title = text("title");
        let item = Item {
            source: self.source.to_owned(),
            key,
            meta: Meta {
                name: title.clone().or_else(|| text("id")),
                ext: choice.ext,
                title,
                description: text("description"),
                author: text("uploader").or_else(|| text("channel")),
                date: date(video),
                album: place.map_or_else(
                    || self.known.album.clone(),
                    |(album, _, _)| Some(album.clone()),
                ),
                number: place.map_or(self.known.number, |(_, number, _)| Some(number)),
                width: choice.size.map(|(width, _)| width),
                height: choice.size.map(|(_, height)| height),
                page: Some(page),
                extra: extra(video),
                formerly: None,
            },
            body: choice.body,
        };
        self.entries.push(Entry::Item(Box::new(item)));
        Ok(())
    }

    /// Whether all URLs are http or https.
    #[cfg(any(test, fuzzing))]
    pub(super) fn are_of_web(&self) -> bool {
        self.entries.iter().all(|entry| match entry {
            Entry::Item(item) => item.body.request().is_none_or(safe::is_of_web),
            Entry::Link(link) => matches!(link.url.scheme(), "http" | "https" | "ytdlp"),
            _ => false,
        })
    }

    /// Emits all entries, and then reports those that could not be read.
    ///
    /// # Errors
    /// Those of the outlet, and one for the entries that could not be read.
    pub(super) async fn emit(self, out: &Outlet) -> Result<()> {
        let of = self.entries.len() + self.failed;
        for entry in self.entries {
            match entry {
                Entry::Item(item) => out.item(*item).await?,
                Entry::Link(link) => out.link(*link).await?,
                _ => {}
            }
        }
        if self.cut {
            let message = format!(
                "`yt-dlp` lists more than {MAX_VIDEOS} videos, or lists that are nested too deep"
            );
            return Err(Error::new(Kind::Corrupt, message));
        }
        match self.first {
            None => Ok(()),
            Some(first) => {
                let message = format!(
                    "{} of {of} videos that `yt-dlp` lists cannot be downloaded",
                    self.failed
                );
                Err(Error::new(first.kind, message).because(first))
            }
        }
    }
}

/// Whether a reference is to a video rather than a list, as far as that is known without a request.
fn is_video(info: Info<'_>, parent: Option<&str>) -> bool {
    let Some(own) = info.extractor() else {
        return false;
    };
    let lower = own.to_ascii_lowercase();
    let is_list = LISTS.iter().any(|end| lower.ends_with(end));
    info.number("duration").is_some() || !is_list && parent.is_some_and(|parent| parent != own)
}

fn date(video: Info<'_>) -> Option<Timestamp> {
    let by_time = || Timestamp::from_second(video.number("timestamp")? as i64).ok();
    let by_day = || {
        let day = Date::strptime("%Y%m%d", video.text("upload_date")?).ok()?;
        Some(TimeZone::UTC.to_zoned(day.at(0, 0, 0, 0)).ok()?.timestamp())
    };
    by_time().or_else(by_day)
}

/// Other fields, for templates and filters.
fn extra(video: Info<'_>) -> BTreeMap<String, serde_json::Value> {
    let names = [
        "age_limit",
        "album",
        "artist",
        "availability",
        "categories",
        "channel",
        "channel_id",
        "duration",
        "extractor",
        "extractor_key",
        "id",
        "language",
        "like_count",
        "live_status",
        "playlist_id",
        "playlist_title",
        "series",
        "season_number",
        "episode",
        "episode_number",
        "tags",
        "track",
        "uploader",
        "uploader_id",
        "view_count",
    ];
    let fields = names.iter().filter_map(|name| {
        let value = video.0.get(name).filter(|value| !value.is_null())?;
        (value.to_string().len() <= 4 << 10).then(|| ((*name).to_owned(), value.clone()))
    });
    fields.collect()
}
