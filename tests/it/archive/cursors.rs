//! A listing of many pages that was interrupted goes on where it stopped.

use std::time::{Duration, Instant};

use crate::hard::kills::{kills, wait_until, within};
use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::Format;
use crate::support::{Reply, Site};

const LINK: &str = "https://imgur.com/r/pics";

/// The images of a page.
fn page(number: usize) -> Vec<Image> {
    let image = |place| Image::new(&format!("p{number:03}i{place:02}"), Format::Jpeg);
    (0..4).map(image).collect()
}

fn path(page: usize) -> String {
    format!("/3/gallery/r/pics/time/all/{page}")
}

/// The pages that were asked for, by number, in order.
fn asked(api: &Site) -> Vec<usize> {
    let last = |target: &str| target.rsplit('/').next().unwrap().parse().unwrap();
    let requests = api.requests();
    requests.iter().map(|seen| last(&seen.target)).collect()
}

/// A user in the middle of a listing of six pages, whose first three are fetched, was interrupted.
fn interrupted(imgur: &FakeImgur) -> Fetch {
    let pages: Vec<_> = (0..6).map(page).collect();
    // The fourth page does not come the first time.
    imgur
        .api
        .on(&path(3), Reply::json("{\"data\": []}").stall_after(4))
        .once();
    imgur.subreddit("pics", &pages);
    let fetch = Fetch::new().config(&imgur.config()).arg(LINK);
    let running = fetch.spawn();
    for image in pages[..3].iter().flatten() {
        running.wait_for_stderr(&image.id);
    }
    imgur.api.wait_for_stalls(1);
    running.interrupt();
    running.wait().fails(130);
    imgur.api.forget();
    imgur.cdn.forget();
    fetch
}

/// What another user has who was not interrupted.
fn whole(imgur: &FakeImgur) -> Vec<String> {
    let fetch = Fetch::new().config(&imgur.config()).arg(LINK);
    fetch.run().success();
    imgur.api.forget();
    imgur.cdn.forget();
    fetch.files().into_keys().collect()
}

#[test]
fn an_interrupted_listing_continues_with_the_same_names() {
    let imgur = FakeImgur::start();
    let fetch = interrupted(&imgur);
    let done = fetch.run().success();
    // The last page that was whole is asked for again, since posts may have moved up to it.
    assert_eq!(asked(&imgur.api), [2, 3, 4, 5, 6]);
    assert_eq!(imgur.cdn.requests().len(), 3 * 4);
    let told = "`https://imgur.com/r/pics` resumes where it stopped";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    assert_eq!(fetch.files().len(), 6 * 4);
    imgur.api.forget();
    // It came to its end: from now on it is listed from its start.
    let done = fetch.run().success();
    assert_eq!(asked(&imgur.api), [0, 1, 2, 3, 4, 5, 6]);
    assert!(!done.stderr.contains("goes on"), "{}", done.stderr);
    let names: Vec<_> = fetch.files().into_keys().collect();
    assert_eq!(names, whole(&imgur));
}

#[test]
fn a_listing_starts_over_if_requested_or_needed() {
    for args in [
        &["--from-start"][..],
        &["-I", "1-2"],
        &["--skip", "never"],
        &["--filter", "true"],
        &["-s"],
    ] {
        let imgur = FakeImgur::start();
        let fetch = interrupted(&imgur);
        fetch.clone().args(args).run().success();
        assert_eq!(asked(&imgur.api)[0], 0, "{args:?}");
        imgur.api.forget();
        fetch.run().success();
        // What chooses among all of it says nothing of how far it is listed.
        let chooses = matches!(args[0], "-I" | "--filter" | "-s");
        let first = if chooses { 2 } else { 0 };
        assert_eq!(asked(&imgur.api)[0], first, "{args:?}");
    }
}

#[test]
fn temporarily_failed_items_are_listed_again() {
    let imgur = FakeImgur::start();
    let image = &page(1)[2];
    let path = format!("/{}.jpg", image.id);
    imgur.cdn.on(&path, Reply::empty(451)).once();
    let fetch = interrupted(&imgur);
    fetch.run().success();
    // The cursor behind the first page is the last that counts.
    assert_eq!(asked(&imgur.api), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(fetch.files().len(), 6 * 4);
}

#[test]
fn a_checkpoint_waits_for_albums_in_progress() {
    let imgur = FakeImgur::start();
    let slow = Image::new("slowone", Format::Jpeg);
    let stalled = slow.good().stall_after(20);
    let slow = slow.clone().replies([stalled, slow.good()]);
    imgur.album(
        "q6i58",
        "Cats",
        vec![Image::new("quickon", Format::Jpeg), slow],
    );
    let album = r#"{"data": [{"id": "q6i58", "is_album": true, "images_count": 2}], "status": 200, "success": true}"#;
    imgur.api.on(&path(1), Reply::json(album)).times(2);
    let stalled = Reply::json("{\"data\": []}").stall_after(4);
    imgur.api.on(&path(4), stalled).once();
    imgur.subreddit("pics", &[page(0), page(1), page(2), page(3)]);
    let fetch = Fetch::new().config(&imgur.config()).arg(LINK);
    let running = fetch.spawn();
    for image in page(0).iter().chain(&page(2)).chain(&page(3)) {
        running.wait_for_stderr(&image.id);
    }
    imgur.cdn.wait_for_stalls(1);
    imgur.api.wait_for_stalls(1);
    running.interrupt();
    running.wait_for_stderr("again");
    running.interrupt();
    running.wait().fails(130);
    imgur.api.forget();
    fetch.run().success();
    assert!(imgur.api.count(&path(1)) > 0);
    assert_eq!(fetch.files().len(), 3 * 4 + 2);
}

#[test]
fn a_listing_killed_again_and_again_completes() {
    let imgur = FakeImgur::start();
    let pages: Vec<_> = (0..25).map(page).collect();
    imgur.subreddit("pics", &pages);
    let call = Fetch::new().config(&imgur.config()).arg(LINK);
    let began = Instant::now();
    call.run().success();
    let whole = began.elapsed();
    let all: Vec<_> = call.files().into_iter().collect();
    for round in 0..kills().div_ceil(5) {
        let folder = format!("round {round}");
        let fetch = call.clone().args(["-d", &folder]);
        for _ in 0..5 {
            let running = fetch.spawn();
            wait_until(Instant::now() + within(whole + Duration::from_millis(20)));
            running.kill9();
        }
        fetch.run().success();
        let prefix = folder + "/";
        let there: Vec<_> = call
            .files()
            .into_iter()
            .filter_map(|(name, bytes)| Some((name.strip_prefix(&prefix)?.to_owned(), bytes)))
            .collect();
        assert!(there == all, "{} of {}", there.len(), all.len());
    }
}
