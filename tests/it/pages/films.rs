//! Films that pages name without showing them: in their heads, in frames, in data for scripts.

use super::kinds::{files, film};
use super::picture;
use crate::support::{Reply, Site};

#[test]
fn an_iframe_of_a_video_file_is_the_pages_video() {
    let site = Site::start();
    let page = |path: &str| {
        let head = "<!doctype html><title>Talk</title><meta property=og:image content=/p.jpg>";
        Reply::html(format!("{head}<iframe src={path}></iframe>"))
    };
    site.on("/talks/1", page("/media/77")).once();
    film(&site, "/media/77");
    assert_eq!(files(site.url("/talks/1")), ["page/Talk 1/001 77.mp4"]);
    // What only says so and is refused is none.
    site.on("/talks/2", page("/media/78")).once();
    site.on("/media/78", Reply::empty(403).content_type("video/mp4"));
    picture(&site, "/p.jpg", 1);
    assert_eq!(files(site.url("/talks/2")), ["page/Talk 2/001 p.jpg"]);
}

#[test]
fn a_declared_video_on_the_same_host_is_probed() {
    let site = Site::start();
    let page = |path: &str| {
        let said = "<meta property=og:video:type content=video/mp4><meta property=og:image content=/p.jpg>";
        let head = format!("<!doctype html><title>Talk</title>{said}");
        Reply::html(format!("{head}<meta property=og:video content={path}>"))
    };
    site.on("/talks/1", page("/media/77/download")).once();
    film(&site, "/media/77/download");
    let expected = ["page/Talk 1/001 download.mp4"];
    assert_eq!(files(site.url("/talks/1")), expected);
    // It is the page of a player.
    site.on("/talks/2", page("/media/78")).once();
    site.on(
        "/media/78",
        Reply::html("<!doctype html><video src=/v/talk.mp4></video>"),
    )
    .once();
    film(&site, "/v/talk.mp4");
    assert_eq!(files(site.url("/talks/2")), ["page/Talk 2/001 talk.mp4"]);
}

#[test]
fn a_video_in_script_data_is_saved_if_the_page_shows_none() {
    let site = Site::start();
    let data = "<script id=__NEXT_DATA__ type=application/json>{\"props\":{\"video\":{\"hls\":\"/9/master.m3u8\",\"mp4\":\"/9/1080.mp4\"}}}</script>";
    let page = |rest: &str| {
        let head = "<!doctype html><title>Talk</title><meta property=og:image content=/p.jpg>";
        Reply::html(format!("{head}{rest}"))
    };
    film(&site, "/9/1080.mp4");
    film(&site, "/v/shown.mp4");
    site.on("/made", page(data)).once();
    assert_eq!(files(site.url("/made")), ["page/Talk made/001 1080.mp4"]);
    let setup = "<video data-setup='{\"sources\":[{\"src\":\"/9/1080.mp4\"}]}'></video>";
    site.on("/setup", page(setup)).once();
    assert_eq!(files(site.url("/setup")), ["page/Talk setup/001 1080.mp4"]);
    site.on("/framed", page("<iframe src=/setup></iframe>"))
        .once();
    site.on("/setup", page(setup)).once();
    assert_eq!(
        files(site.url("/framed")),
        ["page/Talk framed/001 1080.mp4"]
    );
    let shown = format!("{data}<video src=/v/shown.mp4></video>");
    site.on("/shown", page(&shown)).once();
    assert_eq!(files(site.url("/shown")), ["page/Talk shown/001 shown.mp4"]);
    // The film is on YouTube.
    let elsewhere = format!(
        "{data}<img src=/a.jpg><iframe src=https://www.youtube.com/embed/aaaaaaaaaaa></iframe>"
    );
    picture(&site, "/a.jpg", 1);
    picture(&site, "/p.jpg", 2);
    site.on("/elsewhere", page(&elsewhere)).once();
    let expected = [
        "page/Talk elsewhere/001 p.jpg",
        "page/Talk elsewhere/002 a.jpg",
    ];
    assert_eq!(files(site.url("/elsewhere")), expected);
}

#[test]
fn many_videos_in_script_data_beside_pictures_are_ignored() {
    let site = Site::start();
    picture(&site, "/a.jpg", 1);
    let page = |count: usize, rest: &str| {
        let films: Vec<String> = (0..count).map(|n| format!("\"/v/{n}.mp4\"")).collect();
        let data = format!(
            "<script type=application/json>[{}]</script>",
            films.join(",")
        );
        Reply::html(format!("<!doctype html><title>Talk</title>{rest}{data}"))
    };
    for n in 0..6 {
        film(&site, &format!("/v/{n}.mp4"));
    }
    let run = |path: &str, count: usize, rest: &str| {
        site.on(path, page(count, rest));
        files(site.url(path)).len()
    };
    assert_eq!(run("/many", 6, "<img src=/a.jpg>"), 1);
    assert_eq!(run("/few", 5, "<img src=/a.jpg>"), 6);
    assert_eq!(run("/alone", 6, ""), 6);
}
