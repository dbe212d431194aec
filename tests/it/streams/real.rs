//! Streams that `ffmpeg` has made, held against what it decodes of their source.

use std::path::Path;
use std::process::Command;

use super::quick;
use crate::support::{Reply, Site, skip, works};

/// Runs `ffmpeg`, which must succeed.
pub(super) fn ffmpeg(folder: &Path, args: &str) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command
        .current_dir(folder)
        .args(["-nostdin", "-loglevel", "error", "-y"]);
    let output = command.args(args.split(' ')).output().unwrap();
    assert!(
        output.status.success(),
        "{args}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// The digests of all frames of one kind, without their times, which begin elsewhere in each file.
fn frames(folder: &Path, file: &str, kind: char) -> Vec<String> {
    // A list may name its key as it likes.
    let any = match file.ends_with(".m3u8") {
        true => "-allowed_extensions ALL ",
        false => "",
    };
    let text = ffmpeg(
        folder,
        &format!("{any}-i {file} -map 0:{kind}:0 -f framemd5 -"),
    );
    let text = String::from_utf8(text).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit(',').next().unwrap().trim().to_owned())
        .collect()
}

/// Puts all files of a folder on a site.
pub(super) fn serve(folder: &Path) -> Site {
    let site = Site::start();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let bytes = std::fs::read(folder.join(&name)).unwrap();
        site.on(&format!("/{name}"), Reply::file(bytes)).optional();
    }
    site
}

pub(super) const SOURCE: &str = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=6 -f lavfi -i sine=frequency=440:duration=6:sample_rate=48000";

#[test]
fn hls_streams_by_ffmpeg_keep_every_frame() {
    if !works("ffmpeg", &["-version"]) {
        return skip("there is no ffmpeg");
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("key"), b"0123456789abcdef").unwrap();
    std::fs::write(folder.join("keyinfo"), "key\nkey\n").unwrap();
    let hls = "-c:v mpeg2video -g 25 -c:a aac -hls_time 1 -hls_playlist_type vod -f hls";
    ffmpeg(folder, &format!("{SOURCE} {hls} plain.m3u8"));
    ffmpeg(
        folder,
        &format!("{SOURCE} {hls} -hls_key_info_file keyinfo encrypted.m3u8"),
    );
    ffmpeg(
        folder,
        &format!(
            "{SOURCE} {hls} -hls_segment_type fmp4 -hls_fmp4_init_filename init.mp4 boxes.m3u8"
        ),
    );
    ffmpeg(
        folder,
        &format!("{SOURCE} {hls} -hls_flags single_file ranges.m3u8"),
    );
    let site = serve(folder);
    for name in ["plain", "encrypted", "boxes", "ranges"] {
        let fetch = quick().arg(site.url(&format!("/{name}.m3u8")));
        fetch.run().success();
        let files = fetch.files();
        let (file, _) = files.first_key_value().unwrap();
        let came = fetch.out().join(file);
        let came = came.to_str().unwrap();
        for kind in ['v', 'a'] {
            let expected = frames(folder, &format!("{name}.m3u8"), kind);
            assert!(expected.len() > 140, "{name} {kind}: {}", expected.len());
            assert_eq!(frames(folder, came, kind), expected, "{name} {kind}");
        }
    }
}

