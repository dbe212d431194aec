//! Renditions: which is fetched, and what becomes of sound that is apart.

use super::{hasty, playlist, quick, segment};
use crate::support::command::Fetch;
use crate::support::{Reply, Site};

const MASTER: &str = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",DEFAULT=YES,URI=\"sound.m3u8\"\n\
    #EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360\nlow.m3u8\n\
    #EXT-X-STREAM-INF:BANDWIDTH=4000000,RESOLUTION=1920x1080\nhigh.m3u8\n\
    #EXT-X-STREAM-INF:BANDWIDTH=2000000,RESOLUTION=1280x720,AUDIO=\"a\"\nmiddle.m3u8\n";

/// A site with a stream in several renditions, each of one segment with a length of its own.
fn site() -> Site {
    let site = Site::start();
    site.on("/film/master.m3u8", playlist(MASTER));
    for (n, name) in ["low", "middle", "high", "sound"].into_iter().enumerate() {
        let lines = format!("#EXTINF:4,\n{name}.ts\n#EXT-X-ENDLIST\n");
        site.on(&format!("/film/{name}.m3u8"), playlist(&lines))
            .optional();
        let bytes = segment(n as u64, 20 + n);
        site.on(&format!("/film/{name}.ts"), Reply::file(bytes))
            .optional();
    }
    site
}

#[test]
fn a_missing_rendition_is_downloaded_from_its_redundant_url() {
    let high = "#EXT-X-STREAM-INF:BANDWIDTH=4000000,RESOLUTION=1920x1080\n";
    let twice = MASTER.replace(high, &format!("{high}gone.m3u8\n{high}"));
    let site = site();
    site.on("/film/master.m3u8", playlist(&twice));
    site.on("/film/gone.m3u8", Reply::empty(404)).once();
    let fetch = quick().arg(site.url("/film/master.m3u8"));
    fetch.run().success();
    assert!(fetch.files().values().eq([&segment(2, 22)]));
    // Where it is in neither, what was wrong with the first is told.
    site.on("/film/high.m3u8", Reply::empty(403));
    site.on("/film/gone.m3u8", Reply::empty(404));
    let fetch = quick().arg(site.url("/film/master.m3u8"));
    fetch.run().fails(4).says("/film/gone.m3u8` answered 404");
    assert_eq!(fetch.tree(), "");
}

#[test]
fn missing_audio_is_reported() {
    let site = Site::start();
    let master =
        "#EXT-X-STREAM-INF:BANDWIDTH=4,CODECS=\"avc1.4d401f,mp4a.40.2\",AUDIO=\"a\"\nhigh.m3u8\n";
    site.on("/film/master.m3u8", playlist(master));
    site.on(
        "/film/high.m3u8",
        playlist("#EXTINF:4,\n0.ts\n#EXT-X-ENDLIST\n"),
    );
    site.on("/film/0.ts", Reply::file(segment(0, 20)));
    let fetch = quick().arg(site.url("/film/master.m3u8"));
    let done = fetch.run().success();
    done.says("its sound should be in `a`, which does not exist");
    assert_eq!(fetch.tree(), format!("film.ts {}\n", 20 * 188));
}

#[test]
fn a_discontinuity_in_fmp4_is_reported() {
    let site = Site::start();
    let lines = "#EXT-X-MAP:URI=\"i\"\n#EXTINF:4,\n0.m4s\n#EXT-X-DISCONTINUITY\n#EXTINF:4,\n0.m4s\n#EXT-X-ENDLIST\n";
    site.on("/cats.m3u8", playlist(lines));
    let init = b"\0\0\0\x18ftypiso5\0\0\x02\0iso5mp42\0\0\0\x08moov";
    site.on("/i", Reply::file(init));
    site.on(
        "/0.m4s",
        Reply::file([&b"\0\0\x04\x08moof"[..], &[7; 1024]].concat()),
    );
    let done = quick().arg(site.url("/cats.m3u8")).run().success();
    done.says("its timeline restarts once, which not every player can play");
}

