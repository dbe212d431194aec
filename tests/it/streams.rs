//! Streams: what a playlist of segments becomes.

mod captions;
mod clock;
mod dash;
mod files;
mod full;
mod live;
mod lossy;
mod muxed;
mod real;
mod refused;
mod reloads;
mod resume;
mod signed;
mod sound;
mod tracks;
mod waits;
mod whole;

use std::time::{Duration, Instant};

use aws_lc_rs::cipher::{AES_128, EncryptionContext, StreamingEncryptingKey, UnboundCipherKey};

use crate::support::command::{Fetch, Running};
use crate::support::{Reply, Site};

/// A transport stream of so many packets, told from others by its seed. Nobody could watch it.
pub(crate) fn segment(seed: u64, packets: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(packets * 188);
    for _ in 0..packets {
        bytes.extend_from_slice(&[0x47, 0x40, 0x11, 0x10]);
        for _ in 0..23 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            bytes.extend_from_slice(&(state >> 8).to_le_bytes());
        }
    }
    bytes
}

/// A call that waits for nothing, so that failures come soon.
pub(crate) fn quick() -> Fetch {
    hasty(&Fetch::new())
}

/// The same of a user who is there already.
pub(crate) fn hasty(fetch: &Fetch) -> Fetch {
    fetch.clone().args(["-S", "net.backoff=1ms", "-R", "2"])
}

/// A playlist of these lines.
pub(crate) fn playlist(lines: &str) -> Reply {
    Reply::text(format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n{lines}"))
        .content_type("application/vnd.apple.mpegurl")
}

/// Waits until a state is on the disk that is as it should be.
pub(crate) fn wait_for_state(
    fetch: &Fetch,
    running: &Running,
    is_it: impl Fn(&serde_json::Value) -> bool,
) -> serde_json::Value {
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        let states = fetch.partials().into_iter();
        for name in states.filter(|name| name.ends_with(".json")) {
            let text = std::fs::read(fetch.out().join(name)).unwrap_or_default();
            let state: Result<serde_json::Value, _> = serde_json::from_slice(&text);
            if let Some(state) = state.ok().filter(&is_it) {
                return state;
            }
        }
        assert!(Instant::now() < deadline, "no state:\n{}", running.stderr());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The lines for so many segments, with an end.
pub(crate) fn list(count: usize) -> String {
    let lines: String = (0..count)
        .map(|n| format!("#EXTINF:4,\n{n}.ts\n"))
        .collect();
    lines + "#EXT-X-ENDLIST\n"
}

/// Puts so many segments on a site, below this folder, and gives what they are together.
pub(crate) fn segments(site: &Site, folder: &str, count: usize, packets: usize) -> Vec<u8> {
    let mut whole = Vec::new();
    for n in 0..count {
        let bytes = segment(n as u64, packets);
        site.on(&format!("{folder}/{n}.ts"), Reply::file(bytes.clone()));
        whole.extend(bytes);
    }
    whole
}

pub(crate) fn encrypted(bytes: &[u8], key: &[u8; 16], iv: [u8; 16]) -> Vec<u8> {
    let key = UnboundCipherKey::new(&AES_128, key).unwrap();
    let context = EncryptionContext::Iv128(iv.into());
    let mut key = StreamingEncryptingKey::less_safe_cbc_pkcs7(key, context).unwrap();
    let mut out = vec![0; bytes.len() + 32];
    let written = key.update(bytes, &mut out).unwrap().written().len();
    let rest = key.finish(&mut out[written..]).unwrap().1.written().len();
    out.truncate(written + rest);
    out
}

#[test]
fn a_playlist_is_saved_as_one_file() {
    let site = Site::start();
    site.on("/films/cats/index.m3u8", playlist(&list(30)));
    let whole = segments(&site, "/films/cats", 30, 50);
    let user = Fetch::new();
    let fetch = hasty(&user).arg(site.url("/films/cats/index.m3u8"));
    let done = fetch.run().success();
    assert_eq!(fetch.tree(), format!("cats.ts {}\n", whole.len()));
    assert!(fetch.files()["cats.ts"] == whole);
    assert_eq!(fetch.partials(), Vec::<String>::new());
    assert!(done.stderr.contains("1 new"), "{}", done.stderr);
    // What is there is not fetched again, and is known by its digest.
    site.forget();
    let again = fetch.run().success();
    assert!(again.stderr.contains("1 had"), "{}", again.stderr);
    assert_eq!(site.count("/films/cats/0.ts"), 0);
    user.arg("verify").run().success();
}

#[test]
fn segments_are_downloaded_in_parallel_and_joined_in_order() {
    let site = Site::start();
    site.on("/cats.m3u8", playlist(&list(40)));
    let mut whole = Vec::new();
    for n in 0..40u64 {
        let bytes = segment(n, 200);
        // The first ones are the last to come.
        let delay = Duration::from_millis(400 / (n + 1));
        site.on(&format!("/{n}.ts"), Reply::file(bytes.clone()).delay(delay));
        whole.extend(bytes);
    }
    let fetch = quick().arg(site.url("/cats.m3u8"));
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole);
    assert!(site.max_concurrent() > 3, "{}", site.max_concurrent());
}

#[test]
fn a_page_with_a_stream_yields_its_video() {
    let site = Site::start();
    let page = "<title>Cats</title><video><source src=\"/hls/master.m3u8\" type=\"application/x-mpegURL\"></video>";
    site.on("/watch", Reply::html(page));
    site.on("/hls/master.m3u8", playlist(&list(3)));
    let whole = segments(&site, "/hls", 3, 50);
    let fetch = quick().arg(site.url("/watch"));
    fetch.run().success();
    let files = fetch.files();
    assert_eq!(files.len(), 1);
    let (name, bytes) = files.first_key_value().unwrap();
    assert!(name.ends_with(".ts") && *bytes == whole, "{name}");
}

#[test]
fn byte_range_segments_and_their_init_section_are_joined() {
    let site = Site::start();
    let init = b"\0\0\0\x18ftypiso5\0\0\x02\0iso5mp42\0\0\0\x08moov".to_vec();
    let parts: Vec<Vec<u8>> = (0..6u8)
        .map(|n| [&b"\0\0\x04\x08moof"[..], &[n; 1024]].concat())
        .collect();
    let file = [vec![init.clone()], parts.clone()].concat().concat();
    let lines: String = (1..6)
        .map(|_| "#EXTINF:4,\n#EXT-X-BYTERANGE:1032\nall.mp4\n")
        .collect();
    site.on(
        "/cats.m3u8",
        playlist(&format!(
            "#EXT-X-MAP:URI=\"all.mp4\",BYTERANGE=\"{}@0\"\n#EXTINF:4,\n#EXT-X-BYTERANGE:1032@{}\nall.mp4\n{lines}#EXT-X-ENDLIST\n",
            init.len(),
            init.len()
        )),
    );
    site.on("/all.mp4", Reply::file(file.clone()));
    let fetch = quick().arg(site.url("/cats.m3u8"));
    fetch.run().success();
    assert!(fetch.files()["cats.mp4"] == file);
    assert_eq!(site.count("/all.mp4"), 7);
}

#[test]
fn encrypted_segments_are_decrypted_with_one_key_request() {
    let site = Site::start();
    let (key, other) = (*b"0123456789abcdef", *b"fedcba9876543210");
    site.on(
        "/cats.m3u8",
        playlist(
            "#EXT-X-MEDIA-SEQUENCE:258\n#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n#EXTINF:4,\n0.ts\n#EXTINF:4,\n1.ts\n\
             #EXT-X-KEY:METHOD=AES-128,URI=\"/other\",IV=0x0000000000000000000000000000002A\n#EXTINF:4,\n2.ts\n\
             #EXT-X-KEY:METHOD=NONE\n#EXTINF:4,\n3.ts\n#EXT-X-ENDLIST\n",
        ),
    );
    site.on("/key", Reply::file(key)).once();
    site.on("/other", Reply::file(other)).once();
    let plain: Vec<_> = (0..4).map(|n| segment(n, 60 + n as usize)).collect();
    let iv = |number: u128| number.to_be_bytes();
    site.on("/0.ts", Reply::file(encrypted(&plain[0], &key, iv(258))));
    site.on("/1.ts", Reply::file(encrypted(&plain[1], &key, iv(259))));
    site.on("/2.ts", Reply::file(encrypted(&plain[2], &other, iv(42))));
    site.on("/3.ts", Reply::file(plain[3].clone()));
    let fetch = quick().arg(site.url("/cats.m3u8"));
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == plain.concat());
}

