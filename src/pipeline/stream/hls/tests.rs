mod odd;

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::Kind;
use crate::pipeline::stream::Quality;

fn here() -> Url {
    Url::parse("https://x.org/films/cats/list.m3u8?token=1").unwrap()
}

fn playlist(lines: &str) -> Result<Playlist> {
    super::read(format!("#EXTM3U\n{lines}").as_bytes(), &here())
}

fn media(lines: &str) -> Result<Media> {
    playlist(lines).map(|playlist| match playlist {
        Playlist::Media(media) => media,
        Playlist::Master(_) => panic!("it is a master playlist"),
    })
}

/// Returns the requested parts as text: path, range, and the cipher.
fn parts(media: &Media) -> Vec<String> {
    let part = |segment: &crate::pipeline::stream::Segment| {
        let mut text = format!("{} {}", segment.number, segment.location.url.path());
        if let Some((start, end)) = segment.location.range {
            text += &format!(" {start}-{end}");
        }
        if let Some(cipher) = &segment.cipher {
            text += &format!(
                " {} {:x}",
                cipher.key.path(),
                u128::from_be_bytes(cipher.iv)
            );
        }
        if let Some(map) = &segment.map {
            text += &format!(" after {}", map.location.url.path());
        }
        if segment.gap {
            text += " gap";
        }
        if segment.breaks {
            text += " anew";
        }
        text
    };
    media.segments.iter().map(part).collect()
}

#[test]
fn the_segments_of_a_list_are_read_in_order() {
    let read = media(
        "#EXT-X-VERSION:7\r\n#EXT-X-TARGETDURATION:5\r\n#EXT-X-MEDIA-SEQUENCE:7\r\n# a comment\r\n\r\n\
         #EXT-X-MAP:URI=\"init.mp4\",BYTERANGE=\"100@0\"\r\n#EXTINF:4.5,a title, with commas\r\na.mp4\r\n\
         #EXT-X-DISCONTINUITY\r\n#EXT-X-MAP:URI=\"/other.mp4\"\r\n#EXTINF:4,\r\n#EXT-X-GAP\r\nhttps://cdn.org/b.mp4#x\r\n\
         #EXT-X-ENDLIST\r\n",
    )
    .unwrap();
    assert_eq!(
        parts(&read),
        [
            "7 /films/cats/a.mp4 after /films/cats/init.mp4",
            "8 /b.mp4 after /other.mp4 gap anew"
        ]
    );
    assert!(read.ended);
    assert_eq!(
        (read.target, read.segments[0].duration),
        (Duration::from_secs(5), Duration::from_millis(4500))
    );
    assert_eq!(
        read.segments[0].map.as_ref().unwrap().location.range,
        Some((0, 100))
    );
}

#[test]
fn ranges_go_on_where_the_one_before_ended() {
    let read = media(
        "#EXT-X-BYTERANGE:10@5\n#EXTINF:1,\na.ts\n#EXT-X-BYTERANGE:20\n#EXTINF:1,\na.ts\n\
         #EXT-X-BYTERANGE:1@0\n#EXTINF:1,\nb.ts\n#EXTINF:1,\nc.ts\n",
    )
    .unwrap();
    let expected = [
        "0 /films/cats/a.ts 5-15",
        "1 /films/cats/a.ts 15-35",
        "2 /films/cats/b.ts 0-1",
        "3 /films/cats/c.ts",
    ];
    assert_eq!(parts(&read), expected);
    assert!(!read.ended);
    for wrong in [
        "#EXT-X-BYTERANGE:20\n#EXTINF:1,\na.ts\n",
        "#EXT-X-BYTERANGE:1@0\n#EXTINF:1,\nb.ts\n#EXT-X-BYTERANGE:20\n#EXTINF:1,\na.ts\n",
        "#EXT-X-BYTERANGE:0@0\n#EXTINF:1,\na.ts\n",
        "#EXT-X-BYTERANGE:2@18446744073709551615\n#EXTINF:1,\na.ts\n",
        "#EXT-X-BYTERANGE:-1@0\n#EXTINF:1,\na.ts\n",
    ] {
        assert_eq!(media(wrong).unwrap_err().kind, Kind::Corrupt, "{wrong}");
    }
}

