//! Reads what describes a stream, and chooses which lists of segments to download.

use url::Url;

use super::list::{Content, List, Role};
use super::{Form, StreamSource, Streaming};
use crate::model::{Error, Kind, Quality, Request, Result};
use crate::net::{Answer, NamedBy};
use crate::pipeline::sink::slowly;
use crate::pipeline::stream::hls::{self, Chosen, Playlist};
use crate::pipeline::stream::{Caption, CaptionLocation};
use crate::pipeline::transfer::attempt::may_have_expired;

/// What to download of a stream.
pub(super) struct Lists {
    /// The picture, or everything.
    pub(super) main: List,
    /// The sound, if it is separate.
    pub(super) sound: Option<List>,
    /// The subtitles that there are, and who named their addresses.
    pub(super) captions: Vec<Caption>,
    pub(super) named_by: NamedBy,
}

impl Lists {
    /// A single list that is everything.
    fn of(main: List) -> Lists {
        Lists {
            named_by: main.named_by,
            main,
            sound: None,
            captions: Vec::new(),
        }
    }
}

impl Streaming<'_> {
    /// Reads the playlists, and chooses. `None` if what is called a playlist is none, unless its source is sure of it.
    pub(super) async fn lists_if_stream(&self) -> Result<Option<Lists>> {
        let source = self.source();
        let (form, request) = (source.form, &source.request);
        if form != Form::Hls || request.expect.medium.is_some() {
            return self.lists().await.map(Some);
        }
        let answered = self.answer(&request.url, source.named_by, hls::LONGEST);
        let (named_by, answer) = match answered.await {
            Err(error) if may_have_expired(&error) => return self.lists().await.map(Some),
            answered => answered?,
        };
        match hls::is_one(&answer.body) {
            true => {
                let at = (&request.url, named_by);
                let lists = self.of_playlist(answer, at, self.job.quality);
                lists.await.map(Some)
            }
            false => Ok(None),
        }
    }

    /// Reads the playlists, and chooses. If their addresses have expired, the item's source is asked for others.
    pub(super) async fn lists(&self) -> Result<Lists> {
        let source = self.source();
        match self.lists_of(&source).await {
            Err(error) if may_have_expired(&error) => match self.relocated(&source).await {
                Some(source) => self.lists_of(&source).await,
                None => Err(error),
            },
            lists => lists,
        }
    }

    async fn lists_of(&self, source: &StreamSource) -> Result<Lists> {
        let at = (&source.request, source.named_by);
        let mut lists = self.lists_at(at, source.form, self.job.quality).await?;
        if let (None, Some(sound)) = (&lists.sound, &source.sound) {
            let at = (&sound.request, source.named_by);
            let of_sound = self.lists_at(at, Form::of(sound), Quality::Audio);
            lists.sound = Some(of_sound.await?.main);
        }
        Ok(lists)
    }

    /// The same for what this request leads to.
    async fn lists_at(
        &self,
        (request, named_by): (&Request, NamedBy),
        form: Form,
        quality: Quality,
    ) -> Result<Lists> {
        let url = &request.url;
        match form {
            Form::Hls => {
                let (named_by, answer) = self.answer(url, named_by, hls::LONGEST).await?;
                self.of_playlist(answer, (url, named_by), quality).await
            }
            Form::Dash => self.manifest().await,
            Form::File => Ok(Lists::of(List::file(url.clone(), named_by))),
        }
    }

    /// Reads the main playlist at this address, and those of the renditions that it chooses.
    async fn of_playlist(
        &self,
        answer: Answer,
        (url, named_by): (&Url, NamedBy),
        quality: Quality,
    ) -> Result<Lists> {
        let (playlist, warnings) = self.read(answer).await?;
        let choice = match playlist {
            Playlist::Media(media) => {
                let list = List::new(url.clone(), named_by, media);
                return Ok(Lists::of(List { warnings, ..list }));
            }
            Playlist::Master(master) => master.choose(quality)?,
        };
        let mut listed = self.renditions(choice.main, choice.sound, named_by).await;
        for (main, sound) in choice.others {
            match &listed {
                // The same rendition is elsewhere, too (RFC 8216 §6.2.4).
                Err(error) if error.kind != Kind::Closed => {}
                _ => break,
            }
            let other = self.renditions(main, sound, named_by).await;
            listed = other.or_else(|other| match other.kind {
                Kind::Closed => Err(other),
                // What is wrong with the first place is reported.
                _ => listed,
            });
        }
        let (mut main, sound) = listed?;
        if let Some(group) = choice.missing {
            let group: String = group.chars().take(80).collect();
            main.warnings.push(format!(
                "its sound should be in `{}`, which does not exist",
                group.escape_debug()
            ));
        }
        Ok(Lists {
            main,
            sound,
            captions: choice.captions,
            named_by,
        })
    }

    async fn renditions(
        &self,
        main: Chosen,
        sound: Option<Chosen>,
        named_by: NamedBy,
    ) -> Result<(List, Option<List>)> {
        let main = self.rendition(main, named_by).await?;
        let sound = match sound {
            Some(sound) => Some(self.rendition(sound, named_by).await?),
            None => None,
        };
        Ok((main, sound))
    }

    /// Reads everything again, from the address that the user or a page gave, and returns the list of this track.
    pub(super) async fn reread_list(&self, role: Role) -> Result<List> {
        let lists = self.lists().await?;
        let gone = |what: &str| Error::new(Kind::Missing, format!("the {what} is gone"));
        match role {
            Role::Main => Ok(lists.main),
            Role::Sound => lists.sound.ok_or_else(|| gone("sound")),
            Role::Caption(label) => {
                let mut captions = lists.captions.into_iter();
                let caption = captions.find(|caption| caption.label == label);
                match caption {
                    Some(caption) => self.caption(caption.at, lists.named_by).await,
                    None => Err(gone("track of its subtitles")),
                }
            }
        }
    }

    /// Whether a track is a file that no list describes.
    pub(super) fn is_file(&self, role: &Role) -> bool {
        let source = self.source();
        let form = match (role, &source.sound) {
            (Role::Sound, Some(sound)) => Form::of(sound),
            _ => source.form,
        };
        form == Form::File
    }

    /// Returns the list of these subtitles.
    pub(super) async fn caption(&self, at: CaptionLocation, named_by: NamedBy) -> Result<List> {
        let url = self.source().request.url.clone();
        let (list, form) = match at {
            CaptionLocation::Playlist(chosen) => {
                (self.rendition(chosen, named_by).await?, Content::Lines)
            }
            CaptionLocation::Segments(media) => (List::new(url, named_by, media), Content::Lines),
            CaptionLocation::File(media, ext) => {
                (List::new(url, named_by, media), Content::Text(ext))
            }
            CaptionLocation::Not(why) => return Err(Error::new(Kind::Unsupported, why)),
            CaptionLocation::Unwanted => {
                return Err(Error::new(Kind::Unsupported, "they are not wanted"));
            }
        };
        if form == Content::Lines && list.media.segments.iter().any(|one| one.map.is_some()) {
            let why = "they are text in MP4, which is not supported";
            return Err(Error::new(Kind::Unsupported, why));
        }
        Ok(List { form, ..list })
    }

    /// Reads the playlist of a rendition.
    async fn rendition(&self, Chosen { url, about }: Chosen, named_by: NamedBy) -> Result<List> {
        let mut list = self.list(url, named_by).await?;
        list.media.rendition = about;
        Ok(list)
    }

    /// Reads the playlist of a live track again, from the segment with this number on.
    pub(super) async fn reload(
        &self,
        role: &Role,
        url: Url,
        named_by: NamedBy,
        since: u64,
    ) -> Result<List> {
        // Of many subtitles, only a few playlists are requested at once.
        let _turn = match role {
            Role::Caption(_) => self.asking.acquire().await.ok(),
            _ => None,
        };
        match self.source().form {
            Form::Dash => self.new_segments(role, since).await,
            _ => self.list(url, named_by).await,
        }
    }

    /// Finds a new list for a live track whose list is refused, as its address may have expired.
    ///
    /// # Errors
    /// The refusal, if the new list is refused, too, or is of another rendition.
    pub(super) async fn find_new_list(
        &self,
        role: Role,
        rendition: &str,
        error: Error,
    ) -> Result<List> {
        if !matches!(error.kind, Kind::Login | Kind::Blocked) {
            return Err(error);
        }
        match self.reread_list(role).await {
            // The periods of a manifest come and go.
            Ok(list) if self.source().form == Form::Dash || list.media.rendition == rendition => {
                Ok(list)
            }
            Err(closed) if closed.kind == Kind::Closed => Err(closed),
            _ => Err(error),
        }
    }

    /// Reads the playlist of a track.
    async fn list(&self, url: Url, named_by: NamedBy) -> Result<List> {
        let (named_by, answer) = self.answer(&url, named_by, hls::LONGEST).await?;
        match self.read(answer).await? {
            (Playlist::Media(media), warnings) => Ok(List {
                warnings,
                ..List::new(url, named_by, media)
            }),
            // Renditions of renditions might never end.
            (Playlist::Master(_), _) => Err(Error::new(
                Kind::Corrupt,
                "a rendition of the stream is itself a list of renditions",
            )),
        }
    }

    /// Reads a playlist. Also returns warnings about it.
    async fn read(&self, answer: Answer) -> Result<(Playlist, Vec<String>)> {
        let _turn = self.reading.acquire().await;
        // A long one takes a while to read, during which others go on.
        let read = slowly(move || {
            let playlist = hls::read(&answer.body, &answer.url)?;
            let is_ended = matches!(&playlist, Playlist::Media(media) if media.ended);
            let is_open = is_ended && answer.open_end && !hls::has_end(&answer.body);
            let why = "its playlist has no end and came without a length, so it may be incomplete";
            Ok((playlist, is_open.then(|| why.to_owned())))
        });
        let (playlist, warning) = read.await?;
        Ok((playlist, warning.into_iter().collect()))
    }

    /// Requests a playlist, manifest or time. Also returns who named its final URL.
    pub(super) async fn answer(
        &self,
        url: &Url,
        mut named_by: NamedBy,
        longest: usize,
    ) -> Result<(NamedBy, Answer)> {
        let bound = self.bound(url)?;
        let call = self
            .mover
            .client
            .call_named_by(&mut named_by, url, &bound, longest);
        let answer = self.mover.unless_ending(call).await??.ok()?;
        Ok((named_by, answer))
    }
}
