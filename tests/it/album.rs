//! An album from end to end: what people run the program for.

use std::time::{Duration, Instant, SystemTime};

use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, sized, small};
use crate::support::{Reply, Site};

const FORMATS: [Format; 6] = [
    Format::Jpeg,
    Format::Png,
    Format::Gif,
    Format::Jpeg,
    Format::Webp,
    Format::Mp4,
];

/// Two dozen images of all kinds and lengths; every third has a title.
fn mixed() -> Vec<Image> {
    let image = |number: u64| {
        let format = FORMATS[number as usize % FORMATS.len()];
        let bytes = sized(format, 2000 + 2 * (number as usize * 7919 % 40_000), number);
        let image = Image::of(&format!("img{number:04}"), format, bytes);
        match number % 3 {
            0 => image.title(&format!("Cat no. {number}")),
            _ => image,
        }
    };
    (1..=24).map(image).collect()
}

/// The names that these images get, in the order of the album.
fn names(images: &[Image]) -> Vec<String> {
    let name = |(index, image): (usize, &Image)| {
        let title = image.title.as_ref().unwrap_or(&image.id);
        format!("imgur/Cats q6i58/{:03} {title}.{}", index + 1, image.ext())
    };
    images.iter().enumerate().map(name).collect()
}

fn fetch(imgur: &FakeImgur, with_key: bool) -> Fetch {
    let config = match with_key {
        true => imgur.config(),
        false => imgur.config_keyless(),
    };
    Fetch::new().config(&format!("{config}[net]\nbackoff = \"5ms\"\n"))
}

#[test]
fn an_album_is_saved_whole_and_in_order_by_any_form_of_its_link() {
    let images = mixed();
    for with_key in [true, false] {
        for link in [
            "https://imgur.com/a/q6i58",
            "q6i58",
            "imgur:q6i58",
            "imgur.com/gallery/cats-q6i58",
        ] {
            let imgur = FakeImgur::start();
            imgur.album("q6i58", "Cats", images.clone());
            let fetch = fetch(&imgur, with_key).arg(link);
            fetch.run().success();
            let files = fetch.files();
            assert_eq!(
                files.keys().cloned().collect::<Vec<_>>(),
                names(&images),
                "{link}"
            );
            for (name, image) in names(&images).iter().zip(&images) {
                assert!(
                    files[name] == image.bytes(),
                    "{name} of {link} has other bytes"
                );
            }
            let before = imgur.cdn.requests().len();
            assert_eq!(before, 24, "{link}");
            let again = fetch.run().success();
            assert_eq!(
                imgur.cdn.requests().len(),
                before,
                "the second run asks for no file"
            );
            assert!(
                again.stderr.contains("24 found: 0 new, 24 had"),
                "{}",
                again.stderr
            );
        }
    }
}

/// How many items the archive of this user has.
fn recorded(fetch: &Fetch) -> usize {
    let file = fetch.root().join("home/state/fetch/archive.db");
    let archive = rusqlite::Connection::open(file).unwrap();
    let count = "SELECT count(*) FROM item";
    let count: u32 = archive.query_one(count, [], |row| row.get(0)).unwrap();
    count as usize
}