#[test]
fn keys_hold_until_the_next() {
    let read = media(
        "#EXT-X-MEDIA-SEQUENCE:10\n#EXTINF:1,\na.ts\n#EXT-X-KEY:METHOD=AES-128,URI=\"k1\"\n#EXTINF:1,\nb.ts\n#EXTINF:1,\nc.ts\n\
         #EXT-X-KEY:METHOD=AES-128,URI=\"k2\",IV=0xFf\n#EXTINF:1,\nd.ts\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:1,\ne.ts\n",
    )
    .unwrap();
    let expected = [
        "10 /films/cats/a.ts",
        "11 /films/cats/b.ts /films/cats/k1 b",
        "12 /films/cats/c.ts /films/cats/k1 c",
        "13 /films/cats/d.ts /films/cats/k2 ff",
        "14 /films/cats/e.ts",
    ];
    assert_eq!(parts(&read), expected);
    // Of several ways to the same bytes, the supported one is taken.
    let both = "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://x\",KEYFORMAT=\"com.apple.streamingkeydelivery\"\n\
        #EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXTINF:1,\na.ts\n";
    assert_eq!(
        parts(&media(both).unwrap()),
        ["0 /films/cats/a.ts /films/cats/k 0"]
    );
}

#[test]
fn protected_playlists_are_refused_by_name() {
    let table = [
        (
            "METHOD=SAMPLE-AES,URI=\"skd://x\",KEYFORMAT=\"com.apple.streamingkeydelivery\"",
            "the stream is protected by FairPlay (DRM), which is not supported",
        ),
        (
            "METHOD=SAMPLE-AES-CTR,URI=\"data:x\",KEYFORMAT=\"urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed\"",
            "the stream is protected by Widevine (DRM), which is not supported",
        ),
        (
            "METHOD=SAMPLE-AES,URI=\"x\",KEYFORMAT=\"com.microsoft.playready\"",
            "the stream is protected by PlayReady (DRM), which is not supported",
        ),
        (
            "METHOD=AES-128,URI=\"x\",KEYFORMAT=\"org.example\"",
            "the stream is protected by `org.example` (DRM), which is not supported",
        ),
        (
            "METHOD=SAMPLE-AES,URI=\"k\"",
            "the stream is encrypted by `SAMPLE-AES`, which is not supported",
        ),
        (
            "METHOD=ROT13",
            "the stream is encrypted by `ROT13`, which is not supported",
        ),
    ];
    for (key, expected) in table {
        let error = media(&format!("#EXT-X-KEY:{key}\n#EXTINF:1,\na.ts\n")).unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (Kind::Unsupported, expected)
        );
    }
    let key = "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXT-X-MAP:URI=\"i\"\n";
    assert_eq!(
        media(key).unwrap_err().kind,
        Kind::Corrupt,
        "a map needs an IV"
    );
}