#[test]
fn separate_video_and_audio_are_muxed() {
    if !works("ffmpeg", &["-version"]) {
        return skip("there is no ffmpeg");
    }
    for form in ["mpegts", "fmp4"] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let hls = format!("-hls_time 1 -hls_playlist_type vod -hls_segment_type {form}");
        let video = format!(
            "-map 0:v -c:v mpeg2video -g 25 {hls} -hls_fmp4_init_filename v.mp4 -f hls video.m3u8"
        );
        let audio =
            format!("-map 1:a -c:a aac {hls} -hls_fmp4_init_filename a.mp4 -f hls audio.m3u8");
        ffmpeg(folder, &format!("{SOURCE} {video} {audio}"));
        let master = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",DEFAULT=YES,URI=\"audio.m3u8\"\n\
            #EXT-X-STREAM-INF:BANDWIDTH=900,RESOLUTION=320x180,AUDIO=\"a\"\nvideo.m3u8\n";
        std::fs::write(folder.join("cats.m3u8"), master).unwrap();
        let site = serve(folder);
        let fetch = quick().arg(site.url("/cats.m3u8"));
        let done = fetch.run().success();
        let files = fetch.files();
        assert_eq!(
            files.keys().collect::<Vec<_>>(),
            ["cats.mp4"],
            "{}",
            done.stderr
        );
        let came = fetch.out().join("cats.mp4");
        let came = came.to_str().unwrap();
        for (kind, list) in [('v', "video.m3u8"), ('a', "audio.m3u8")] {
            let expected = frames(folder, list, kind);
            assert_eq!(frames(folder, came, kind), expected, "{form} {kind}");
        }
        assert_eq!(fetch.partials(), Vec::<String>::new());
    }
}

#[test]
fn dash_manifests_by_ffmpeg_keep_every_frame() {
    if !works("ffmpeg", &["-version"]) {
        return skip("there is no ffmpeg");
    }
    let forms = [
        ("timeline", "-use_template 1 -use_timeline 1"),
        ("number", "-use_template 1 -use_timeline 0"),
        ("list", "-single_file 1 -use_template 0"),
    ];
    for (name, form) in forms {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let codecs = "-c:v mpeg4 -g 25 -c:a aac -seg_duration 1";
        ffmpeg(
            folder,
            &format!("{SOURCE} -map 0:v -map 1:a {codecs} {form} -f dash {name}.mpd"),
        );
        let site = serve(folder);
        let fetch = quick().arg(site.url(&format!("/{name}.mpd")));
        let done = fetch.run().success();
        let files = fetch.files();
        let film = format!("{name}.mp4");
        assert_eq!(files.keys().collect::<Vec<_>>(), [&film], "{}", done.stderr);
        let came = fetch.out().join(&film);
        for kind in ['v', 'a'] {
            // Of a list of ranges, `ffmpeg` finds no end; what they are parts of is one file for each track.
            let source = match (name, kind) {
                ("list", 'v') => "list-stream0.mp4".to_owned(),
                ("list", _) => "list-stream1.mp4".to_owned(),
                _ => format!("{name}.mpd"),
            };
            let mut expected = frames(folder, &source, kind);
            assert!(expected.len() > 140, "{name} {kind}: {}", expected.len());
            let frames = frames(folder, came.to_str().unwrap(), kind);
            // The last segment of sound may begin behind the end that the manifest tells.
            expected.truncate(frames.len().max(expected.len() - 1));
            assert_eq!(frames, expected, "{name} {kind}");
        }
    }
}

#[test]
fn segmented_subtitles_become_one_readable_file() {
    if !works("ffmpeg", &["-version"]) {
        return skip("there is no ffmpeg");
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let lines = "1\n00:00:00,500 --> 00:00:02,500\nHello\n\n2\n00:00:02,800 --> 00:00:05,200\nLonger than\na segment\n\n";
    std::fs::write(folder.join("in.srt"), lines).unwrap();
    let source = SOURCE.split(" -f lavfi -i sine").next().unwrap();
    let hls = "-c:v mpeg2video -g 25 -c:s webvtt -hls_time 1 -hls_playlist_type vod -f hls -master_pl_name cats.m3u8";
    let map = "-var_stream_map v:0,s:0,sgroup:subs,language:en part.m3u8";
    ffmpeg(
        folder,
        &format!("{source} -i in.srt -map 0:v -map 1:s {hls} {map}"),
    );
    let site = serve(folder);
    let fetch = quick()
        .args(["--subtitles", "en"])
        .arg(site.url("/cats.m3u8"));
    let done = fetch.run().success();
    let files = fetch.files();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["cats.en.vtt", "cats.ts"], "{}", done.stderr);
    let came = fetch.out().join("cats.en.vtt");
    let read = ffmpeg(folder, &format!("-i {} -f srt -", came.display()));
    let read = String::from_utf8(read).unwrap();
    let texts = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.contains("-->"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(texts(&read), texts(lines), "{read}");
}