#[test]
fn a_truncated_segment_is_requested_again() {
    let site = Site::start();
    site.on("/cats.m3u8", playlist(&list(3)));
    let whole: Vec<_> = (0..3).map(|n| segment(n, 2000)).collect();
    site.on("/0.ts", Reply::file(whole[0].clone()).cut_after(100_000))
        .once();
    site.on("/0.ts", Reply::file(whole[0].clone()).reset_after(200_000))
        .once();
    site.on("/0.ts", Reply::file(whole[0].clone()));
    site.on("/1.ts", Reply::text("busy").status(503)).once();
    site.on("/1.ts", Reply::file(whole[1].clone()));
    site.on("/2.ts", Reply::file(whole[2].clone()).cut_after(300_000))
        .once();
    site.on("/2.ts", Reply::file(whole[2].clone()));
    let fetch = quick().arg(site.url("/cats.m3u8"));
    fetch.run().success();
    assert!(fetch.files()["cats.ts"] == whole.concat());
}

#[test]
fn streams_have_the_events_of_any_file() {
    let site = Site::start();
    site.on("/cats.m3u8", playlist(&list(3)));
    let whole = segments(&site, "", 3, 50);
    let done = quick()
        .arg("-j")
        .arg(site.url("/cats.m3u8"))
        .run()
        .success();
    let events: Vec<serde_json::Value> = done
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ended = events
        .iter()
        .rfind(|event| event["event"] == "ended")
        .unwrap();
    assert_eq!(
        (&ended["outcome"], &ended["size"]),
        (&"saved".into(), &whole.len().into()),
        "{ended}"
    );
    assert!(
        events.iter().any(|event| event["event"] == "began"),
        "{events:?}"
    );
}
