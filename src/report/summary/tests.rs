use super::*;

pub(in crate::report) fn found(id: u64) -> Event {
    Event::Found {
        id,
        source: "imgur".into(),
        key: format!("key{id}"),
        title: format!("Title {id}"),
        url: Some(format!("https://i.imgur.com/key{id}.jpg")),
        raw_url: None,
        page: Some(format!("https://imgur.com/key{id}")),
        path: format!("imgur/album/{id:02} Title {id}.jpg"),
        size: Some(1000),
    }
}

pub(in crate::report) fn ended(id: u64, outcome: Outcome) -> Event {
    Event::Ended { id, outcome }
}

pub(in crate::report) fn saved(size: u64) -> Outcome {
    Outcome::Saved {
        path: "imgur/album/01 Title 1.jpg".into(),
        size,
        warning: None,
    }
}

pub(in crate::report) fn failure(kind: Kind, message: &str) -> Failure {
    Failure {
        kind,
        message: message.into(),
        causes: Vec::new(),
        hint: None,
        attempts: 1,
    }
}

pub(in crate::report) fn listed(link: &str, failure: Option<Failure>) -> Event {
    Event::Listed {
        link: link.into(),
        source: None,
        items: 0,
        failure,
    }
}

pub(in crate::report) fn skipped(reason: Skip) -> Outcome {
    Outcome::Skipped {
        reason,
        path: "imgur/album/01 Title 1.jpg".into(),
        warning: None,
    }
}

#[test]
fn counts_what_ends_and_forgets_what_ended_well() {
    let mut summary = Summary::default();
    for id in 1..=1000 {
        summary.take(&found(id));
        summary.take(&Event::Began {
            id,
            total: Some(100),
            have: 40,
        });
        summary.take(&Event::Moved { id, bytes: 60 });
        summary.take(&ended(id, saved(100)));
    }
    assert_eq!(
        (summary.found, summary.saved, summary.bytes),
        (1000, 1000, 100_000)
    );
    assert_eq!((summary.moved, summary.before), (60_000, 40_000));
    assert_eq!(summary.open().count(), 0);
    assert_eq!(summary.ended(), 1000);
}

#[test]
fn an_item_that_starts_over_moves_its_bytes_again() {
    let mut summary = Summary::default();
    summary.take(&found(1));
    for bytes in [100, 200, 0, 150] {
        summary.take(&Event::Moved { id: 1, bytes });
    }
    summary.take(&ended(1, saved(300)));
    assert_eq!((summary.moved, summary.bytes), (500, 300));
}

#[test]
fn knows_failures_from_what_nobody_wanted() {
    let mut summary = Summary::default();
    for id in 1..=4 {
        summary.take(&found(id));
    }
    summary.take(&ended(1, Outcome::Failed(failure(Kind::Missing, "gone"))));
    summary.take(&ended(2, Outcome::Failed(failure(Kind::Closed, "enough"))));
    summary.take(&ended(3, skipped(Skip::Present)));
    summary.take(&listed("a", Some(failure(Kind::Login, "log in"))));
    summary.take(&listed("b", Some(failure(Kind::Closed, "enough"))));
    summary.take(&listed("c", None));
    assert_eq!(summary.failed, BTreeMap::from([(Kind::Missing, 1)]));
    assert_eq!(summary.links_failed, BTreeMap::from([(Kind::Login, 1)]));
    assert_eq!((summary.succeeded(), summary.not_done()), (1, 2));
    assert_eq!(summary.failures[0].named.key, "key1");
    assert_eq!(summary.link_failures[0].link, "a");
}

#[test]
fn keeps_a_bounded_number_of_failures() {
    let mut summary = Summary::default();
    for id in 0..KEPT as u64 + 5 {
        summary.take(&found(id));
        summary.take(&ended(id, Outcome::Failed(failure(Kind::Busy, "no"))));
    }
    assert_eq!(summary.failures.len(), KEPT);
    assert_eq!(summary.failed[&Kind::Busy], KEPT as u64 + 5);
}
