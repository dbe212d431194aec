//! Programs that know sites of their own, and what they say.

mod fake;
mod gallerydl;
mod players;
mod real;
mod tracks;
mod ytdlp;

use serde_json::json;

use self::fake::Fake;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site, until};

/// A line of gallery-dl for a file in a folder.
fn line(site: &Site, path: &str, folder: &str, more: serde_json::Value) -> serde_json::Value {
    let name = path.rsplit('/').next().unwrap();
    let (name, ext) = name.rsplit_once('.').unwrap();
    let mut line = json!({
        "_url": site.url(path), "_path": format!("./gallery-dl/{folder}/"), "category": "cats", "filename": name,
        "extension": ext, "id": name, "_archive": "_{id}", "_ua": "Robot/1", "_referer": site.url("/"), "_cookies": [],
    });
    let fields = line.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    line
}

/// An album page that says nothing by itself, and two pictures.
fn album(site: &Site) -> String {
    let page = "<!doctype html><title>an album</title><p>nothing to see</p>";
    site.on("/album/1", Reply::html(page)).optional();
    for (name, seed) in [("b", 1), ("a", 2)] {
        let bytes = small(Format::Jpeg, seed);
        site.on(&format!("/files/{name}.jpg"), Reply::file(bytes))
            .optional();
    }
    site.url("/album/1")
}

#[test]
fn a_gallery_dl_page_is_saved_in_order_and_skipped_next_time() {
    let site = Site::start();
    let link = album(&site);
    let fake = Fake::new();
    fake.gallerydl(&[
        line(&site, "/files/b.jpg", "cats/Tom & Co", json!({})),
        line(&site, "/files/a.jpg", "cats/Tom & Co", json!({})),
    ]);
    let done = fake.fetch().arg(&link).run().success();
    let expected = "gallerydl/Tom & Co cats/001 b.jpg 173\ngallerydl/Tom & Co cats/002 a.jpg 173\n";
    assert_eq!(fake.fetch().tree(), expected);
    assert!(done.stderr.contains("2 found: 2 new"), "{}", done.stderr);
    let asked: Vec<_> = site.requests();
    let file = asked
        .iter()
        .find(|seen| seen.path() == "/files/a.jpg")
        .unwrap();
    assert_eq!(file.header("user-agent"), Some("Robot/1"));
    assert_eq!(file.header("referer"), Some(site.url("/").as_str()));
    site.forget();
    let done = fake.fetch().arg(&link).run().success();
    assert!(
        done.stderr.contains("2 found: 0 new, 2 had"),
        "{}",
        done.stderr
    );
    assert_eq!(site.requests().len(), 1, "the page alone");
}

#[test]
fn the_first_extractor_that_supports_a_page_is_used() {
    let site = Site::start();
    let link = album(&site);
    let fake = Fake::new();
    fake.knows_not("gallery-dl");
    let words =
        format!("echo cats; echo 'cats:list'; echo '  {link}'; echo generic; echo '  {link}'");
    fake.program("yt-dlp", &words);
    let which = |order: &str| {
        let call = fake.fetch().env("FETCH_EXTRACTOR__ORDER", order);
        call.args(["sources", "which"])
            .arg(&link)
            .run()
            .success()
            .stdout
    };
    let told = "    `gallery-dl` does not know it\n    `yt-dlp` knows it as `cats:list`\n    \
        the first of these that knows it is used, or else `page` reads it\n";
    let last = which("last");
    assert!(
        last.contains(&format!("  a page: read by `extractor`\n{told}  a feed")),
        "{last}"
    );
    let first = which("first");
    assert!(
        first.starts_with("source `extractor`, route `any`") && first.ends_with(told),
        "{first}"
    );
    assert!(which("off").contains("a page: read by `page`\n  a feed"));
    assert_eq!(site.requests().len(), 0);
}

#[test]
fn extractors_are_probed_through_the_users_proxy() {
    let site = Site::start();
    let link = album(&site);
    let fake = Fake::new();
    fake.program("yt-dlp", "true");
    let proxy = "http://127.0.0.1:9";
    let call = fake.fetch().env("FETCH_NET__PROXY", proxy);
    call.args(["sources", "which"]).arg(&link).run().success();
    let environment = fake.noted("yt-dlp.env");
    assert!(
        environment.contains(&format!("https_proxy={proxy}\n")),
        "{environment}"
    );
}

