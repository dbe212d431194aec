//! The real programs, on sites that only they know. They are looked for in the folder that `FETCH_TEST_PEERS` names.

use serde_json::json;

use super::fake::Fake;
use crate::peers::peer;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

#[test]
fn the_real_gallery_dl_lists_an_album() {
    let Some(program) = peer("gallery-dl") else {
        return;
    };
    let site = Site::start();
    let page = "<!doctype html><title>a thread</title><p>by a script</p>";
    site.on("/b/res/7.html", Reply::html(page));
    let mut posts = Vec::new();
    for n in 0..5 {
        let name = format!("17000000{n:02}");
        posts.push(json!({
            "no": n, "sub": "Cats", "com": "x", "time": 1_700_000_000 + n, "filename": format!("cat{n}"), "ext": ".png",
            "tim": name, "w": 2, "h": 2,
        }));
        let bytes = small(Format::Png, n + 1);
        site.on(&format!("/b/src/{name}.png"), Reply::file(bytes));
    }
    let list = json!({"posts": posts});
    site.on("/b/res/7.json", Reply::json(list.to_string()));
    let fake = Fake::new();
    let port = site.port();
    let known = json!({"root": site.url(""), "pattern": format!("127\\.0\\.0\\.1:{port}")});
    let config = json!({"extractor": {"vichan": {"local": known}}});
    std::fs::write(fake.file("mine.json"), config.to_string()).unwrap();
    let call = fake
        .fetch()
        .env("FETCH_EXTRACTOR__GALLERYDL__PATH", program)
        .env("FETCH_EXTRACTOR__GALLERYDL__CONFIG", fake.file("mine.json"));
    let link = site.url("/b/res/7.html");
    let which = call.clone().args(["sources", "which"]).arg(&link).run();
    let told = which.success().stdout;
    assert!(
        told.contains("`gallery-dl` knows it as `local / thread / vichan`"),
        "{told}"
    );
    let done = call.clone().arg(&link).run().success();
    assert!(done.stderr.contains("5 found: 5 new"), "{}", done.stderr);
    let files = call.files();
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(names[0], "gallerydl/7 Cats local b/001 cat0.png");
    for (n, bytes) in (0..).zip(files.values()) {
        assert!(*bytes == small(Format::Png, n + 1));
    }
    let requests = site.requests();
    let file = requests
        .iter()
        .find(|seen| seen.path().ends_with(".png"))
        .unwrap();
    assert!(file.header("user-agent").unwrap().starts_with("Mozilla/"));
    assert_eq!(file.header("referer"), Some(site.url("/").as_str()));
    site.forget();
    let done = call.arg(&link).run().success();
    assert!(
        done.stderr.contains("5 found: 0 new, 5 had"),
        "{}",
        done.stderr
    );
    assert_eq!(site.requests().len(), 2, "the page, and the list");
}

/// An extractor for the fake site, as somebody would write one: films, and lists of them.
const CATS: &str = "
from yt_dlp.extractor.common import InfoExtractor

class CatsIE(InfoExtractor):
    _VALID_URL = r'http://127\\.0\\.0\\.1:\\d+/watch/(?P<id>\\w+)'

    def _real_extract(self, url):
        id = self._match_id(url)
        about = self._download_json(url + '.json', id)
        return {'id': id, **about}

class CatsListIE(InfoExtractor):
    _VALID_URL = r'http://127\\.0\\.0\\.1:\\d+/list/(?P<id>\\w+)'

    def _real_extract(self, url):
        id = self._match_id(url)
        films = self._download_json(url + '.json', id)
        entries = [self.url_result(film, CatsIE, film.rsplit('/')[-1], title) for film, title in films]
        return self.playlist_result(entries, id, 'All films')
";

#[test]
fn the_real_yt_dlp_resolves_videos() {
    let Some(program) = peer("yt-dlp") else {
        return;
    };
    let site = Site::start();
    let fake = Fake::new();
    let folder = fake.file("home/config/yt-dlp/plugins/cats/yt_dlp_plugins/extractor");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("cats.py"), CATS).unwrap();
    let page = "<!doctype html><title>a film</title><p>by a script</p>";
    site.on("/list/1", Reply::html(page));
    site.on("/watch/b", Reply::html(page)).optional();
    for (id, seed) in [("b", 1), ("a", 2)] {
        let format = |height: u32| {
            json!({
                "url": site.url(&format!("/{id}-{height}.mp4")), "format_id": height.to_string(), "height": height, "width": height * 2,
                "vcodec": "avc1", "acodec": "mp4a",
            })
        };
        let about = json!({"title": format!("Film {id}"), "formats": [format(360), format(720)]});
        site.on(&format!("/watch/{id}.json"), Reply::json(about.to_string()));
        site.on(
            &format!("/{id}-720.mp4"),
            Reply::file(small(Format::Mp4, seed)),
        );
    }
    // The second one is not told by name.
    let films = json!([
        [site.url("/watch/b"), "Film b"],
        [site.url("/watch/a"), null]
    ]);
    site.on("/list/1.json", Reply::json(films.to_string()));
    fake.knows_not("gallery-dl");
    let call = fake.fetch().env("FETCH_EXTRACTOR__YTDLP__PATH", program);
    let link = site.url("/list/1");
    // Of what is added to it, it tells nothing before it is asked.
    let film = "https://www.youtube.com/watch?v=aaaaaaaaaaa";
    let which = call.clone().args(["sources", "which", film]).run();
    let told = which.success().stdout;
    assert!(told.contains("`yt-dlp` knows it as `youtube`"), "{told}");
    let done = call.clone().arg(&link).run().success();
    assert!(done.stderr.contains("2 found: 2 new"), "{}", done.stderr);
    let files = call.files();
    let expected = [
        "ytdlp/All films 1/001 Film b.mp4",
        "ytdlp/All films 1/002 Film a.mp4",
    ];
    assert_eq!(files.keys().collect::<Vec<_>>(), expected);
    assert!(
        files[expected[0]] == small(Format::Mp4, 1) && files[expected[1]] == small(Format::Mp4, 2)
    );
    site.forget();
    let done = call.clone().arg(&link).run().success();
    assert!(
        done.stderr.contains("2 found: 0 new, 2 had"),
        "{}",
        done.stderr
    );
    let asked = site.requests().len();
    assert_eq!(asked, 3, "the page, the list, and the film without a name");
    // The film itself is the same item.
    let done = call.arg(site.url("/watch/b")).run().success();
    assert!(
        done.stderr.contains("1 found: 0 new, 1 had"),
        "{}",
        done.stderr
    );
}
