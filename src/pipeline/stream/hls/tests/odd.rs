//! Playlists that are rare or do not quite follow RFC 8216, but are accepted by other players.

use super::*;

#[test]
fn meaningless_playlist_lines_are_ignored() {
    for first in ["#EXTM3U x=1", "#EXTM3U\t", "#EXTM3U"] {
        let text = format!("{first}\n#EXTINF:1,\na.ts\n");
        assert!(
            super::super::read(text.as_bytes(), &here()).is_ok(),
            "{first}"
        );
    }
    for attributes in [
        "BANDWIDTH=9,FOO",
        "FOO,BANDWIDTH=9",
        "BANDWIDTH=9,NAME=a, b,",
        "BANDWIDTH=9,,X",
    ] {
        let Playlist::Master(master) =
            playlist(&format!("#EXT-X-STREAM-INF:{attributes}\nv.m3u8\n")).unwrap()
        else {
            panic!("{attributes}");
        };
        let choice = master.choose(Quality::Best).unwrap();
        assert!(
            choice.main.about.starts_with("9 "),
            "{attributes}: {}",
            choice.main.about
        );
    }
    let key = "#EXT-X-KEY:URI=\"k\",METHOD\n#EXTINF:1,\na.ts\n";
    assert_eq!(media(key).unwrap_err().kind, Kind::Corrupt);
}

#[test]
fn vod_playlists_are_complete() {
    let list = |kind: &str| {
        let text = format!("#EXT-X-PLAYLIST-TYPE:{kind}\n#EXTINF:1,\na.ts\n");
        media(&text).unwrap().ended
    };
    assert!(list("VOD"));
    assert!(!list("EVENT"));
}

#[test]
fn a_key_applies_until_the_next_of_its_format() {
    let skd = |name: &str, method: &str| {
        format!(
            "#EXT-X-KEY:METHOD={method},URI=\"skd://{name}\",KEYFORMAT=\"com.apple.streamingkeydelivery\"\n"
        )
    };
    let own = "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n";
    let (a, b) = ("#EXTINF:1,\na.ts\n", "#EXTINF:1,\nb.ts\n");
    let list = format!("{own}{}{a}{}{b}", skd("x", "AES-128"), skd("y", "AES-128"));
    let expected = [
        "0 /films/cats/a.ts /films/cats/k 0",
        "1 /films/cats/b.ts /films/cats/k 1",
    ];
    assert_eq!(parts(&media(&list).unwrap()), expected);
    // What is encrypted differently from there on is not decrypted with it.
    let list = format!("{own}{a}{}{b}", skd("y", "SAMPLE-AES"));
    assert_eq!(media(&list).unwrap_err().kind, Kind::Unsupported);
}

#[test]
fn the_same_rendition_may_be_in_several_places() {
    let text = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"s1\",NAME=\"x\",URI=\"s1.m3u8\"\n\
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"s2\",NAME=\"x\",URI=\"s2.m3u8\"\n\
        #EXT-X-STREAM-INF:BANDWIDTH=9,RESOLUTION=64x36,AUDIO=\"s1\"\na.m3u8\n\
        #EXT-X-STREAM-INF:BANDWIDTH=8,RESOLUTION=64x36,AUDIO=\"s1\"\nb.m3u8\n\
        #EXT-X-STREAM-INF:BANDWIDTH=9,RESOLUTION=64x36,AUDIO=\"s2\"\nc.m3u8\n";
    let Playlist::Master(master) = playlist(text).unwrap() else {
        panic!("{text}");
    };
    let choice = master.choose(Quality::Best).unwrap();
    let name = |chosen: &Chosen| chosen.url.path().replace("/films/cats/", "");
    let others = choice.others.iter();
    let others: Vec<_> = others
        .map(|(main, sound)| (name(main), sound.as_ref().map(name)))
        .collect();
    assert_eq!(name(&choice.main), "a.m3u8");
    assert_eq!(others, [("c.m3u8".to_owned(), Some("s2.m3u8".to_owned()))]);
}

#[test]
fn so_many_keys_hold_at_once_and_no_more() {
    let keys = |count: usize| -> String {
        let key = |n| format!("#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k\",KEYFORMAT=\"f{n}\"\n");
        let own = "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n".to_owned();
        own + &(1..count).map(key).collect::<String>() + "#EXTINF:1,\na.ts\n"
    };
    assert!(media(&keys(20)).is_ok());
    assert_eq!(media(&keys(21)).unwrap_err().kind, Kind::Corrupt);
}

#[test]
fn a_list_may_end_in_the_middle_of_a_line() {
    let lines = "#EXTINF:1,\na.ts\n#EXTINF:1,\nb.ts";
    assert!(media(lines).unwrap().cut);
    for whole in [
        format!("{lines}\n"),
        format!("{lines}\n#EXT-X-ENDLIST"),
        format!("#EXT-X-PLAYLIST-TYPE:VOD\n{lines}"),
    ] {
        assert!(!media(&whole).unwrap().cut, "{whole}");
    }
}