#[test]
fn the_requested_rendition_is_downloaded() {
    let table = [
        ("best", 22),
        ("worst", 20),
        ("1080p", 22),
        ("480p", 20),
        ("144p", 20),
    ];
    for (quality, packets) in table {
        let site = site();
        let fetch = quick()
            .args(["--quality", quality])
            .arg(site.url("/film/master.m3u8"));
        fetch.run().success();
        assert_eq!(
            fetch.tree(),
            format!("film.ts {}\n", packets * 188),
            "{quality}"
        );
    }
}

#[test]
fn separate_audio_can_be_requested_alone() {
    let site = Site::start();
    site.on(
        "/film/master.m3u8",
        playlist(
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",URI=\"sound.m3u8\"\n\
             #EXT-X-STREAM-INF:BANDWIDTH=4,RESOLUTION=1920x1080,AUDIO=\"a\"\nhigh.m3u8\n",
        ),
    );
    site.on(
        "/film/sound.m3u8",
        playlist("#EXTINF:4,\n0.aac\n#EXTINF:4,\n1.aac\n#EXT-X-ENDLIST\n"),
    );
    let sound = |n: u8| [&b"ID3\x04\0\0\0\0\0\x02xx\xff\xf1\x50\x80"[..], &[n; 500]].concat();
    site.on("/film/0.aac", Reply::file(sound(1)));
    site.on("/film/1.aac", Reply::file(sound(2)));
    let fetch = quick()
        .args(["--quality", "audio"])
        .arg(site.url("/film/master.m3u8"));
    fetch.run().success();
    assert!(fetch.files()["film.aac"] == [sound(1), sound(2)].concat());
}

#[test]
fn separate_audio_is_saved_beside_the_video_without_ffmpeg() {
    let site = site();
    let user = Fetch::new();
    let fetch = hasty(&user)
        .env("PATH", "/nowhere")
        .args(["--quality", "720p"])
        .arg(site.url("/film/master.m3u8"));
    let done = fetch.run().success();
    assert_eq!(
        fetch.tree(),
        format!("film.audio.ts {}\nfilm.ts {}\n", 23 * 188, 21 * 188)
    );
    let said = "its sound is in `film.audio.ts`, since `ffmpeg` is not installed";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert_eq!(fetch.partials(), Vec::<String>::new());
    // Both are known.
    user.clone().arg("verify").run().success();
    // What is gone of them is fetched again.
    std::fs::remove_file(fetch.out().join("film.audio.ts")).unwrap();
    let told = user.clone().args(["verify", "--repair"]).run();
    assert_ne!(told.code, 0);
    let said = "it belongs to a video and is only downloaded with it";
    assert!(told.stderr.contains(said), "{}", told.stderr);
    fetch.run().success().says("1 new");
    assert_eq!(
        fetch.tree(),
        format!("film.audio.ts {}\nfilm.ts {}\n", 23 * 188, 21 * 188)
    );
    fetch.run().success().says("1 had");
    user.arg("verify").run().success();
}

