//! What documents of a hostile site name: nothing at home, nothing that is not of the web, and no file outside of the folder.

use std::path::Path;

use super::quick;
use crate::streams::segment;
use crate::support::command::{Done, Fetch};
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

const RSS: &str = "<?xml version='1.0'?><rss version='2.0'><channel><title>Cats</title>";
const ATOM: &str =
    "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>Cats</title>";
const MPD: &str = "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'";
const TRACK: &str = "<AdaptationSet mimeType='video/mp4'><Representation id='v' bandwidth='1'>\
    <SegmentList duration='4'><SegmentURL media='1.m4s'/></SegmentList></Representation></AdaptationSet>";
const CLOCKED: &str = "<AdaptationSet mimeType='video/mp4'><Representation id='v' bandwidth='1'>\
    <SegmentTemplate duration='4' media='$Number$.m4s'/></Representation></AdaptationSet>";

/// Documents that name what stands for `HERE`, each in another place.
fn documents() -> Vec<String> {
    let page = |rest: &str| format!("<!doctype html><title>Cats</title>{rest}");
    let film = |attributes: &str, rest: &str| format!("{MPD} {attributes}>{rest}</MPD>");
    let list = |lines: &str| format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n{lines}");
    vec![
        page("<img src='HERE/a.jpg' width=900 height=900><a href='HERE/b.jpg'>b</a>"),
        page("<video src='HERE/v.mp4'></video>"),
        page("<video src='HERE/list.m3u8'></video>"),
        page("<base href='HERE/'><img src='a.jpg'>"),
        page("<meta http-equiv=refresh content='0; url=HERE/page'>"),
        page("<iframe src='HERE/embed/7'></iframe>"),
        page("<iframe src='/frame'></iframe>"),
        page("<meta property=og:video content='HERE/player'>"),
        page("<link rel=alternate type='application/json+oembed' href='HERE/oembed'>"),
        page("<link rel=next href='HERE/2'><img src='HERE/1.jpg'>"),
        format!("{RSS}<item><guid>1</guid><enclosure url='HERE/a.mp3'/></item></channel></rss>"),
        format!(
            "{ATOM}<link rel='next' href='HERE/next'/><entry><id>1</id><link rel='enclosure' href='HERE/a.mp3'/></entry></feed>"
        ),
        "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"Cats\",\"next_url\":\"HERE/next\",\"items\":[\
         {\"id\":\"1\",\"attachments\":[{\"url\":\"HERE/a.mp3\",\"mime_type\":\"audio/mpeg\"}]}]}"
            .to_owned(),
        list("#EXTINF:4,\nHERE/1.ts\n#EXT-X-ENDLIST\n"),
        list(
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"a\",DEFAULT=YES,URI=\"HERE/sound.m3u8\"\n\
             #EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nHERE/main.m3u8\n",
        ),
        film("mediaPresentationDuration='PT4S'", &format!("<BaseURL>HERE/</BaseURL><Period>{TRACK}</Period>")),
        film(
            "type='dynamic' minimumUpdatePeriod='PT1S' availabilityStartTime='1970-01-01T00:00:00Z'",
            &format!(
                "<Location>HERE/next.mpd</Location><BaseURL>HERE/</BaseURL><UTCTiming \
                 schemeIdUri='urn:mpeg:dash:utc:http-iso:2014' value='HERE/time'/><Period start='PT0S'>{CLOCKED}</Period>"
            ),
        ),
    ]
}

/// What comes of a document of a public server that leads to this place, by itself or by a frame. A proxy plays the server.
fn run(document: &str, place: &str, private: &str) -> (Done, Fetch) {
    let document = document.replace("HERE", place);
    let frame = format!("<video src='{place}/v.mp4'></video>");
    let public = Site::start();
    public.on(
        "http://public.test/x",
        Reply::text(document).content_type("text/html"),
    );
    public
        .on("http://public.test/frame", Reply::html(frame))
        .optional();
    public
        .on("http://public.test/*", Reply::empty(404))
        .optional();
    let fetch = quick()
        .env("HTTP_PROXY", public.url(""))
        .env("NO_PROXY", "localhost,127.0.0.1")
        .args(["--live-for", "5s", "-R", "0"])
        .args(["-S", &format!("net.private={private}")])
        .arg("http://public.test/x");
    (fetch.run(), fetch)
}

