//! Subtitles: which are fetched, and what becomes of their segments.

use super::{hasty, list, playlist, quick, segment, segments};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

const MASTER: &str = "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"English\",LANGUAGE=\"en\",URI=\"en.m3u8\"\n\
    #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"Deutsch\",LANGUAGE=\"de\",FORCED=YES,URI=\"de.m3u8\"\n\
    #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"other\",NAME=\"Dansk\",LANGUAGE=\"da\",URI=\"da.m3u8\"\n\
    #EXT-X-STREAM-INF:BANDWIDTH=4,RESOLUTION=64x36,SUBTITLES=\"s\"\nfilm.m3u8\n";

fn vtt(number: usize, word: &str) -> Reply {
    let (start, end) = (number * 4 + 1, number * 4 + 6);
    let text = format!("WEBVTT\n\n1\n00:{start:02}.000 --> 00:{end:02}.000\n{word} {number}\n");
    let before = match number {
        0 => String::new(),
        _ => format!(
            "\n1\n00:{:02}.000 --> 00:{:02}.000\n{word} {}\n",
            start - 4,
            end - 4,
            number - 1
        ),
    };
    Reply::text(text + &before).content_type("text/vtt")
}

/// A site with a film that has subtitles, in three segments each.
fn site() -> Site {
    site_but("")
}

/// The same, but for this path.
fn site_but(not: &str) -> Site {
    let site = Site::start();
    site.on("/cats/master.m3u8", playlist(MASTER));
    site.on("/cats/film.m3u8", playlist(&list(3))).optional();
    segments(&site, "/cats", 3, 30);
    for language in ["en", "de"] {
        let lines = list(3).replace(".ts", &format!(".{language}.vtt"));
        let parts = (0..3).map(|n| (format!("/cats/{n}.{language}.vtt"), vtt(n, language)));
        let list = (format!("/cats/{language}.m3u8"), playlist(&lines));
        for (path, reply) in parts.chain([list]).filter(|(path, _)| path != not) {
            site.on(&path, reply).optional();
        }
    }
    site
}

const ENGLISH: &str = "WEBVTT\n\n1\n00:00:01.000 --> 00:00:06.000\nen 0\n\n1\n00:00:05.000 --> 00:00:10.000\nen 1\n\n\
    1\n00:00:09.000 --> 00:00:14.000\nen 2\n";

#[test]
fn requested_subtitles_are_saved_beside_the_video() {
    let site = site();
    let user = Fetch::new();
    let fetch = hasty(&user)
        .args(["--subtitles", "all"])
        .arg(site.url("/cats/master.m3u8"));
    let done = fetch.run().success();
    let files = fetch.files();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["cats.de.forced.vtt", "cats.en.vtt", "cats.ts"],
        "{}",
        done.stderr
    );
    assert_eq!(String::from_utf8_lossy(&files["cats.en.vtt"]), ENGLISH);
    let said = "subtitles are in `cats.en.vtt`, `cats.de.forced.vtt`";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert_eq!(fetch.partials(), Vec::<String>::new());
    user.arg("verify").run().success();
    // What is there is not fetched again.
    site.forget();
    let again = fetch.run().success();
    assert!(again.stderr.contains("1 had"), "{}", again.stderr);
    assert_eq!(
        (site.count("/cats/0.ts"), site.count("/cats/0.en.vtt")),
        (0, 0)
    );
    assert_eq!(fetch.files(), files);
}

#[test]
fn subtitles_are_reported_but_not_saved_by_default() {
    let site = site();
    let fetch = quick().arg("-v").arg(site.url("/cats/master.m3u8"));
    let done = fetch.run().success();
    assert_eq!(fetch.files().len(), 1);
    assert!(
        done.stderr
            .contains("has subtitles `en`, `de.forced` (--subtitles)"),
        "{}",
        done.stderr
    );
    assert_eq!(site.count("/cats/en.m3u8"), 0);
}

#[test]
fn subtitles_of_a_saved_video_are_added() {
    let site = site();
    let user = Fetch::new();
    let fetch = hasty(&user).arg(site.url("/cats/master.m3u8"));
    fetch.run().success();
    site.forget();
    let fetch = fetch.args(["--subtitles", "fr,EN"]);
    let done = fetch.run().success();
    let english = fetch.files().remove("cats.en.vtt").unwrap();
    assert_eq!(String::from_utf8_lossy(&english), ENGLISH);
    assert_eq!(site.count("/cats/0.ts"), 0);
    assert!(done.stderr.contains("1 had"), "{}", done.stderr);
    let said = "it has no subtitles `fr`, but subtitles `en`, `de.forced`";
    assert!(done.stderr.contains(said), "{}", done.stderr);
}

