//! Recognizes the protection (DRM) of a video.

use super::boxes::{self, boxes, named};
use super::unsupported;
use crate::model::Error;

/// Protection systems, by their registered identifiers.
const SCHEMES: [(&str, &str); 4] = [
    ("edef8ba9-79d6-4ace-a3c8-27dcd51d21ed", "Widevine"),
    ("9a04f079-9840-4286-ab92-e65be0885f95", "PlayReady"),
    ("94ce86fb-07ff-4f43-adb8-93d2fa968ca2", "FairPlay"),
    ("e2719d58-a985-b3c9-781a-b030af78d30e", "ClearKey"),
];
/// The name where the system is unknown.
pub(super) const COMMON: &str = "common encryption";

/// Returns the name of the system whose identifier occurs in this text.
pub(super) fn known(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    let known = SCHEMES.iter().find(|(id, _)| text.contains(id));
    known.map(|(_, name)| *name)
}

/// Returns the name of the protection, if this is the beginning of an encrypted video (ISO/IEC 23001-7).
pub(in crate::pipeline) fn of_boxes(head: &[u8]) -> Option<&'static str> {
    let mut budget = boxes::MOST;
    let mut found = None;
    for (_, film) in named(head, b"moov", &mut budget) {
        if !is_encrypted(film, &mut budget) {
            continue;
        }
        found = Some(COMMON);
        for (_, body) in named(film, b"pssh", &mut budget) {
            let id: String = body
                .get(4..20)?
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let is_it = |text: &str| text.replace('-', "") == id;
            if let Some((_, name)) = SCHEMES.iter().find(|(text, _)| is_it(text)) {
                return Some(name);
            }
        }
    }
    found
}

/// Checks whether a track of this video has encrypted samples.
fn is_encrypted(film: &[u8], budget: &mut usize) -> bool {
    let mut inner = vec![film];
    for name in [b"trak", b"mdia", b"minf", b"stbl", b"stsd"] {
        let all = inner
            .into_iter()
            .flat_map(|outer| named(outer, name, budget));
        inner = all.map(|(_, body)| body).collect();
    }
    // The boxes follow a version and their number.
    let mut entries = inner.into_iter().filter_map(|list| list.get(8..));
    entries.any(|list| {
        let mut entries = boxes(list, budget).into_iter();
        entries.any(|(name, _)| matches!(name, b"encv" | b"enca"))
    })
}

/// Returns the error for a stream with this protection.
pub(in crate::pipeline) fn refused(name: &str) -> Error {
    unsupported(format_args!(
        "is protected by {name} (DRM), which is not supported"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let len = (body.len() as u32 + 8).to_be_bytes();
        [&len, name.as_slice(), body].concat()
    }

    /// Builds a video with this sample entry, and with further boxes.
    fn film(entry: &[u8; 4], beside: &[u8]) -> Vec<u8> {
        let list = [&[0, 0, 0, 0, 0, 0, 0, 1][..], &boxed(entry, &[0; 78])].concat();
        let mut inner = boxed(b"stsd", &list);
        for name in [b"stbl", b"minf", b"mdia", b"trak"] {
            inner = boxed(name, &inner);
        }
        [
            boxed(b"ftyp", b"iso5"),
            boxed(b"moov", &[&inner, beside].concat()),
        ]
        .concat()
    }

    #[test]
    fn encryption_is_recognised_by_boxes() {
        let id = b"\xed\xef\x8b\xa9\x79\xd6\x4a\xce\xa3\xc8\x27\xdc\xd5\x1d\x21\xed";
        let system = |id: &[u8]| boxed(b"pssh", &[&[0; 4], id, &[0; 4]].concat());
        let table = [
            (film(b"avc1", &[]), None),
            (film(b"avc1", &system(id)), None),
            (film(b"encv", &[]), Some(COMMON)),
            (film(b"enca", &system(&[7; 16])), Some(COMMON)),
            (film(b"encv", &system(id)), Some("Widevine")),
            (b"\x47\x40\x11\x10".to_vec(), None),
        ];
        for (head, expected) in table {
            assert_eq!(of_boxes(&head), expected);
        }
    }
}
