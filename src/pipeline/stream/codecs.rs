//! Classifies codecs by their names (RFC 6381).

const SOUNDS: [&str; 11] = [
    "mp4a", "ac-3", "ec-3", "ac-4", "opus", "Opus", "fLaC", "flac", "alac", "mp3", "vorbis",
];
const PICTURES: [&str; 15] = [
    "avc1", "mp4v", "avc2", "avc3", "hvc1", "hev1", "dvh1", "dvhe", "dvav", "vvc1", "vp08", "vp8",
    "vp09", "vp9", "av01",
];

fn names(codecs: &str) -> impl Iterator<Item = &str> {
    let names = codecs.split(',').map(str::trim);
    names.filter(|name| !name.is_empty())
}

/// Checks whether all of these are audio codecs.
pub(super) fn is_sound(codecs: &str) -> bool {
    let is_one = |name: &str| SOUNDS.iter().any(|sound| name.starts_with(sound));
    names(codecs).next().is_some() && names(codecs).all(is_one)
}

/// Checks whether one of these is a video codec.
pub(super) fn has_picture(codecs: &str) -> bool {
    let is_one = |name: &str| PICTURES.iter().any(|picture| name.starts_with(picture));
    names(codecs).any(is_one)
}
