//! Picture and sound that `ffmpeg` is to put together: what it loses, and by which clocks they belong together.

use std::path::Path;

use super::hasty;
use super::real::{SOURCE, ffmpeg, serve};
use crate::support::command::{Done, Fetch};
use crate::support::{skip, works};

const MASTER: &str = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",DEFAULT=YES,URI=\"audio.m3u8\"\n\
    #EXT-X-STREAM-INF:BANDWIDTH=900,RESOLUTION=320x180,AUDIO=\"a\"\nvideo.m3u8\n";

/// Makes a film of six seconds whose sound is apart, in this form.
fn film(folder: &Path, form: &str) {
    let hls = format!("-hls_time 1 -hls_playlist_type vod -hls_segment_type {form}");
    let video = format!(
        "-map 0:v -c:v mpeg2video -g 25 {hls} -hls_fmp4_init_filename v.mp4 -f hls video.m3u8"
    );
    let audio = format!("-map 1:a -c:a aac {hls} -hls_fmp4_init_filename a.mp4 -f hls audio.m3u8");
    ffmpeg(folder, &format!("{SOURCE} {video} {audio}"));
    std::fs::write(folder.join("cats.m3u8"), MASTER).unwrap();
}

/// Fetches what is there.
fn fetched(folder: &Path, name: &str) -> (Fetch, Done) {
    let site = serve(folder);
    let fetch = hasty(&Fetch::new()).args(["--subtitles", "all"]);
    let fetch = fetch.arg(site.url(name));
    let done = fetch.run().success();
    assert_eq!(fetch.partials(), Vec::<String>::new());
    (fetch, done)
}

/// When the first picture or sound of a file is played, in seconds.
fn start(folder: &Path, file: &Path, kind: char) -> f64 {
    let args = format!(
        "-copyts -i {} -map 0:{kind}:0 -c copy -f framecrc -",
        file.display()
    );
    let text = String::from_utf8(ffmpeg(folder, &args)).unwrap();
    let base = text.lines().find_map(|line| line.strip_prefix("#tb 0: 1/"));
    let first = text.lines().find(|line| !line.starts_with('#')).unwrap();
    let time: f64 = first.split(',').nth(2).unwrap().trim().parse().unwrap();
    time / base.unwrap().parse::<f64>().unwrap()
}

