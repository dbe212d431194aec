//! Which items of a listing are fetched, and what is known of them.

mod asked;

use std::time::{Duration, SystemTime};

use crate::support::command::Fetch;
use crate::support::imgur::{FakeImgur, Image};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

fn album() -> (FakeImgur, Fetch) {
    let imgur = FakeImgur::start();
    let images = vec![
        Image::new("first01", Format::Jpeg).title("One/two: (three)"),
        Image::new("secon02", Format::Png),
        Image::new("third03", Format::Mp4),
    ];
    imgur.album("q6i58", "Cats", images);
    let fetch = Fetch::new().config(&imgur.config());
    (imgur, fetch)
}

#[test]
fn fields_are_listed_for_the_first_items() {
    let (_imgur, fetch) = album();
    let text = fetch.clone().args(["fields", "q6i58"]).run().success();
    assert!(text.stdout.contains("title "), "{}", text.stdout);
    assert!(
        text.stdout.contains("One/two: (three)\n"),
        "{}",
        text.stdout
    );
    assert!(
        text.stdout.contains("\nkind             image\n"),
        "{}",
        text.stdout
    );
    assert!(!text.stdout.contains("secon02"), "{}", text.stdout);
    let json = fetch
        .args(["fields", "-j", "-n", "2", "q6i58"])
        .run()
        .success();
    let lines: Vec<serde_json::Value> = json
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["title"], "One/two: (three)");
    assert_eq!(
        (&lines[1]["key"], &lines[1]["title"]),
        (&"secon02".into(), &serde_json::Value::Null)
    );
}

#[test]
fn fields_of_an_unsupported_link_are_an_error() {
    let (_imgur, fetch) = album();
    let done = fetch
        .args(["fields", "https://imgur.com/about"])
        .run()
        .fails(5);
    assert_eq!(
        done.stderr_filtered(),
        "error: `https://imgur.com/about` is a page of the site itself, not an album or an image\n"
    );
}

#[test]
fn fields_of_a_missing_link_end_with_the_reason() {
    let site = Site::start();
    site.on("/cat", Reply::empty(404));
    let done = Fetch::new()
        .args(["fields", &site.url("/cat")])
        .run()
        .fails(4);
    done.says("error: the server answered 404 Not Found\n");
}

#[test]
fn since_after_until_is_refused() {
    let args = ["--since", "2027-01-01", "--until", "2026-01-01", "a.org"];
    let done = Fetch::new().args(args).run().fails(2);
    done.says("nothing can be published between `--since` and `--until`");
}

#[test]
fn takes_the_kinds_that_are_wanted() {
    let (_imgur, fetch) = album();
    let fetch = fetch.args(["-s", "--kind", "video,audio", "q6i58"]);
    let done = fetch.run().success();
    assert!(
        done.stderr.contains("1 found: 1 would be fetched"),
        "{}",
        done.stderr
    );
    assert!(done.stderr.contains("third03.mp4"), "{}", done.stderr);
}

#[test]
fn a_filter_error_fails_only_its_item() {
    let (_imgur, fetch) = album();
    let done = fetch
        .clone()
        .args(["--filter", "100 // (number - 2) != 0", "q6i58"])
        .run()
        .fails(3);
    for said in [
        "3 found: 2 new, 1 failed (1 config)",
        "cannot apply the filter",
    ] {
        assert!(done.stderr.contains(said), "{said}: {}", done.stderr);
    }
    assert_eq!(fetch.files().len(), 2);
}

#[test]
fn a_source_can_have_its_own_template() {
    let (imgur, _) = album();
    let config = imgur.config()
        + "template = '{kind}/{(title or key) | slug}.{ext}'\n[output]\ntemplate = '{key}'\n";
    let fetch = Fetch::new().config(&config);
    fetch.clone().arg("q6i58").run().success();
    let files: Vec<_> = fetch.files().into_keys().collect();
    assert_eq!(
        files,
        [
            "image/one-two-three.jpg",
            "image/secon02.png",
            "video/third03.mp4"
        ]
    );
    let typed = Fetch::new()
        .config(&config)
        .args(["-o", "typed/{key}.{ext}", "-I", "1", "q6i58"]);
    typed.run().success();
    assert_eq!(
        typed.files().into_keys().collect::<Vec<_>>(),
        ["typed/first01.jpg"]
    );
}