#[test]
fn invalid_playlists_and_urls_are_refused() {
    let table = [
        "#EXTINF:x,\na.ts\n",
        "#EXTINF:-1,\na.ts\n",
        "#EXTINF:NaN,\na.ts\n",
        "#EXTINF:inf,\na.ts\n",
        "#EXT-X-TARGETDURATION:nan\n#EXTINF:1,\na.ts\n",
        "a.ts\n",
        "#EXTINF:1,\nfile:///etc/passwd\n",
        "#EXTINF:1,\nftp://x.org/a.ts\n",
        "#EXTINF:1,\ndata:video/mp2t,xx\n",
        "#EXTINF:1,\nhttp://[::1\n",
        "#EXT-X-KEY:METHOD=AES-128,URI=\"file:///k\"\n",
        "#EXT-X-KEY:METHOD=AES-128,URI=\"data:text/plain,0123456789abcdef\"\n",
        "#EXT-X-KEY:METHOD=AES-128\n",
        "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=12\n",
        "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x123456789012345678901234567890123\n",
        "#EXT-X-KEY:METHOD=AES-128,URI=\"k\n",
        "#EXT-X-MAP:BYTERANGE=\"1\"\n",
        "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n",
        "#EXTINF:1,\na.ts\n#EXT-X-MEDIA-SEQUENCE:3\n",
        "#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n#EXTINF:1,\na.ts\n",
        "#EXT-X-STREAM-INF:BANDWIDTH=1\nfile:///etc/passwd\n",
        "#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a.m3u8\"\n",
    ];
    for lines in table {
        assert_eq!(playlist(lines).unwrap_err().kind, Kind::Corrupt, "{lines}");
    }
    for text in ["", "#EXTM3U8\n", "<html>", "\u{feff}"] {
        assert!(super::read(text.as_bytes(), &here()).is_err(), "{text}");
    }
    assert!(super::read(b"#EXTM3U\n\xff\xfe", &here()).is_err());
    let import = media("#EXT-X-DEFINE:IMPORT=\"a\"\n");
    assert_eq!(import.unwrap_err().kind, Kind::Unsupported);
}

#[test]
fn odd_target_durations_are_clamped() {
    let table = [
        ("inf", 86_400),
        ("-inf", 0),
        ("-5", 0),
        ("1e308", 86_400),
        ("5.0", 5),
    ];
    for (duration, seconds) in table {
        let read = media(&format!(
            "#EXT-X-TARGETDURATION:{duration}\n#EXTINF:1,\na.ts\n"
        ))
        .unwrap();
        assert_eq!(read.target, Duration::from_secs(seconds), "{duration}");
    }
}

#[test]
fn variables_stand_for_their_values() {
    let read = media(
        "#EXT-X-DEFINE:NAME=\"n\",VALUE=\"a\"\n#EXT-X-DEFINE:QUERYPARAM=\"token\"\n#EXTINF:1,\n{$n}/{$token}.ts\n",
    );
    assert_eq!(parts(&read.unwrap()), ["0 /films/cats/a/1.ts"]);
}

#[test]
fn a_key_is_there_once_however_many_segments_it_is_for() {
    let read = media(&format!(
        "#EXT-X-KEY:METHOD=AES-128,URI=\"{}\"\n{}",
        "k".repeat(16_000),
        "#EXTINF:1,\na.ts\n".repeat(3)
    ));
    let ciphers: Vec<_> = read
        .unwrap()
        .segments
        .into_iter()
        .map(|one| one.cipher)
        .collect();
    let [Some(first), .., Some(last)] = &ciphers[..] else {
        panic!("nothing is encrypted");
    };
    assert!(std::sync::Arc::ptr_eq(&first.key, &last.key));
}

#[test]
fn a_long_base_does_not_make_a_list_large() {
    let base = Url::parse(&format!("https://x.org/{}/list.m3u8", "b".repeat(16_000))).unwrap();
    let list = format!("#EXTM3U\n{}", "#EXTINF:1,\na\n".repeat(10_000));
    let error = super::read(list.as_bytes(), &base).unwrap_err();
    assert_eq!(
        error.message,
        "the playlist cannot be used: its URLs are too long"
    );
    let list = format!("#EXTM3U\n{}", "#EXTINF:1,\na\n".repeat(260_001));
    assert!(super::read(list.as_bytes(), &here()).is_err());
}

const MASTER: &str = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"low\",NAME=\"en\",DEFAULT=YES,URI=\"low.m3u8\"\n\
    #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"high\",NAME=\"de\",URI=\"high-de.m3u8\"\n\
    #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"high\",NAME=\"en, \\\"main\\\"\",AUTOSELECT=YES,URI=\"high-en.m3u8\"\n";