#[test]
fn a_killed_run_is_resumed_where_it_stopped() {
    let images: Vec<Image> = mixed()
        .into_iter()
        .map(|image| image.throttle(40_000))
        .collect();
    let imgur = FakeImgur::start();
    imgur.album("q6i58", "Cats", images.clone());
    let fetch = fetch(&imgur, false).arg("q6i58");
    let running = fetch.spawn();
    running.wait_for_stderr("saved");
    let began = Instant::now();
    while recorded(&fetch) < 12 {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "it does not get on"
        );
        std::thread::yield_now();
    }
    running.kill9();
    // A file that got its name in the very moment of the kill may not be recorded; it is asked for once more.
    let recorded = recorded(&fetch);
    assert!(recorded < 24, "it was killed half-way");
    assert!(fetch.files().len() >= recorded);
    let before = imgur.cdn.requests().len();
    fetch.run().success();
    let asked = imgur.cdn.requests().len() - before;
    assert_eq!(asked, 24 - recorded);
    let files = fetch.files();
    assert_eq!(
        files.keys().cloned().collect::<Vec<_>>(),
        names(&images),
        "nothing came twice"
    );
    for (name, image) in names(&images).iter().zip(&images) {
        assert!(files[name] == image.bytes(), "{name} has other bytes");
    }
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn each_bad_image_is_reported_with_its_reason_and_not_saved() {
    let large = |id: &str, format| Image::of(id, format, sized(format, 50_000, 7));
    let images = vec![
        large("good001", Format::Jpeg),
        large("remov02", Format::Jpeg).removed(),
        large("block03", Format::Jpeg).blocked(),
        large("missi04", Format::Png).missing(),
        large("label05", Format::Jpeg).mislabelled(Format::Png),
        large("cutby06", Format::Jpeg).cut(20_000),
        large("html007", Format::Jpeg).html(),
        large("gifth08", Format::Gif).thumbnail_link(),
    ];
    for with_key in [true, false] {
        let imgur = FakeImgur::start();
        imgur.album("q6i58", "Cats", images.clone());
        // A server that cuts every range as well never comes to the end.
        let fetch = fetch(&imgur, with_key).args(["-R", "2"]).arg("q6i58");
        let done = fetch.run().fails(3);
        let names: Vec<String> = fetch.files().into_keys().collect();
        let cut_arrives = "imgur/Cats q6i58/006 cutby06.jpg".to_owned();
        let expected = [
            "imgur/Cats q6i58/001 good001.jpg",
            "imgur/Cats q6i58/005 label05.png",
            &cut_arrives,
            "imgur/Cats q6i58/008 gifth08.gif",
        ];
        assert_eq!(names, expected, "{}", done.stderr);
        let files = fetch.files();
        for (name, image) in expected.iter().zip([0, 4, 5, 7]) {
            assert!(files[*name] == images[image].bytes(), "{name}");
        }
        for line in [
            "failed: `imgur:remov02` removed from Imgur",
            "failed: `imgur:block03` it is not what the listing describes: it is 336x478 pixels, and the listing says 32x24; it has 34641 bytes, and the listing says 50000",
            "failed: `imgur:missi04` the server answered 404 Not Found",
            "failed: `imgur:html007` a web page came instead of a picture",
        ] {
            assert!(
                done.stderr.contains(line),
                "`{line}` is not in:\n{}",
                done.stderr
            );
        }
        assert_eq!(fetch.partials(), Vec::<String>::new());
    }
}

#[test]
fn one_body_for_different_ids_is_a_placeholder() {
    let imgur = FakeImgur::start();
    let good = Image::new("fine001", Format::Png);
    for image in [
        Image::new("block01", Format::Png).blocked(),
        Image::new("block02", Format::Png).blocked(),
        good.clone(),
        Image::new("block03", Format::Png).blocked(),
    ] {
        imgur.image(image);
    }
    // Links to files come without a listing that could bear them out.
    let links = ["block01", "fine001", "block02", "block03"]
        .map(|id| format!("https://i.imgur.com/{id}.png"));
    let fetch = fetch(&imgur, false).args(links);
    let done = fetch.run().fails(3);
    assert_eq!(
        fetch.files().into_keys().collect::<Vec<_>>(),
        ["fine001.png"]
    );
    assert!(fetch.files()["fine001.png"] == good.bytes());
    for id in ["block01", "block02", "block03"] {
        assert!(
            done.stderr
                .contains(&format!("failed: `imgur:{id}` the same bytes came for")),
            "{}",
            done.stderr
        );
    }
}

#[test]
fn a_picture_uploaded_twice_is_saved_twice_with_a_warning() {
    let site = Site::start();
    let cat = small(Format::Png, 1);
    for (path, days) in [("/aaaaaaa.png", 1), ("/bbbbbbb.png", 2)] {
        let long_ago = Duration::from_secs(1_500_000_000 + days * 86_400);
        let reply = Reply::file(cat.clone()).last_modified(SystemTime::UNIX_EPOCH + long_ago);
        site.on(path, reply.header("Date", "Fri, 02 Oct 2026 10:00:00 GMT"));
    }
    let links = ["aaaaaaa", "bbbbbbb"].map(|id| format!("https://i.imgur.com/{id}.png"));
    let fetch = Fetch::new()
        .args(["-S", &format!("source.imgur.cdn={}", site.url(""))])
        .args(links);
    let done = fetch.run().success();
    assert_eq!(
        fetch.files().into_values().collect::<Vec<_>>(),
        [&*cat, &*cat]
    );
    done.says("the same bytes came for `aaaaaaa`, so it may be a placeholder");
}

