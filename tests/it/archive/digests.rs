//! Every saved file has a digest, however its bytes came.

use fetch::pipeline::archive::{Algorithm, Sum, Summing, Validator};

use super::known;
use crate::support::command::Fetch;
use crate::support::media::{Format, sized, small};
use crate::support::{Reply, Site};

fn sum(algorithm: Algorithm, bytes: &[u8]) -> Option<Sum> {
    let mut summing = Summing::new(algorithm);
    summing.update(bytes);
    Some(summing.finish())
}

/// Fetches it all, and holds what is remembered against the bytes that were served.
fn agrees(fetch: &Fetch, algorithm: Algorithm, bytes: &[u8]) {
    fetch.run().success();
    let known = known(fetch);
    let record = known[0].record.as_ref().unwrap();
    assert!(fetch.files()[&record.path] == bytes);
    assert_eq!(record.digest, sum(algorithm, bytes));
    assert_eq!(record.size, bytes.len() as u64);
}

#[test]
fn digests_are_right_for_whole_chunked_and_resumed_files() {
    let (little, large) = (small(Format::Jpeg, 1), sized(Format::Jpeg, 3 << 20, 2));
    let table = [
        (little.clone(), Reply::file(little.clone())),
        (little.clone(), Reply::file(little).close_delimited()),
        (large.clone(), Reply::file(large.clone())),
        (large.clone(), Reply::file(large.clone()).chunked()),
    ];
    for (bytes, reply) in table {
        let site = Site::start();
        site.on("/cat.jpg", reply);
        let fetch = Fetch::new().arg(site.url("/cat.jpg"));
        agrees(&fetch, Algorithm::Xxh3, &bytes);
        let fetch = Fetch::new()
            .args(["-S", "archive.digest=sha256"])
            .arg(site.url("/cat.jpg"));
        agrees(&fetch, Algorithm::Sha256, &bytes);
    }
    for cut in [1 << 20, (1 << 20) + 4321] {
        let site = Site::start();
        let whole = Reply::file(large.clone()).etag("\"a\"");
        site.on("/cat.jpg", whole.clone().cut_after(cut)).once();
        site.on("/cat.jpg", whole);
        let fetch = Fetch::new()
            .config("[net]\nbackoff = \"5ms\"\n")
            .arg(site.url("/cat.jpg"));
        agrees(&fetch, Algorithm::Xxh3, &large);
    }
}

#[test]
fn digests_are_right_for_split_files() {
    let film = sized(Format::Mp4, 20 << 20, 3);
    let site = Site::start();
    let reply = Reply::file(film.clone()).etag("\"a\"").throttle(4_000_000);
    site.on("/film.mp4", reply);
    let fetch = Fetch::new().arg(site.url("/film.mp4"));
    agrees(&fetch, Algorithm::Xxh3, &film);
    assert!(site.max_concurrent() > 1);
}

#[test]
fn validators_are_recorded_with_the_digest() {
    let site = Site::start();
    let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_500_000_000);
    let reply = || Reply::file(small(Format::Jpeg, 1)).last_modified(time);
    site.on("/a.jpg", reply().etag("\"strong\""));
    site.on("/b.jpg", reply().etag("W/\"weak\""));
    let fetch = Fetch::new().args([site.url("/a.jpg"), site.url("/b.jpg")]);
    fetch.run().success();
    let mut known = known(&fetch);
    known.sort_by(|a, b| a.identity.key.cmp(&b.identity.key));
    let records = known.into_iter().map(|known| known.record.unwrap());
    let told: Vec<_> = records
        .map(|record| (record.validator, record.media))
        .collect();
    let time = jiff::Timestamp::from_second(1_500_000_000).unwrap();
    let jpeg = Some("image/jpeg".into());
    let expected = [
        (Some(Validator::Etag("\"strong\"".into())), jpeg.clone()),
        (Some(Validator::Modified(time)), jpeg),
    ];
    assert_eq!(told, expected);
}