#[test]
fn renditions_are_chosen_with_their_sound() {
    let text = MASTER.replace(", \\\"main\\\"", "")
        + "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"en\",URI=\"sub.m3u8\"\n\
           #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=9,URI=\"i.m3u8\"\n\
           #EXT-X-STREAM-INF:BANDWIDTH=900,RESOLUTION=640x360,CODECS=\"avc1.4d,mp4a.40.2\",AUDIO=\"low\"\n360.m3u8\n\
           #EXT-X-STREAM-INF:BANDWIDTH=4000,RESOLUTION=1920x1080,AUDIO=\"high\"\n\n1080.m3u8\n\
           #EXT-X-STREAM-INF:BANDWIDTH=128,CODECS=\"mp4a.40.2\"\nsound.m3u8\n";
    let Playlist::Master(master) = playlist(&text).unwrap() else {
        panic!("it is no master playlist");
    };
    let table = [
        ("best", "1080.m3u8", Some("high-en.m3u8")),
        ("720p", "360.m3u8", Some("low.m3u8")),
        ("worst", "360.m3u8", Some("low.m3u8")),
        ("audio", "high-en.m3u8", None),
    ];
    let name = |url: &Url| url.path().rsplit('/').next().unwrap().to_owned();
    for (quality, main, sound) in table {
        let choice = master.choose(quality.parse().unwrap()).unwrap();
        assert_eq!(
            (
                name(&choice.main.url).as_str(),
                choice.sound.map(|sound| name(&sound.url)).as_deref()
            ),
            (main, sound),
            "{quality}"
        );
    }
}

#[test]
fn audio_muxed_with_video_is_one_track() {
    let Playlist::Master(master) = playlist(
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",DEFAULT=YES\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nv.m3u8\n",
    )
    .unwrap() else {
        panic!("it is no master playlist");
    };
    assert_eq!(master.choose(Quality::Best).unwrap().sound, None);
    assert_eq!(
        master.choose(Quality::Audio).unwrap_err().kind,
        Kind::Unsupported
    );
    let Playlist::Master(empty) = playlist("#EXT-X-STREAM-INF:BANDWIDTH=1\n").unwrap() else {
        panic!("it is no master playlist");
    };
    assert_eq!(empty.choose(Quality::Best).unwrap_err().kind, Kind::Corrupt);
}

/// Generates lines as in playlists, valid and invalid.
fn line() -> impl Strategy<Value = String> {
    let tags = prop::sample::select(vec![
        "#EXTINF:",
        "#EXT-X-KEY:",
        "#EXT-X-MAP:",
        "#EXT-X-BYTERANGE:",
        "#EXT-X-STREAM-INF:",
        "#EXT-X-MEDIA:",
        "#EXT-X-MEDIA-SEQUENCE:",
        "#EXT-X-TARGETDURATION:",
        "#EXT-X-ENDLIST",
        "#EXT-X-GAP",
        "#",
        "",
        "../",
        "//",
        "http://",
    ]);
    let values = prop::sample::select(vec![
        "4.5,",
        "10@5",
        "METHOD=AES-128,URI=\"k\"",
        "METHOD=NONE",
        "URI=\"i\",BYTERANGE=\"5@1\"",
        "BANDWIDTH=5,RESOLUTION=1x1,AUDIO=\"a\"",
        "TYPE=AUDIO,GROUP-ID=\"a\",URI=\"s\"",
        "18446744073709551615",
        "nan",
        "-inf",
        "1e308",
        "a.ts",
        "",
        "=",
        "\"",
    ]);
    (tags, values, "\\PC{0,12}").prop_map(|(tag, value, noise)| format!("{tag}{value}{noise}"))
}

proptest! {
    #[test]
    fn whatever_a_playlist_says_it_is_read_or_refused(lines in prop::collection::vec(line(), 0..40)) {
        match playlist(&lines.join("\n")) {
            Ok(Playlist::Media(media)) => for segment in &media.segments {
                prop_assert!(["http", "https"].contains(&segment.location.url.scheme()));
                prop_assert!(segment.location.range.is_none_or(|(start, end)| start < end));
            },
            Ok(Playlist::Master(master)) => drop(master.choose(Quality::Best)),
            Err(error) => prop_assert!(matches!(error.kind, Kind::Corrupt | Kind::Unsupported)),
        }
    }

    #[test]
    fn whatever_bytes_come_they_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = super::read(&bytes, &here());
    }
}