#[test]
fn extractors_set_to_first_are_asked_before_the_page_reader() {
    let site = Site::start();
    let link = album(&site);
    let fake = Fake::new();
    fake.gallerydl(&[line(&site, "/files/b.jpg", "cats/One", json!({}))]);
    let call = fake.fetch().env("FETCH_EXTRACTOR__ORDER", "first");
    call.clone().arg(&link).run().success();
    assert_eq!(site.count("/album/1"), 0);
    fake.knows_not("gallery-dl");
    fake.bare("yt-dlp", "exit 77");
    let done = call.clone().arg(site.url("/files/a.jpg")).run().success();
    assert!(done.stderr.contains("1 found: 1 new"), "{}", done.stderr);
    // And what no program knows goes its way as ever, without being asked about again.
    fake.program("gallery-dl", "echo >> \"$ROOT/count\"; exit 64");
    std::fs::remove_file(fake.file("bin/yt-dlp")).unwrap();
    let page = format!(
        "<!doctype html><img src='{}' width=800 height=600>",
        site.url("/files/a.jpg")
    );
    site.on("/news", Reply::html(page));
    call.arg(site.url("/news")).run().success();
    assert_eq!(fake.noted("count").lines().count(), 1);
    assert_eq!(site.count("/news"), 1);
}

#[test]
fn extractors_are_asked_about_few_pages_of_an_unknown_host() {
    let site = Site::start();
    album(&site);
    let fake = Fake::new();
    fake.program("gallery-dl", "echo >> \"$ROOT/count\"; exit 64");
    let links: Vec<_> = (0..9).map(|n| format!("/page/{n}")).collect();
    for link in &links {
        let page = format!(
            "<!doctype html><img src='{}' width=800 height=600>",
            site.url("/files/a.jpg")
        );
        site.on(link, Reply::html(page));
    }
    let call = fake.fetch().args(links.iter().map(|link| site.url(link)));
    call.run().success();
    let count = fake.noted("count").lines().count();
    // Several are on their way when it is found out.
    assert!((4..9).contains(&count), "{count}");
}

#[test]
fn a_page_without_media_names_the_extractors_asked() {
    let site = Site::start();
    site.on("/news", Reply::html("<!doctype html><title>News</title>"));
    let fake = Fake::new();
    fake.knows_not("gallery-dl");
    fake.knows_not("yt-dlp");
    let done = fake.fetch().arg(site.url("/news")).run().fails(5);
    let expected = "no relevant media in its markup\n  hint: content added by scripts is not visible; `--all` includes icons, documents and the like, too; no program that is installed finds anything there";
    assert!(done.stderr.contains(expected), "{}", done.stderr);
}

#[test]
fn a_broken_extractor_does_not_affect_the_page_reader() {
    let broken = [
        "echo 'ModuleNotFoundError: x' >&2; exit 1",
        "exit 2",
        "exit 127",
        "echo 'not json'",
        "sleep 300",
        "yes x | tr -d '\\n' | head -c 70000000",
    ];
    for words in broken {
        let site = Site::start();
        let picture = site.url("/files/a.jpg");
        let page = format!("<!doctype html><img src='{picture}' width=800 height=600>");
        site.on("/news", Reply::html(page));
        site.on("/files/a.jpg", Reply::file(small(Format::Jpeg, 1)));
        let fake = Fake::new();
        fake.program("gallery-dl", words);
        fake.program("yt-dlp", words);
        let call = fake.fetch().env("FETCH_EXTRACTOR__TIMEOUT", "2s");
        let done = call.arg("-v").arg(site.url("/news")).run().success();
        let told = &done.stderr;
        assert!(told.contains("1 found: 1 new"), "{words}: {told}");
        let is_told = ["cannot list the page", "does not work, and is no longer"]
            .iter()
            .any(|words| told.contains(&format!("`yt-dlp` {words}")));
        assert!(is_told, "{told}");
    }
}