#[test]
fn tracks_that_ffmpeg_cannot_read_stay_apart_with_a_reason() {
    if !crate::support::works("ffmpeg", &["-version"]) {
        crate::support::skip("there is no ffmpeg");
        return;
    }
    let site = site();
    let fetch = quick()
        .args(["--quality", "720p"])
        .arg(site.url("/film/master.m3u8"));
    let done = fetch.run().success();
    assert_eq!(fetch.files().len(), 2);
    assert!(
        done.stderr.contains("`ffmpeg` cannot put them together"),
        "{}",
        done.stderr
    );
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

/// A site with a picture and a sound whose playlists are these.
#[cfg(unix)]
fn site_of(picture: &str, sound: &str) -> Site {
    let site = Site::start();
    let master = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",URI=\"sound.m3u8\"\n\
        #EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO=\"a\"\npicture.m3u8\n";
    site.on("/film/master.m3u8", playlist(master));
    site.on("/film/picture.m3u8", playlist(picture));
    site.on("/film/sound.m3u8", playlist(sound));
    for n in 0..4 {
        let path = format!("/film/{n}.ts");
        site.on(&path, Reply::file(segment(n, 20))).optional();
    }
    let init = b"\0\0\0\x18ftypiso5\0\0\x02\0iso5mp42\0\0\0\x08moov";
    let part = [&b"\0\0\x04\x08moof"[..], &[7; 1024]].concat();
    for name in ["i", "j"] {
        site.on(&format!("/film/{name}"), Reply::file(init))
            .optional();
    }
    for name in ["0.m4s", "1.m4s"] {
        let reply = Reply::file(part.clone());
        site.on(&format!("/film/{name}"), reply).optional();
    }
    site
}

#[cfg(unix)]
#[test]
fn tracks_with_discontinuities_stay_apart() {
    let plain = "#EXTINF:4,\n0.ts\n#EXTINF:4,\n1.ts\n#EXT-X-ENDLIST\n";
    let broken = plain.replace("\n#EXTINF:4,\n1", "\n#EXT-X-DISCONTINUITY\n#EXTINF:4,\n1");
    let maps = "#EXT-X-MAP:URI=\"i\"\n#EXTINF:4,\n0.m4s\n#EXT-X-MAP:URI=\"j\"\n#EXTINF:4,\n1.m4s\n#EXT-X-ENDLIST\n";
    let table = [
        (&*broken, &*broken),
        (plain, &broken),
        (&broken, plain),
        (maps, plain),
    ];
    for (picture, sound) in table {
        let site = site_of(picture, sound);
        let fetch = quick();
        // It would put anything together.
        let tools = fetch.root().join("tools");
        std::fs::create_dir(&tools).unwrap();
        program(
            &tools.join("ffmpeg"),
            "for last; do :; done; printf '\\0\\0\\0\\030ftypiso5' > \"${last#file:}\"",
        );
        let fetch = fetch.env("PATH", path_with(&tools));
        let done = fetch
            .clone()
            .arg(site.url("/film/master.m3u8"))
            .run()
            .success();
        assert_eq!(fetch.files().len(), 2, "{}", done.stderr);
        let said = "since its timeline restarts, where `ffmpeg` would not keep both in sync";
        assert!(done.stderr.contains(said), "{}", done.stderr);
        assert_eq!(fetch.partials(), Vec::<String>::new());
    }
}

/// Makes a program of these lines.
#[cfg(unix)]
fn program(path: &std::path::Path, lines: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
fn path_with(folder: &std::path::Path) -> std::ffi::OsString {
    let known = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&known));
    std::env::join_paths(folders).unwrap()
}

#[cfg(unix)]
#[test]
fn an_ffmpeg_that_cannot_be_run_leaves_nothing_behind() {
    let plain = "#EXTINF:4,\n0.ts\n#EXT-X-ENDLIST\n";
    let site = site_of(plain, plain);
    let fetch = quick();
    let tools = fetch.root().join("tools");
    std::fs::create_dir(&tools).unwrap();
    std::fs::write(tools.join("ffmpeg"), "no program").unwrap();
    let fetch = fetch.env("PATH", &tools).arg(site.url("/film/master.m3u8"));
    let done = fetch.run().success();
    assert!(
        done.stderr.contains("`ffmpeg` cannot be run"),
        "{}",
        done.stderr
    );
    assert_eq!(fetch.files().len(), 2);
    assert_eq!(fetch.partials(), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn a_silently_failing_ffmpeg_is_reported_by_its_exit_status() {
    let plain = "#EXTINF:4,\n0.ts\n#EXT-X-ENDLIST\n";
    let site = site_of(plain, plain);
    let fetch = quick();
    let tools = fetch.root().join("tools");
    std::fs::create_dir(&tools).unwrap();
    program(&tools.join("ffmpeg"), "echo >&2; exit 3");
    let fetch = fetch.env("PATH", path_with(&tools));
    let done = fetch.arg(site.url("/film/master.m3u8")).run().success();
    done.says("since `ffmpeg` cannot put them together: exit status: 3");
}

#[test]
fn an_unknown_quality_is_refused() {
    let done = quick()
        .args(["--quality", "hd", "http://127.0.0.1:9/x.m3u8"])
        .run()
        .fails(2);
    assert!(
        done.stderr.contains("there is no quality `hd`"),
        "{}",
        done.stderr
    );
    assert!(done.stderr.contains("`720p`"), "{}", done.stderr);
}