#[test]
fn no_document_of_a_public_server_leads_to_private_addresses() {
    let home = Site::start();
    let bytes = small(Format::Jpeg, 1);
    home.on("/*", Reply::file(bytes)).optional();
    for document in documents() {
        let (done, fetch) = run(&document, &home.url(""), "typed");
        assert!(
            ![0, 1, 2].contains(&done.code),
            "{document}: {}",
            done.stderr
        );
        assert_eq!(fetch.tree(), "", "{document}");
        let asked: Vec<_> = home.requests();
        assert!(asked.is_empty(), "{document}: {}", asked[0].target);
    }
}

#[test]
fn documents_may_lead_to_private_addresses_if_allowed() {
    let documents = documents();
    let mut led = 0;
    for document in &documents {
        let home = Site::start();
        home.on("/*", Reply::empty(404)).optional();
        run(document, &home.url(""), "always");
        led += usize::from(!home.requests().is_empty());
    }
    // Frames and players of another host are for other programs.
    assert_eq!(led, documents.len() - 2);
}

#[test]
fn no_document_leads_to_local_files() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.jpg", "b.jpg", "v.mp4", "a.mp3", "1.ts", "1.jpg", "1.m4s"] {
        std::fs::write(folder.path().join(name), segment(1, 20)).unwrap();
    }
    for scheme in ["file://", "ftp://x.org", "data:", "unix:"] {
        let place = format!("{scheme}{}", folder.path().display());
        for document in documents() {
            let (done, fetch) = run(&document, &place, "typed");
            assert!(
                ![0, 1, 2].contains(&done.code),
                "{document}: {}",
                done.stderr
            );
            assert_eq!(fetch.tree(), "", "{document}");
        }
    }
}

/// The paths below a folder, but for one, whose names have this word.
fn named(folder: &Path, but: &Path, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path == but {
            continue;
        }
        if path.to_string_lossy().contains(word) {
            found.push(path.display().to_string());
        }
        if path.is_dir() && !path.is_symlink() {
            found.extend(named(&path, but, word));
        }
    }
    found
}

#[test]
fn no_document_can_name_a_file_outside_the_root() {
    let up = "../../../../..";
    let table = [
        ("/x", format!("<!doctype html><title>{up}/evil</title><img src='/..%2f..%2f..%2fevil.jpg'>")),
        ("/..%2f..%2fevil", "<!doctype html><title>..\\..\\..\\evil</title><img src='/..%5c..%5cevil.jpg'>".to_owned()),
        ("/x/", "<title>Index of /</title><a href='..%2f..%2fevil.jpg'>a</a><a href='%2e%2e%5cevil.jpg'>b</a>".to_owned()),
        (
            "/x",
            format!("<?xml version='1.0'?><ListBucketResult><Name>{up}</Name><Contents><Key>..\\..\\evil.jpg</Key></Contents></ListBucketResult>"),
        ),
        (
            "/x",
            format!("{RSS}<item><title>{up}/evil</title><guid>{up}/evil</guid><enclosure url='/a.jpg'/></item></channel></rss>")
                .replace("Cats", "../../evil"),
        ),
        (
            "/x",
            format!(
                "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"/tmp/evil\",\"items\":[\
                 {{\"id\":\"{up}/evil\",\"title\":\"..\\\\..\\\\evil\",\"image\":\"/a.jpg\"}}]}}"
            ),
        ),
        ("/..%2f..%2fevil.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n/1.ts\n#EXT-X-ENDLIST\n".to_owned()),
    ];
    for (path, document) in table {
        let site = Site::start();
        let kind = match document.starts_with("<?xml") {
            true => "application/xml",
            false => "text/html",
        };
        site.on(path, Reply::text(document.clone()).content_type(kind));
        site.on("/1.ts", Reply::file(segment(1, 20))).optional();
        site.on("/*", Reply::file(small(Format::Jpeg, 1)))
            .optional();
        let fetch = quick().arg(site.url(path));
        fetch.run().success();
        assert!(!fetch.files().is_empty(), "{document}");
        let outside = named(fetch.root(), &fetch.out(), "evil");
        assert!(outside.is_empty(), "{document}: {outside:?}");
        let above = fetch.root().parent().unwrap();
        assert!(!above.join("evil").exists() && !above.join("evil.jpg").exists());
        assert!(!Path::new("/tmp/evil").exists() && !Path::new("/evil").exists());
    }
}
