//! Subtitles of a stream: those that are wanted are downloaded as tracks of their own, and named after the film.
//!
//! A film is complete without them, too: subtitles that fail are reported, and the next run requests them again.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use futures_util::future::join_all;

use super::extra_files::{Extra, MainItem};
use super::join::Joined;
use super::list::{Content, List, Role};
use super::lists::Lists;
use super::mux;
use super::track::{Done, Track};
use super::{Mover, Streaming};
use crate::model::{Error, Event, Kind, Outcome, Result, Skip};
use crate::net::NamedBy;
use crate::pipeline::archive::{Algorithm, Identity};
use crate::pipeline::sink::{Partial, Place, slowly};
use crate::pipeline::stream::{Caption, clock, vtt};

/// How many of their playlists are requested at once.
pub(super) const AT_ONCE: usize = 8;
/// The most segments of all subtitles together, and the most bytes of their addresses.
const SEGMENTS: usize = 260_000;
const ADDRESSES: usize = 64 << 20;

/// Subtitles that are wanted.
pub(super) struct Wanted {
    label: String,
    list: Result<List>,
}

/// Subtitles that came, or why they did not.
pub(super) struct Text {
    label: String,
    form: Content,
    done: Result<Done>,
}

/// What the lists of all subtitles add up to.
#[derive(Default)]
struct ListTotals {
    segments: AtomicUsize,
    addresses: AtomicUsize,
}

impl ListTotals {
    /// Accepts a list, if there is room for it.
    fn take(&self, list: List) -> Result<List> {
        let locations = list.media.segments.iter().map(|segment| &segment.location);
        let addresses: usize = locations.map(|location| location.url.as_str().len()).sum();
        let add = |to: &AtomicUsize, more| to.fetch_add(more, Ordering::Relaxed) + more;
        let segments = add(&self.segments, list.media.segments.len());
        match segments > SEGMENTS || add(&self.addresses, addresses) > ADDRESSES {
            true => Err(too_many()),
            false => Ok(list),
        }
    }

    /// Whether some had no room: then no others are requested.
    fn is_full(&self) -> bool {
        let is_over = |taken: &AtomicUsize, most| taken.load(Ordering::Relaxed) > most;
        is_over(&self.segments, SEGMENTS) || is_over(&self.addresses, ADDRESSES)
    }
}

fn too_many() -> Error {
    Error::new(
        Kind::Corrupt,
        "all subtitles together have too many segments",
    )
}

/// Returns the key of these subtitles of an item.
fn key(key: &str, label: &str) -> String {
    format!("{key} {}", Role::Caption(label.into()).name())
}