#[test]
fn packed_audio_is_aligned_by_its_timestamp() {
    if !works("ffmpeg", &["-version"]) {
        return skip("there is no ffmpeg");
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    film(folder, "mpegts");
    ffmpeg(
        folder,
        &format!("{SOURCE} -map 1:a -c:a aac -f adts sound.aac"),
    );
    let sound = std::fs::read(folder.join("sound.aac")).unwrap();
    let list = "#EXTM3U\n#EXTINF:6,\nsound.aac\n#EXT-X-ENDLIST\n";
    std::fs::write(folder.join("audio.m3u8"), list).unwrap();
    // Half a second before the picture, which begins at 1.44 seconds.
    let time = [
        &b"com.apple.streaming.transportStreamTimestamp\0"[..],
        &84_600u64.to_be_bytes(),
    ];
    let tag = [
        &b"ID3\x04\0\0\0\0\0\x3fPRIV\0\0\0\x35\0\0"[..],
        &time.concat(),
        &sound,
    ];
    std::fs::write(folder.join("sound.aac"), tag.concat()).unwrap();
    let master = MASTER.replace("AUDIO=", "SUBTITLES=\"s\",AUDIO=")
        + "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"en\",LANGUAGE=\"en\",URI=\"text.m3u8\"\n";
    std::fs::write(folder.join("cats.m3u8"), master).unwrap();
    std::fs::write(folder.join("text.m3u8"), list.replace("aac", "vtt")).unwrap();
    let text = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:129600,LOCAL:00:00:00.000\n\n00:00.000 --> 00:02.000\nMiaow\n";
    std::fs::write(folder.join("sound.vtt"), text).unwrap();
    let (fetch, done) = fetched(folder, "/cats.m3u8");
    let files = fetch.files();
    let names: Vec<_> = files.keys().collect();
    assert_eq!(names, ["cats.en.vtt", "cats.mp4"], "{}", done.stderr);
    let film = fetch.out().join("cats.mp4");
    let apart = start(folder, &film, 'v') - start(folder, &film, 'a');
    assert!((apart - 0.5).abs() < 0.03, "{apart}");
    // The sound is what the film begins with.
    let text = String::from_utf8_lossy(&files["cats.en.vtt"]).into_owned();
    assert!(text.contains("00:00:00.500 -->"), "{text}");
    // Without a clock, nobody can tell.
    std::fs::write(folder.join("sound.aac"), &sound).unwrap();
    let (fetch, done) = fetched(folder, "/cats.m3u8");
    let files = fetch.files();
    let names: Vec<_> = files.keys().collect();
    assert_eq!(
        names,
        ["cats.audio.aac", "cats.en.vtt", "cats.ts"],
        "{}",
        done.stderr
    );
    done.says("since its sound has no clock, and that of its picture does not begin at 0");
}

/// The same fragments so many ticks later.
fn shifted(mut bytes: Vec<u8>, ticks: u64) -> Vec<u8> {
    let places = bytes.windows(5).enumerate();
    let places = places.filter(|(_, name)| *name == b"tfdt\x01");
    let places: Vec<usize> = places.map(|(at, _)| at + 8).collect();
    for at in places {
        let time = u64::from_be_bytes(*bytes[at..].first_chunk().unwrap());
        bytes[at..at + 8].copy_from_slice(&(time + ticks).to_be_bytes());
    }
    bytes
}

#[test]
fn presentation_time_offsets_align_tracks() {
    if !works("ffmpeg", &["-version"]) {
        return skip("there is no ffmpeg");
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    film(folder, "fmp4");
    let whole = |name: &str, first: &str| {
        let pieces = (0..6).map(|n| format!("{name}{n}.m4s"));
        let pieces = std::iter::once(first.to_owned()).chain(pieces);
        let pieces = pieces.map(|piece| std::fs::read(folder.join(piece)).unwrap());
        pieces.collect::<Vec<_>>().concat()
    };
    // Of 12 800 ticks a second.
    let picture = shifted(whole("video", "v.mp4"), 1_280_000);
    std::fs::write(folder.join("picture.mp4"), picture).unwrap();
    std::fs::write(folder.join("sound.mp4"), whole("audio", "a.mp4")).unwrap();
    let set = |kind: &str, name: &str, offset: &str| {
        format!(
            "<AdaptationSet mimeType='{kind}/mp4'><Representation id='{kind}' bandwidth='9'><BaseURL>{name}.mp4</BaseURL>\
             <SegmentBase timescale='12800' {offset}/></Representation></AdaptationSet>"
        )
    };
    let manifest = format!(
        "<MPD type='static' mediaPresentationDuration='PT6S'><Period>{}{}</Period></MPD>",
        set("video", "picture", "presentationTimeOffset='1280000'"),
        set("audio", "sound", "")
    );
    std::fs::write(folder.join("cats.mpd"), manifest).unwrap();
    let (fetch, done) = fetched(folder, "/cats.mpd");
    let files = fetch.files();
    let names: Vec<_> = files.keys().collect();
    assert_eq!(names, ["cats.mp4"], "{}", done.stderr);
    let film = fetch.out().join("cats.mp4");
    let apart = start(folder, &film, 'v') - start(folder, &film, 'a');
    assert!(apart.abs() < 0.05, "{apart}");
}

#[test]
fn tracks_that_ffmpeg_reads_only_partly_are_not_muxed() {
    if !works("ffmpeg", &["-version"]) {
        return skip("there is no ffmpeg");
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    film(folder, "fmp4");
    std::fs::write(folder.join("video2.m4s"), [0x9e, 1].repeat(20_000)).unwrap();
    let (fetch, done) = fetched(folder, "/cats.m3u8");
    let files = fetch.files();
    let names: Vec<_> = files.keys().collect();
    assert_eq!(names, ["cats.audio.m4a", "cats.mp4"], "{}", done.stderr);
    done.says("since `ffmpeg` wrote 2.0 seconds of its picture, and 6.0 of its sound");
    let pieces = ["v.mp4", "video0.m4s", "video1.m4s", "video2.m4s"];
    let pieces = pieces.map(|name| std::fs::read(folder.join(name)).unwrap());
    assert!(files["cats.mp4"].starts_with(&pieces.concat()));
}

#[test]
fn tracks_without_a_video_stream_are_not_muxed() {
    if !works("ffmpeg", &["-version"]) {
        return skip("there is no ffmpeg");
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    film(folder, "mpegts");
    // As if its codec were not known.
    std::fs::copy(folder.join("audio.m3u8"), folder.join("video.m3u8")).unwrap();
    let master = MASTER.replace("audio.m3u8", "audio.m3u8?sound");
    std::fs::write(folder.join("cats.m3u8"), master).unwrap();
    let (fetch, done) = fetched(folder, "/cats.m3u8");
    let files = fetch.files();
    let names: Vec<_> = files.keys().collect();
    assert_eq!(names, ["cats.audio.ts", "cats.ts"], "{}", done.stderr);
    done.says("since `ffmpeg` cannot put them together: ")
        .says("matches no streams");
}
