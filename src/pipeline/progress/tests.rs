//! Tests of recorded listing progress.

use super::*;
use crate::model::{Link, Result};
use crate::net::NamedBy;
use crate::pipeline::archive::{Identity, Note, RecordedFailure, Seen, Sum, Version};

/// An archive that collects the recorded cursors.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Heard {
    fn noted(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Archive for Heard {
    fn find(&self, _: &Identity) -> Result<Option<Seen>> {
        Ok(None)
    }

    fn version(&self, _: &Identity) -> Result<Option<Version>> {
        Ok(None)
    }

    fn owner(&self, _: &str) -> Result<Option<Identity>> {
        Ok(None)
    }

    fn twins(&self, _: u64, _: &Sum, _: &Identity) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn note(&self, _: Note) -> Result<()> {
        Ok(())
    }

    fn note_unlisted(&self, _: Arc<Origin>, _: RecordedFailure) -> Result<()> {
        Ok(())
    }

    fn note_listed(&self, _: &str) -> Result<()> {
        Ok(())
    }

    fn cursor(&self, _: &Origin) -> Option<(Cursor, jiff::Timestamp)> {
        None
    }

    fn note_cursor(&self, origin: &Arc<Origin>, cursor: Option<Cursor>) -> Result<()> {
        let name = origin.url.rsplit('/').next().unwrap().to_owned();
        let at = cursor.map_or("-".to_owned(), |cursor| cursor.at);
        self.0.lock().unwrap().push(name + &at);
        Ok(())
    }

    fn seen(&self, _: i64) -> Result<Option<Seen>> {
        Ok(None)
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}

fn cursor(at: u64) -> Cursor {
    Cursor {
        at: at.to_string(),
        items: at,
    }
}

fn listing(archive: &Arc<Heard>, name: &str, entry: Option<Ticket>) -> Arc<Progress> {
    let url = format!("https://example.org/{name}");
    let link = Link::from(url.parse::<url::Url>().unwrap());
    let origin = Origin::of(&link, NamedBy::User);
    Progress::new(archive.clone(), Arc::new(origin), entry)
}

#[test]
fn a_cursor_counts_once_all_before_it_has_ended() {
    let archive = Arc::new(Heard::default());
    let listing = listing(&archive, "a", None);
    let (first, second) = (listing.ticket(), listing.ticket());
    listing.reach(cursor(2));
    let third = listing.ticket();
    listing.reach(cursor(3));
    third.ended();
    second.ended();
    assert_eq!(archive.noted(), [""; 0]);
    first.ended();
    assert_eq!(archive.noted(), ["a3"]);
    let last = listing.ticket();
    listing.end(None);
    assert_eq!(archive.noted(), ["a3"]);
    last.ended();
    assert_eq!(archive.noted(), ["a3", "a-"]);
}

#[test]
fn progress_stops_at_the_first_lost_item() {
    let archive = Arc::new(Heard::default());
    let listing = listing(&archive, "a", None);
    let early = listing.ticket();
    listing.reach(cursor(1));
    drop(listing.ticket());
    listing.reach(cursor(2));
    listing.ticket().failed(Kind::Network);
    listing.end(None);
    early.failed(Kind::Missing);
    assert_eq!(archive.noted(), ["a1"]);
}

#[test]
fn a_listing_that_fails_keeps_its_last_cursor() {
    let archive = Arc::new(Heard::default());
    let listing = listing(&archive, "a", None);
    let late = listing.ticket();
    listing.reach(cursor(1));
    listing.end(Some(Kind::Network));
    late.ended();
    assert_eq!(archive.noted(), ["a1"]);
    listing.end(Some(Kind::Changed));
    assert_eq!(archive.noted(), ["a1", "a-"]);
}

#[test]
fn a_delegated_link_counts_as_an_entry() {
    let archive = Arc::new(Heard::default());
    let top = listing(&archive, "a", None);
    let inner = listing(&archive, "b", Some(top.ticket()));
    top.reach(cursor(1));
    let item = inner.ticket();
    inner.end(None);
    drop(inner);
    assert_eq!(archive.noted(), [""; 0]);
    item.ended();
    assert_eq!(archive.noted(), ["b-", "a1"]);
    let lost = listing(&archive, "c", Some(top.ticket()));
    lost.end(Some(Kind::Network));
    top.reach(cursor(2));
    drop(listing(&archive, "d", Some(top.ticket())));
    top.reach(cursor(3));
    top.end(None);
    assert_eq!(archive.noted(), ["b-", "a1"]);
}
