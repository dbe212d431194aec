//! Players on pages, which yt-dlp knows.

use serde_json::{Value, json};

use super::fake::Fake;
use crate::support::media::{Format, small};
use crate::support::{Reply, Site};

/// What yt-dlp says of the film of a player.
fn film(site: &Site, id: &str) -> Value {
    site.on(&format!("/{id}.mp4"), Reply::file(small(Format::Mp4, 1)));
    json!({
        "id": id, "title": format!("Film {id}"), "extractor_key": "Cats", "webpage_url": site.url(&format!("/watch/{id}")),
        "formats": [{"url": site.url(&format!("/{id}.mp4")), "protocol": "http", "ext": "mp4", "vcodec": "avc1", "acodec": "mp4a"}],
    })
}

/// A yt-dlp that knows no page, and of players those whose address has one of these words.
fn knows(fake: &Fake, films: &[(&str, Value)]) {
    fake.knows_not("gallery-dl");
    let mut words = String::from(
        "cat links.txt >> \"$ROOT/yt-dlp.links\"\n\
        case \"$*\" in *-generic*) echo 'No suitable extractor' >&2; exit 1;; esac\n\
        for link in $(cat links.txt); do echo \"$link\" >> \"$ROOT/asked\"; case \"$link\" in\n",
    );
    for (word, film) in films {
        fake.files(word, film);
        words.push_str(&format!("*{word}*) cat \"$ROOT/{word}.json\"; echo;;\n"));
    }
    words.push_str("*) echo 'ERROR: Unsupported URL: x' >&2; exit 1;; esac; done");
    fake.program("yt-dlp", &words);
}

#[test]
fn an_embedded_players_video_is_saved_with_the_pages_pictures() {
    let site = Site::start();
    let page = "<!doctype html><title>News</title><img src=/a.jpg width=800 height=600>\
        <iframe src='https://127.0.0.1/videos/embed/one'></iframe>\
        <iframe src='https://maps.example/embed/1' allowfullscreen></iframe>";
    site.on("/news", Reply::html(page));
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fake = Fake::new();
    knows(&fake, &[("one", film(&site, "one"))]);
    let done = fake.fetch().arg(site.url("/news")).run().success();
    assert!(done.stderr.contains("2 found: 2 new"), "{}", done.stderr);
    let files: Vec<_> = fake.fetch().files().into_keys().collect();
    assert_eq!(files.len(), 2);
    assert_eq!(files[0], "Film one.mp4");
    assert_eq!(
        fake.noted("asked").lines().collect::<Vec<_>>(),
        ["https://127.0.0.1/videos/embed/one"]
    );
    // Without programs, the page alone.
    let off = fake.fetch().env("FETCH_EXTRACTOR__ORDER", "off");
    let done = off.arg(site.url("/news")).run().success();
    assert!(done.stderr.contains("1 found: 0 new"), "{}", done.stderr);
}

#[test]
fn declared_players_of_any_host_are_asked_about() {
    let table = [
        "<meta property='og:video' content='https://127.0.0.1/play/one'><meta property='og:video:type' content='text/html'>",
        "<meta name='twitter:player' content='https://127.0.0.1/play/one'>",
        "<script type='application/ld+json'>{\"@type\": \"VideoObject\", \"embedUrl\": \"https://127.0.0.1/play/one\"}</script>",
    ];
    for said in table {
        let site = Site::start();
        site.on("/film", Reply::html(format!("<!doctype html>{said}")));
        let fake = Fake::new();
        knows(&fake, &[("one", film(&site, "one"))]);
        let done = fake.fetch().arg(site.url("/film")).run().success();
        let found = done.stderr.contains("1 found: 1 new");
        assert!(found, "{said}: {}", done.stderr);
    }
}

#[test]
fn players_of_other_hosts_need_a_supported_site() {
    let site = Site::start();
    let page = "<!doctype html><img src=/a.jpg width=800 height=600><meta name='twitter:player' content='http://localhost/one'>";
    site.on("/news", Reply::html(page));
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fake = Fake::new();
    knows(&fake, &[]);
    let done = fake.fetch().arg(site.url("/news")).run().success();
    assert!(done.stderr.contains("1 found: 1 new"), "{}", done.stderr);
    // It was asked, but not to look for itself.
    assert_eq!(fake.noted("asked"), "");
    let told = fake.noted("yt-dlp.links");
    assert!(told.contains("http://localhost/one"), "{told}");
}

#[test]
fn an_unknown_player_does_not_affect_its_page() {
    let site = Site::start();
    let players = "<iframe src='https://127.0.0.1/videos/embed/other'></iframe>";
    let picture = "<img src=/a.jpg width=800 height=600>";
    site.on(
        "/news",
        Reply::html(format!("<!doctype html>{picture}{players}")),
    );
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    site.on("/empty", Reply::html(format!("<!doctype html>{players}")));
    let fake = Fake::new();
    knows(&fake, &[]);
    let done = fake.fetch().arg(site.url("/news")).run().success();
    assert!(done.stderr.contains("1 found: 1 new"), "{}", done.stderr);
    let done = fake.fetch().arg(site.url("/empty")).run().fails(5);
    let told = done.stderr.contains("no relevant media");
    assert!(told, "{}", done.stderr);
}