#[test]
fn missing_subtitles_do_not_fail_the_video() {
    let site = site_but("/cats/1.en.vtt");
    site.on("/cats/1.en.vtt", Reply::text("gone").status(404))
        .once();
    site.on("/cats/1.en.vtt", vtt(1, "en"));
    let user = Fetch::new();
    let fetch = hasty(&user)
        .args(["--subtitles", "en"])
        .arg(site.url("/cats/master.m3u8"));
    let done = fetch.run().success();
    assert_eq!(fetch.files().len(), 1, "{}", done.stderr);
    let said = "cannot get its subtitles `en`: segment 2 of 3: ";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    // The next run asks for them again.
    site.forget();
    fetch.run().success();
    assert_eq!(
        String::from_utf8_lossy(&fetch.files()["cats.en.vtt"]),
        ENGLISH
    );
    assert_eq!(site.count("/cats/0.ts"), 0);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn subtitle_times_are_aligned_with_the_video() {
    let site = Site::start();
    let master = MASTER.replace("film.m3u8", "0.m3u8");
    site.on("/cats/master.m3u8", playlist(&master));
    site.on("/cats/0.m3u8", playlist(&list(1)));
    // A picture begins at ten seconds.
    let mut film = segment(1, 30);
    let start = [
        0x47, 0x40, 0x11, 0x10, 0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0x00, 0x37, 0x77, 0x41,
    ];
    film[..start.len()].copy_from_slice(&start);
    site.on("/cats/0.ts", Reply::file(film));
    site.on("/cats/en.m3u8", playlist(&list(1).replace(".ts", ".vtt")));
    let text = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:01:00.000,MPEGTS:990000\n\n01:01.000 --> 01:02.500\nhello\n";
    site.on("/cats/0.vtt", Reply::text(text));
    let fetch = quick()
        .args(["--subtitles", "en"])
        .arg(site.url("/cats/master.m3u8"));
    fetch.run().success();
    let english = fetch.files().remove("cats.en.vtt").unwrap();
    // At eleven seconds of the clock, the text's minute begins; the film began a second earlier.
    let expected = "WEBVTT\n\n00:00:02.000 --> 00:00:03.500\nhello\n";
    assert_eq!(String::from_utf8_lossy(&english), expected);
}

#[test]
fn dash_subtitles_may_be_files_or_segments() {
    let site = Site::start();
    let text = |mime: &str, attributes: &str, inner: &str| {
        format!("<AdaptationSet mimeType='{mime}' {attributes}>{inner}</AdaptationSet>")
    };
    let file = |name: &str| {
        format!("<Representation id='t' bandwidth='1'><BaseURL>{name}</BaseURL></Representation>")
    };
    let sets = [
        text("text/vtt", "lang='en'", &file("en.vtt")),
        text(
            "text/vtt",
            "lang='de'",
            "<Role schemeIdUri='urn:mpeg:dash:role:2011' value='caption'/>\
            <Representation id='t' bandwidth='1'><SegmentTemplate media='de-$Number$.vtt' duration='4'/></Representation>",
        ),
        text("application/ttml+xml", "lang='fr'", &file("fr.xml")),
        text(
            "application/mp4",
            "lang='it' codecs='wvtt' contentType='text'",
            &file("it.mp4"),
        ),
    ];
    let manifest = format!(
        "<MPD type='static' mediaPresentationDuration='PT8S'><Period><AdaptationSet mimeType='video/mp2t'>\
         <Representation id='v' bandwidth='9'><SegmentTemplate media='$Number$.ts' startNumber='0' duration='4'/></Representation>\
         </AdaptationSet>{}</Period></MPD>",
        sets.concat()
    );
    site.on("/cats.mpd", Reply::text(manifest));
    segments(&site, "", 2, 30);
    let english = "WEBVTT - as it is\n\nNOTE kept\n\n00:01.000 --> 00:02.000\nhello\n";
    site.on("/en.vtt", Reply::text(english));
    site.on("/de-1.vtt", vtt(0, "de"));
    site.on("/de-2.vtt", Reply::file(Vec::new()));
    let french = "<?xml version='1.0'?><tt xmlns='http://www.w3.org/ns/ttml'><body/></tt>";
    site.on("/fr.xml", Reply::text(french));
    let fetch = quick()
        .args(["--subtitles", "all"])
        .arg(site.url("/cats.mpd"));
    let done = fetch.run().success();
    let files = fetch.files();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["cats.de.sdh.vtt", "cats.en.vtt", "cats.fr.ttml", "cats.ts"],
        "{}",
        done.stderr
    );
    assert_eq!(files["cats.en.vtt"], english.as_bytes());
    assert_eq!(files["cats.fr.ttml"], french.as_bytes());
    let german = "WEBVTT\n\n1\n00:00:01.000 --> 00:00:06.000\nde 0\n";
    assert_eq!(String::from_utf8_lossy(&files["cats.de.sdh.vtt"]), german);
    let said =
        "cannot get its subtitles `it`: they are WebVTT in MP4 (`wvtt`), which is not supported";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[test]
fn other_content_in_place_of_subtitles_is_not_saved() {
    let table = [
        "<!doctype html><title>no</title>",
        "just words",
        "WEBVTT\n\nx",
    ];
    for text in table {
        let site = site_but("/cats/en.m3u8");
        site.on("/cats/x.vtt", Reply::text(text));
        let lines = "#EXTINF:4,\nx.vtt\n#EXT-X-ENDLIST\n";
        site.on("/cats/en.m3u8", playlist(lines));
        let fetch = quick()
            .args(["--subtitles", "en"])
            .arg(site.url("/cats/master.m3u8"));
        let done = fetch.run().success();
        assert_eq!(fetch.files().len(), 1, "{text}: {}", done.stderr);
        assert!(
            done.stderr.contains("cannot get its subtitles `en`: "),
            "{}",
            done.stderr
        );
        assert_eq!(fetch.partials(), Vec::<String>::new());
    }
}

#[test]
fn invalid_subtitle_languages_are_refused() {
    let done = quick()
        .args(["--subtitles", "en_US", "http://127.0.0.1:9/x.m3u8"])
        .run()
        .fails(2);
    assert!(
        done.stderr.contains("unknown choice of subtitles: `en_US`"),
        "{}",
        done.stderr
    );
}