impl Streaming<'_> {
    /// Returns the wanted subtitles with their lists, and a warning about those that are missing. Reports which there
    /// are.
    pub(super) async fn wanted(
        &self,
        captions: Vec<Caption>,
        named_by: NamedBy,
    ) -> Result<(Vec<Wanted>, Vec<String>)> {
        let choice = &self.mover.stream_options.subtitles;
        let languages: Vec<&str> = captions.iter().map(|one| one.language.as_str()).collect();
        let labels: Vec<&str> = captions.iter().map(|one| one.label.as_str()).collect();
        let there = match labels.is_empty() {
            true => "no subtitles".to_owned(),
            false => format!("subtitles `{}`", labels.join("`, `")),
        };
        let mut warnings = Vec::new();
        let missing = choice.missing(&languages);
        if !missing.is_empty() {
            let missing = missing.join("`, `");
            warnings.push(format!("it has no subtitles `{missing}`, but {there}"));
        }
        if !labels.is_empty() {
            let source = self.job.item.source.clone();
            let text = format!("`{}` has {there} (--subtitles)", self.job.item.key);
            self.mover.emit(Event::Noted { source, text }).await?;
        }
        let wanted = captions
            .into_iter()
            .filter(|one| choice.wants(&one.language));
        let totals = &ListTotals::default();
        let lists = wanted.map(|Caption { label, at, .. }| async move {
            let list = match totals.is_full() {
                true => Err(too_many()),
                false => self
                    .caption(at, named_by)
                    .await
                    .and_then(|list| totals.take(list)),
            };
            Wanted { label, list }
        });
        let lists = futures_util::stream::iter(lists).buffered(AT_ONCE);
        Ok((lists.collect().await, warnings))
    }

    /// Downloads the subtitles.
    pub(super) async fn texts(&self, wanted: Vec<Wanted>) -> Vec<Text> {
        self.texts.store(wanted.len(), Ordering::Relaxed);
        let moving = wanted.into_iter().map(|Wanted { label, list }| async move {
            let form = list.as_ref().map_or(Content::Lines, |list| list.form);
            let done = async {
                let track = Track::open(self, Role::Caption(label.clone()), list?).await?;
                track.run(self).await
            };
            let done = done.await;
            Text { label, form, done }
        });
        join_all(moving).await
    }

    /// Downloads the missing subtitles of a film that is already saved.
    pub(super) async fn texts_alone(&self, lists: Lists, path: &str) -> Result<Outcome> {
        let (mut wanted, warnings) = self.wanted(lists.captions, lists.named_by).await?;
        let (archive, disk) = (self.mover.archive.clone(), self.mover.disk.clone());
        let item = self.job.item.clone();
        let wanted = slowly(move || {
            let mut missing = Vec::new();
            for one in wanted.drain(..) {
                let identity = Identity {
                    source: item.source.clone(),
                    key: key(&item.key, &one.label),
                };
                let saved = archive.find(&identity)?.and_then(|seen| seen.saved);
                let is_there = saved.is_some_and(|(path, size)| disk.size(&path) == Some(size));
                // Subtitles of a live stream are only followed along with their film.
                let is_live = one.list.as_ref().is_ok_and(|list| !list.media.ended);
                if !is_there && !is_live {
                    missing.push(one);
                }
            }
            Ok(missing)
        });
        let texts = self.texts(wanted.await?).await;
        let (folder, name) = (self.place.clone(), self.job.planned.stem.clone());
        let film = slowly(move || {
            let mut head = Vec::new();
            if let Ok(file) = folder.folder().open_to_read(&name) {
                use std::io::Read;
                // A file that cannot be read shows no time.
                let _ = file.take(clock::LOOK as u64).read_to_end(&mut head);
            }
            Ok(clock::start(&head))
        });
        let outcome = Outcome::Skipped {
            reason: Skip::Present,
            path: path.to_owned(),
            warning: None,
        };
        let main_item = MainItem::of(self.job);
        self.mover
            .captioned(
                &main_item,
                self.place,
                (texts, warnings),
                film.await?,
                outcome,
            )
            .await
    }
}

impl Mover {
    /// Names the subtitles of a film after it, and adds the warnings about them to the outcome.
    pub(super) async fn captioned(
        &self,
        main_item: &MainItem,
        place: &Place,
        (texts, mut warnings): (Vec<Text>, Vec<String>),
        film: Option<u64>,
        mut outcome: Outcome,
    ) -> Result<Outcome> {
        let main_item = match &outcome {
            Outcome::Saved { path, .. } => &main_item.named(path),
            _ => main_item,
        };
        let mut names = Vec::new();
        for Text { label, form, done } in texts {
            let named = async {
                let done = done?;
                let role = Role::Caption(label.clone()).name();
                self.caption(main_item, place, &role, (form, done), film)
                    .await
            };
            match named.await {
                Ok((name, own)) => {
                    let own = own.into_iter();
                    warnings.extend(own.map(|own| format!("its subtitles `{label}`: {own}")));
                    names.push(name);
                }
                Err(error) if error.kind == Kind::Closed => return Err(error),
                Err(error) => {
                    let why = [vec![error.message.clone()], error.causes()].concat();
                    let why = why.join(": ");
                    warnings.push(format!("cannot get its subtitles `{label}`: {why}"));
                }
            }
        }
        if !names.is_empty() {
            let text = format!("subtitles are in `{}`", names.join("`, `"));
            let id = None;
            self.emit(Event::Said { id, text }).await?;
        }
        if let (Outcome::Saved { warning, .. } | Outcome::Skipped { warning, .. }, false) =
            (&mut outcome, warnings.is_empty())
        {
            let all = warning.take().into_iter().chain(warnings);
            *warning = Some(all.collect::<Vec<_>>().join("; "));
        }
        Ok(outcome)
    }