#[test]
fn equal_images_confirmed_by_the_listing_are_both_kept() {
    let imgur = FakeImgur::start();
    let bytes = sized(Format::Jpeg, 5000, 1);
    let images = ["twin001", "twin002"].map(|id| Image::of(id, Format::Jpeg, bytes.clone()));
    imgur.album("q6i58", "Cats", images.to_vec());
    let fetch = fetch(&imgur, false).arg("q6i58");
    fetch.run().success();
    assert_eq!(fetch.files().len(), 2);
}

#[test]
fn an_etag_that_is_the_md5_of_other_bytes_is_a_failure() {
    let imgur = FakeImgur::start();
    let image = Image::new("wrong01", Format::Jpeg);
    let reply = image
        .good()
        .without("ETag")
        .etag("\"00000000000000000000000000000000\"");
    imgur.image(image.replies([reply]));
    let fetch = fetch(&imgur, false).arg("https://i.imgur.com/wrong01.jpg");
    let done = fetch.run().fails(4);
    assert!(
        done.stderr
            .contains("the bytes do not have the MD5 given by the ETag"),
        "{}",
        done.stderr
    );
    assert_eq!(fetch.tree(), "");
}

#[test]
fn an_image_missing_from_the_api_is_downloaded_if_its_file_exists() {
    for with_key in [true, false] {
        let imgur = FakeImgur::start();
        let bytes = sized(Format::Jpeg, 5000, 1);
        imgur
            .cdn
            .on("/denied1.jpg", Reply::file(bytes.clone()).md5_etag());
        let fetch = fetch(&imgur, with_key).arg("https://imgur.com/denied1");
        fetch.run().success();
        assert_eq!(fetch.files()["denied1.jpg"], bytes);
    }
}

#[test]
fn sixty_delayed_images_are_downloaded_in_parallel() {
    let imgur = FakeImgur::start();
    let image = |number| {
        let image = Image::new(&format!("wait{number:03}"), Format::Jpeg);
        let reply = image.good().delay(Duration::from_millis(80));
        image.replies([reply])
    };
    imgur.album("q6i58", "Cats", (1..=60).map(image).collect());
    let fetch = fetch(&imgur, false).arg("q6i58");
    let done = fetch.run().success();
    assert_eq!(fetch.files().len(), 60);
    // One after another they would take 4.8 s; the bound leaves room for a machine that is busy with other tests.
    assert!(done.took < Duration::from_secs(3), "{:?}", done.took);
}

#[test]
fn a_client_id_from_the_environment_works_and_is_not_displayed() {
    let imgur = FakeImgur::start();
    imgur.album("q6i58", "Cats", mixed());
    let fetch = fetch(&imgur, false)
        .env("IMGUR_CLIENT_ID", "test-id")
        .env("IMGUR_CLIENT_SECRET", "hush")
        .args(["-v", "q6i58"]);
    let done = fetch.run().success();
    assert!(
        imgur
            .api
            .requests()
            .iter()
            .any(|seen| seen.path() == "/3/album/q6i58")
    );
    let output = done.stdout + &done.stderr;
    assert!(
        !output.contains("test-id") && !output.contains("hush"),
        "{output}"
    );
}

#[test]
fn only_an_added_image_is_downloaded_by_the_next_run() {
    let mut images = mixed();
    let before = FakeImgur::start();
    before.album("q6i58", "Cats", images.clone());
    let fetch = fetch(&before, false).arg("q6i58");
    fetch.run().success();
    images.push(Image::new("newcat1", Format::Png));
    let after = FakeImgur::start();
    after.album("q6i58", "Cats", images);
    std::fs::write(fetch.root().join("test.toml"), after.config_keyless()).unwrap();
    let done = fetch.run().success();
    assert_eq!(after.cdn.requests().len(), 1);
    assert!(
        done.stderr.contains("25 found: 1 new, 24 had"),
        "{}",
        done.stderr
    );
    assert!(
        fetch
            .files()
            .contains_key("imgur/Cats q6i58/025 newcat1.png")
    );
}

#[test]
fn a_link_of_an_unknown_site_is_downloaded_as_a_file() {
    let site = Site::start();
    let bytes = sized(Format::Gif, 900, 1);
    site.on("/x.gif", Reply::file(bytes.clone()));
    let fetch = Fetch::new().arg(site.url("/x.gif"));
    fetch.run().success();
    assert_eq!(fetch.files()["x.gif"], bytes);
}