#[test]
fn an_extractor_that_cannot_start_is_reported_once() {
    let site = Site::start();
    site.on("/files/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fake = Fake::new();
    let words =
        "echo >> \"$ROOT/count\"; echo \"ModuleNotFoundError: No module named 'x'\" >&2; exit 1";
    fake.program("gallery-dl", words);
    let links = ["/1", "/2", "/3"].map(|path| {
        let page = "<!doctype html><img src=/files/a.jpg width=800 height=600>";
        site.on(path, Reply::html(page)).once();
        site.url(path)
    });
    let done = fake.fetch().args(links).run().success();
    let warning = "warning: `gallery-dl` does not work, and is no longer used: `gallery-dl` failed: \
        ModuleNotFoundError: No module named 'x'\n";
    assert_eq!(done.stderr.matches(warning).count(), 1, "{}", done.stderr);
}

#[test]
fn a_refused_page_is_passed_to_the_extractors() {
    let site = Site::start();
    album(&site);
    for (path, status) in [("/closed/1", 403), ("/members/1", 401)] {
        let page = Reply::html("<!doctype html>go away").status(status);
        site.on(path, page).once();
        let fake = Fake::new();
        fake.gallerydl(&[line(&site, "/files/b.jpg", "cats/One", json!({}))]);
        let done = fake.fetch().arg(site.url(path)).run().success();
        assert!(done.stderr.contains("1 found: 1 new"), "{}", done.stderr);
    }
    // Also where it has to be known beforehand what comes.
    site.on("/closed/2", Reply::empty(403)).once();
    let fake = Fake::new();
    fake.gallerydl(&[line(&site, "/files/b.jpg", "cats/One", json!({}))]);
    let call = fake.fetch().args(["-I", "1"]).arg(site.url("/closed/2"));
    call.run().success();
}

#[test]
fn a_refusal_that_no_extractor_resolves_is_reported() {
    let table = [
        ("/closed", 403, 7, true),
        ("/members", 401, 6, true),
        ("/gone", 404, 4, false),
        ("/broken.jpg", 403, 7, false),
    ];
    for (path, status, code, is_asked) in table {
        let site = Site::start();
        site.on(path, Reply::html("no").status(status)).once();
        let fake = Fake::new();
        fake.knows_not("gallery-dl");
        fake.knows_not("yt-dlp");
        let done = fake.fetch().arg(site.url(path)).run().fails(code);
        let told = done.stderr.contains(&format!("{status} "));
        assert!(told && done.stderr.contains("failed"), "{}", done.stderr);
        let asked = !fake.noted("yt-dlp.args").is_empty();
        assert_eq!(asked, is_asked, "{path}");
    }
    // Without programs, it is the failure of a file.
    let site = Site::start();
    site.on("/closed", Reply::empty(403)).once();
    let off = Fake::new().fetch().env("FETCH_EXTRACTOR__ORDER", "off");
    off.arg(site.url("/closed")).run().fails(7);
}

#[test]
fn extractors_run_in_parallel_and_the_first_in_order_wins() {
    let site = Site::start();
    let link = album(&site);
    let fake = Fake::new();
    // Each says what it has to say once the other has begun.
    let wait = |other: &str| format!("until [ -e \"$ROOT/{other}.args\" ]; do sleep 0.01; done");
    let said = line(&site, "/files/b.jpg", "cats/One", json!({}));
    fake.files("line", &said);
    let words = format!("{}\ncat \"$ROOT/line.json\"; echo", wait("yt-dlp"));
    fake.program("gallery-dl", &words);
    let words = format!("{}\nexec sleep 300", wait("gallery-dl"));
    fake.program("yt-dlp", &words);
    let done = fake.fetch().arg(&link).run().success();
    assert!(done.stderr.contains("1 found: 1 new"), "{}", done.stderr);
}

#[test]
fn a_host_known_to_the_first_extractor_is_asked_of_it_alone() {
    let site = Site::start();
    album(&site);
    let fake = Fake::new();
    fake.files("line", &line(&site, "/files/b.jpg", "cats/One", json!({})));
    // It gives the other one time to begin.
    let words = "n=0; until [ -e \"$ROOT/other\" ] || [ $n -gt 50 ]; do n=$((n+1)); sleep 0.01; done\n\
        rm -f \"$ROOT/other\"; cat \"$ROOT/line.json\"; echo";
    fake.program("gallery-dl", words);
    let words = "echo >> \"$ROOT/count\"; touch \"$ROOT/other\"; exec sleep 300";
    fake.program("yt-dlp", words);
    let page = Reply::html("<!doctype html><title>x</title>");
    site.on("/album/2", page.clone()).once();
    // The second page comes once the file of the first is there.
    let saved = fake.fetch().out().join("gallerydl");
    let late = move |_: &crate::support::Request| {
        until(|| saved.exists());
        page.clone()
    };
    site.on("/album/3", Reply::with(late)).once();
    let links = ["/album/2", "/album/3"].map(|path| site.url(path));
    fake.fetch().args(links).run().success();
    assert_eq!(fake.noted("count").lines().count(), 1);
}