#[test]
fn a_failed_player_is_reported_with_its_reason() {
    let site = Site::start();
    let page = "<!doctype html><img src=/a.jpg width=800 height=600><iframe src='https://127.0.0.1/videos/embed/one'></iframe>";
    site.on("/news", Reply::html(page));
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fake = Fake::new();
    fake.knows_not("gallery-dl");
    let words = "case \"$*\" in *-generic*) echo 'No suitable extractor' >&2; exit 1;; esac\n\
        echo 'ERROR: Sign in to confirm your age' >&2; exit 1";
    fake.program("yt-dlp", words);
    let done = fake.fetch().arg(site.url("/news")).run().fails(3);
    assert!(
        done.stderr.contains("Sign in to confirm"),
        "{}",
        done.stderr
    );
    assert_eq!(fake.fetch().files().len(), 1);
}

#[test]
fn several_players_share_one_process_up_to_a_limit() {
    let site = Site::start();
    let frames: String = (0..40)
        .map(|n| format!("<iframe src='https://127.0.0.1/videos/embed/one{n}'></iframe>"))
        .collect();
    let page = format!("<!doctype html><img src=/a.jpg width=800 height=600>{frames}");
    site.on("/news", Reply::html(page));
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fake = Fake::new();
    knows(&fake, &[("one", film(&site, "one"))]);
    fake.fetch().arg(site.url("/news")).run().fails(3);
    assert_eq!(fake.noted("asked").lines().count(), 20);
}

#[test]
fn the_number_of_parallel_player_processes_is_limited() {
    let site = Site::start();
    let frames: String = (0..9)
        .map(|n| format!("<iframe src='https://127.0.0.1/videos/embed/two{n}'></iframe>"))
        .collect();
    let page = format!("<!doctype html><img src=/a.jpg width=800 height=600>{frames}");
    site.on("/news", Reply::html(page));
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    let fake = Fake::new();
    fake.knows_not("gallery-dl");
    fake.program(
        "yt-dlp",
        "mkdir \"$ROOT/busy\" || echo x >> \"$ROOT/clashes\"\n\
        echo x >> \"$ROOT/starts\"; sleep 0.1; rmdir \"$ROOT/busy\"\n\
        echo 'ERROR: Unsupported URL: x' >&2; exit 1",
    );
    let call = fake.fetch().env("FETCH_EXTRACTOR__PROCESSES", "1");
    call.arg(site.url("/news")).run();
    assert!(fake.noted("starts").lines().count() > 1);
    assert_eq!(fake.noted("clashes"), "");
}

#[test]
fn a_public_page_cannot_embed_a_private_player() {
    let public = Site::start();
    let page = "<!doctype html><img src=/a.jpg width=800 height=600><iframe src='http://127.0.0.1/videos/embed/one'></iframe>";
    public.on("http://public.test/news", Reply::html(page));
    let picture = Reply::file(small(Format::Jpeg, 1));
    public.on("http://public.test/a.jpg", picture);
    let fake = Fake::new();
    knows(&fake, &[]);
    let call = fake.fetch().env("HTTP_PROXY", public.url(""));
    let call = call.env("NO_PROXY", "127.0.0.1").arg("-v");
    let done = call.arg("http://public.test/news").run().success();
    let told = "the player `http://127.0.0.1/videos/embed/one` is left out";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    assert_eq!(fake.noted("asked"), "");
}

#[test]
fn players_without_an_extractor_are_reported() {
    let site = Site::start();
    let players = "<iframe src='https://www.youtube.com/embed/aaaaaaaaaaa'></iframe><iframe src='https://player.vimeo.com/video/7'></iframe>\
        <iframe src='https://maps.example/embed/1'></iframe>";
    let picture = "<img src=/a.jpg width=800 height=600>";
    let page = |words: &str| Reply::html(format!("<!doctype html>{words}"));
    site.on("/news", page(&format!("{picture}{players}")));
    site.on("/film", page(players));
    site.on("/plain", page(picture));
    site.on("/a.jpg", Reply::file(small(Format::Jpeg, 1)));
    let told = "players of other sites are left out: 2 (`www.youtube.com`, `player.vimeo.com`)";
    let alone = Fake::new();
    let both = Fake::new();
    both.knows_not("gallery-dl");
    for fake in [&alone, &both] {
        let run = |path: &str| fake.only().arg(site.url(path)).run();
        let news = run("/news").success().stderr;
        assert!(news.contains(&format!("warning: {told}")), "{news}");
        let film = run("/film").fails(5);
        assert!(film.stderr.contains(told), "{}", film.stderr);
        let plain = run("/plain").success().stderr;
        assert!(!plain.contains("players"), "{plain}");
    }
    // Whoever has switched the programs off, or wants the page alone, knows.
    let off = alone.only().env("FETCH_EXTRACTOR__ORDER", "off");
    let off = off.arg(site.url("/news")).run().success().stderr;
    assert!(!off.contains("players"), "{off}");
    let page = format!("page:{}", site.url("/news"));
    let page = both.only().arg(page).run().success().stderr;
    assert!(!page.contains("players"), "{page}");
}
