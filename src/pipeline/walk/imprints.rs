//! Skips listings that are unchanged, according to their server, and whose items have all been downloaded.
//!
//! An imprint is valid no matter when it was made: it says which items a listing with this validator has. Whether all
//! of them have been downloaded, and their files still exist, is checked when the imprint is used.

use std::sync::Arc;

use url::Url;

use super::{Found, Origin, Walk};

use crate::model::{Document, Error, Event, Headers, Item, Kind, Link, Result};
use crate::pipeline::archive::{Imprint, Seen, link_mark, mark};
use crate::pipeline::documents::Came;
use crate::pipeline::sink::{Disk, quickly};
use crate::pipeline::{Policy, Settings};
use crate::source::{Registry, Target};

/// How imprints are used in a run.
pub(super) struct Imprints {
    disk: Option<Arc<Disk>>,
    policy: Policy,
    recheck: bool,
    /// Whether imprints are recorded.
    remembers: bool,
    /// Whether imprints are used.
    asks: bool,
    /// A hash of the sources of this run and of the links that they know.
    sources: i64,
}

/// What is learned about a listing for the next run.
#[derive(Default)]
pub(super) struct Print {
    imprint: Option<Imprint>,
    /// Whether it has more than items: the target of a link may change while the listing does not.
    leads_on: bool,
    /// Whether its server says that it has not changed.
    unchanged: bool,
    /// The terms under which it was listed, if its source has named any.
    pub(super) terms: Option<String>,
}

impl Imprints {
    pub(super) fn new(settings: &Settings, disk: Option<Arc<Disk>>, registry: &Registry) -> Self {
        let remembers = settings.archive.is_some() && !settings.simulate && !settings.adopt;
        let mut sources = env!("CARGO_PKG_VERSION").to_owned();
        for source in registry.sources() {
            sources.push(' ');
            sources.push_str(&source.manifest().name);
            for route in &source.manifest().routes {
                sources.push(' ');
                sources.push_str(&route.pattern.to_string());
            }
        }
        Imprints {
            disk,
            policy: settings.skip,
            recheck: settings.recheck,
            remembers,
            asks: remembers && settings.resumes(),
            sources: link_mark(&sources),
        }
    }
}

impl Print {
    /// Starts an imprint with the validator of what follows.
    pub(super) fn begin(&mut self, walk: &Walk, validator: String) {
        if walk.imprints.remembers {
            self.imprint = Some(Imprint {
                validator,
                sources: walk.imprints.sources,
                items: Vec::new(),
            });
        }
    }

    /// Notes an item of the listing.
    pub(super) fn item(&mut self, item: &Item) {
        if let Some(imprint) = &mut self.imprint {
            imprint.items.push(mark(&item.source, &item.key));
        }
    }

    /// Notes that the listing has more than items.
    pub(super) fn leads_on(&mut self) {
        self.leads_on = true;
    }

    /// Notes that the listing has not changed.
    pub(super) fn is_unchanged(&mut self) {
        self.unchanged = true;
    }
}

impl Walk {
    /// Makes a request conditional if all items of the listing have been downloaded. Returns how many those are, or
    /// None if there is no imprint.
    pub(super) async fn only_if_changed(
        &self,
        origin: &Origin,
        target: &mut Target,
    ) -> Result<Option<u64>> {
        let Imprints {
            disk,
            policy,
            recheck,
            ..
        } = &self.imprints;
        if !self.archive.has_imprints() {
            return Ok(None);
        }
        let Some(imprint) = self.archive.imprint(origin) else {
            return Ok(None);
        };
        if !self.imprints.asks || imprint.sources != self.imprints.sources {
            return Ok(Some(0));
        }
        let (archive, disk) = (self.archive.clone(), disk.clone());
        let (policy, recheck) = (*policy, *recheck);
        let items = imprint.items;
        let had = quickly(move || {
            let mut had = 0;
            for item in items {
                match archive.seen(item)? {
                    Some(seen) if is_had(&seen, policy, disk.as_deref()) => had += 1,
                    Some(seen) if seen.gone && !recheck => {}
                    _ => return Ok(None),
                }
            }
            Ok(Some(had))
        });
        let had = had.await?;
        if had.is_some() {
            target.validator = Some(imprint.validator);
        }
        Ok(Some(had.unwrap_or(0)))
    }

    /// Records the imprint of a listing that is complete, and reports one that has not changed. The imprint of a failed
    /// listing is removed.
    pub(super) async fn printed(
        &self,
        origin: &Arc<Origin>,
        print: Print,
        known: Option<u64>,
        done: &Result<()>,
    ) -> Result<()> {
        let noted = match (done, known) {
            (Ok(()), Some(items)) if print.unchanged => {
                let link = origin.url.clone();
                let told = self.events.send(Event::Unchanged { link, items });
                return told.await.map_err(|_| Error::closed());
            }
            (Ok(()), _) if !print.leads_on => match print.imprint {
                Some(imprint) => self.archive.imprinted(origin, Some(imprint)),
                None => Ok(()),
            },
            (Err(error), Some(_)) if error.kind != Kind::Closed => {
                self.archive.imprinted(origin, None)
            }
            _ => Ok(()),
        };
        // A failure to record this is reported by whoever waits for the archive at the end.
        drop(noted);
        Ok(())
    }

    /// Recognizes a feed that was listed as one before, so that it goes directly to the source for feeds, which can
    /// make a conditional request.
    pub(super) fn was_feed(&self, found: &Found) -> Option<Came> {
        if !self.imprints.asks || !self.archive.has_imprints() {
            return None;
        }
        let url = super::documents::file(&found.item)?.url.clone();
        let name = &self.registry.reader(Document::Feed)?.manifest().name;
        let link = Link::from(Url::parse(&format!("{name}:{url}")).ok()?);
        let origin = Origin {
            source: Some(name.clone()),
            ..Origin::of(&link, found.led)
        };
        self.archive.imprint(&origin)?;
        Some(Came {
            document: Document::Feed,
            url,
            answer: None,
            led: found.led,
            headers: Headers::default(),
        })
    }
}

/// Checks whether an item would be skipped if it were listed again.
fn is_had(seen: &Seen, policy: Policy, disk: Option<&Disk>) -> bool {
    match &seen.saved {
        _ if seen.imported => true,
        Some(_) if policy == Policy::Seen => true,
        Some((path, size)) => disk.and_then(|disk| disk.size(path)) == Some(*size),
        None => false,
    }
}