#[test]
fn a_file_gets_the_date_of_its_post() {
    let day = |days: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(days * 86_400);
    let imgur = FakeImgur::start();
    let image = Image::new("first01", Format::Jpeg);
    let reply = image.good().last_modified(day(10_000));
    imgur.album("q6i58", "Cats", vec![image.replies([reply])]);
    let modified = |setting: &str| {
        let fetch = Fetch::new().config(&(imgur.config() + setting));
        fetch.clone().args(["-o", "{key}", "q6i58"]).run().success();
        std::fs::metadata(fetch.out().join("first01.jpg"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let posted = SystemTime::UNIX_EPOCH + Duration::from_secs(1_400_000_000);
    assert_eq!(modified(""), posted);
    assert_eq!(modified("[output]\nmtime = true\n"), posted);
    assert_eq!(modified("[output]\nmtime = 'server'\n"), day(10_000));
    assert!(modified("[output]\nmtime = false\n") > day(20_000));
}

#[test]
fn a_future_post_date_is_ignored() {
    let day = |days: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(days * 86_400);
    let site = Site::start();
    let feed = format!(
        "<?xml version='1.0'?><rss version=\"2.0\"><channel><title>Posts</title><item><title>1</title>\
         <pubDate>Sat, 01 Jan 2242 00:00:00 GMT</pubDate><enclosure url=\"{}\" type=\"image/jpeg\"/></item>\
         </channel></rss>",
        site.url("/x.jpg"),
    );
    let feed = Reply::text(&feed).content_type("application/rss+xml");
    site.on("/feed", feed);
    let file = Reply::file(small(Format::Jpeg, 1));
    site.on("/x.jpg", file.last_modified(day(10_000)));
    let fetch = Fetch::new()
        .args(["-o", "{kind}.{ext}"])
        .arg(site.url("/feed"));
    fetch.run().success();
    let file = std::fs::metadata(fetch.out().join("image.jpg")).unwrap();
    assert_eq!(file.modified().unwrap(), day(10_000));
}

#[test]
fn the_summary_counts_items_left_out() {
    let (_imgur, fetch) = album();
    let table = [
        (&["--kind", "audio"][..], "nothing chosen of 3 found"),
        (&["-I", "9-"], "nothing chosen of 3 found"),
        (
            &["-I", "2-", "--kind", "video"],
            "1 found: 1 would be fetched; 2 left out",
        ),
    ];
    for (flags, expected) in table {
        let fetch = fetch.clone().args(["-s"]).args(flags).args(["q6i58"]);
        fetch.run().success().says(expected);
    }
    let json = fetch
        .args(["-j", "--kind", "audio", "q6i58"])
        .run()
        .success();
    assert!(json.stdout.contains(r#""left_out":3"#), "{}", json.stdout);
}

#[test]
fn a_simulation_numbers_colliding_names() {
    let site = Site::start();
    let links = ["/a/x.png", "/b/X.png", "/c/x.png", "/a/y.png"].map(|path| {
        site.on(path, Reply::file(small(Format::Png, path.len() as u64)))
            .optional();
        site.url(path)
    });
    let fetch = Fetch::new().arg("--no-archive");
    let told = fetch
        .clone()
        .args(["-s", "-j"])
        .args(&links)
        .run()
        .success();
    let paths = |event: &str| {
        let lines = told.stdout.lines();
        let lines = lines.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let lines = lines.filter(|line| line["event"] == event);
        lines
            .map(|line| line["path"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let expected = ["x.png", "X (2).png", "x (3).png", "y.png"];
    assert_eq!(paths("found"), expected);
    fetch
        .clone()
        .arg("-s")
        .args(&links)
        .run()
        .success()
        .says("would fetch `X (2).png`");
    fetch.clone().args(&links).run().success();
    let mut expected = expected;
    expected.sort_unstable();
    assert_eq!(fetch.files().into_keys().collect::<Vec<_>>(), expected);
}

#[test]
fn a_filter_field_that_no_item_has_is_reported() {
    let site = Site::start();
    site.on(
        "/page",
        Reply::html("<!DOCTYPE html><title>Cats</title><img src=a.jpg><img src=b.png>"),
    );
    for path in ["/a.jpg", "/b.png"] {
        let picture = Reply::file(small(Format::Jpeg, 1));
        site.on(path, picture).optional();
    }
    let call = Fetch::new().args(["-s", "-S", "source.page.all=true"]);
    let filtered = |filter: &str| {
        let call = call.clone().args(["--filter", filter]);
        call.arg(site.url("/page")).run().success()
    };
    let done = filtered("size >= bytes('1k') and ext == 'jpg'");
    done.says("nothing chosen of 2 found")
        .says("hint: the filter uses `size`, which none of the items has\n");
    // What one of them has may rightly keep the others out.
    for filter in ["ext == 'gif'", "size is none and ext == 'jpg'"] {
        let done = filtered(filter);
        assert!(!done.stderr.contains("hint"), "{}", done.stderr);
    }
}