    /// Names subtitles. Returns the name, and the warnings about them.
    async fn caption(
        &self,
        main_item: &MainItem,
        place: &Place,
        role: &str,
        (form, done): (Content, Done),
        film: Option<u64>,
    ) -> Result<(String, Vec<String>)> {
        let Done {
            joined,
            mut warnings,
            breaks,
            ..
        } = done;
        let (label, ext) = (
            role.split_once(' ').map_or(role, |(_, label)| label),
            form.ext(),
        );
        let (joined, raw) = match form {
            Content::Lines => {
                if breaks {
                    warnings.push(
                        "the times are those of the first part, and there are several".into(),
                    );
                }
                let (into, algorithm) = (place.beside(&format!("{role} whole")), self.digest);
                let made = slowly(move || {
                    let made = lines(&joined, into, film, algorithm);
                    if made.is_err() {
                        joined.partial.discard()?;
                    }
                    made.map(|(text, unread)| (text, unread, joined))
                });
                let (text, unread, raw) = made.await?;
                if unread > 0 {
                    warnings.push(format!("{unread} blocks could not be read"));
                }
                (text, Some(raw))
            }
            _ => (joined, None),
        };
        let extra = Extra {
            what: label,
            key: role.to_owned(),
            ext: Some(ext.to_owned()),
        };
        let name = self.name_extra(main_item, place, joined, extra).await?;
        if let Some(raw) = raw {
            slowly(move || raw.partial.discard()).await?;
        }
        Ok((name, warnings))
    }
}

/// Makes one file of WebVTT segments. Also returns how many blocks could not be read. Blocks.
fn lines(
    raw: &Joined,
    into: Place,
    film: Option<u64>,
    algorithm: Option<Algorithm>,
) -> Result<(Joined, usize)> {
    if raw.len > vtt::LONGEST as u64 {
        return Err(Error::new(Kind::Corrupt, "the subtitles are too long"));
    }
    let body = raw.partial.read(0, raw.len as usize)?;
    let made = vtt::join(&body, film)?;
    if made.cues == 0 {
        return Err(Error::new(Kind::Missing, "they have no text"));
    }
    let partial = Partial::open(into)?;
    partial.restart()?;
    partial.write(0, &[made.text.into()])?;
    Ok((mux::joined_file(partial, algorithm)?, made.unread))
}

/// Finds out when a joined film begins, by its first bytes, if that is wanted.
pub(super) async fn start(film: Box<Done>, wanted: bool) -> Result<(Box<Done>, Option<u64>)> {
    if !wanted {
        return Ok((film, None));
    }
    slowly(move || {
        let len = film.joined.len.min(clock::LOOK as u64) as usize;
        let head = film.joined.partial.read(0, len)?;
        Ok((film, clock::start(&head)))
    })
    .await
}

impl Content {
    fn ext(self) -> &'static str {
        match self {
            Content::Text(ext) => ext,
            _ => "vtt",
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn all_lists_of_subtitles_have_room_together() {
        let list = |url: &str, count: usize| {
            let mut list = List::file(Url::parse(url).unwrap(), NamedBy::User);
            list.media.segments = vec![list.media.segments[0].clone(); count];
            list
        };
        let long = format!("https://x.org/{}", "a".repeat(16_000));
        for (url, count) in [("https://x.org/a.vtt", 150_000), (&long, 2500)] {
            let totals = ListTotals::default();
            assert!(totals.take(list(url, count)).is_ok() && !totals.is_full());
            assert!(totals.take(list(url, count)).is_err() && totals.is_full());
        }
    }
}
