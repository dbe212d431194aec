//! What is known about extensions and media types: which are equivalent, and which need caution.

use mime2ext::mime2ext;

/// Checks whether both extensions are spellings of one type, or one is a special case of the other.
pub(super) fn same_type(one: &str, other: &str) -> bool {
    one == other
        || ALIASES
            .iter()
            .any(|group| group.contains(&one) && group.contains(&other))
}

/// Checks whether it is an extension of images, videos or audio.
pub(super) fn is_medium(ext: &str) -> bool {
    MEDIA.contains(&ext)
        || ALIASES[..MEDIA_ALIASES]
            .iter()
            .any(|group| group.contains(&ext))
}

/// Checks whether it is an extension of images.
pub(super) fn is_image(ext: &str) -> bool {
    IMAGES.contains(&ext)
        || ALIASES[..IMAGE_ALIASES]
            .iter()
            .any(|group| group.contains(&ext))
}

/// Returns the extension for a Content-Type, if the type is specific.
pub(super) fn declared(content_type: &str) -> Option<&'static str> {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let (kind, subtype) = essence.split_once('/')?;
    let generic = matches!(
        kind,
        "binary" | "multipart" | "unknown" | "*" | "content" | "message"
    ) || subtype.contains("octet-stream")
        || matches!(
            subtype,
            "download" | "x-download" | "force-download" | "x-force-download"
        )
        || matches!(
            essence.as_str(),
            "text/plain" | "application/binary" | "application/unknown" | "application/x-unknown"
        );
    if generic {
        return None;
    }
    let known = TYPES.iter().find(|(media_type, _)| *media_type == essence);
    let ext = known.map(|&(_, ext)| ext).or_else(|| mime2ext(&essence))?;
    (ext != "bin").then_some(ext)
}

/// Types for which the table of `mime-db` has no extension, or an unexpected one.
const TYPES: &[(&str, &str)] = &[
    ("application/ogg", "ogg"),
    ("application/vnd.apple.mpegurl", "m3u8"),
    ("application/x-gzip", "gz"),
    ("application/x-mpegurl", "m3u8"),
    ("application/x-rar", "rar"),
    ("application/x-zip", "zip"),
    ("application/x-zip-compressed", "zip"),
    ("audio/aac", "aac"),
    ("audio/aacp", "aac"),
    ("audio/aiff", "aif"),
    ("audio/flac", "flac"),
    ("audio/m4a", "m4a"),
    ("audio/midi", "mid"),
    ("audio/mp3", "mp3"),
    ("audio/mp4", "m4a"),
    ("audio/mpeg", "mp3"),
    ("audio/mpeg3", "mp3"),
    ("audio/mpegurl", "m3u8"),
    ("audio/ogg", "ogg"),
    ("audio/opus", "opus"),
    ("audio/vorbis", "ogg"),
    ("audio/x-aiff", "aif"),
    ("audio/x-flac", "flac"),
    ("audio/x-m4a", "m4a"),
    ("audio/x-midi", "mid"),
    ("audio/x-mp3", "mp3"),
    ("audio/x-mpeg", "mp3"),
    ("audio/x-mpegurl", "m3u8"),
    ("audio/x-wav", "wav"),
    ("image/jpeg", "jpg"),
    ("image/jpg", "jpg"),
    ("image/pjpeg", "jpg"),
    ("image/tiff", "tif"),
    ("image/vnd.microsoft.icon", "ico"),
    ("image/x-icon", "ico"),
    ("image/x-ms-bmp", "bmp"),
    ("image/x-png", "png"),
    ("text/javascript", "js"),
    ("text/xml", "xml"),
    ("video/avi", "avi"),
    ("video/matroska", "mkv"),
    ("video/mp2t", "ts"),
    ("video/mp4", "mp4"),
    ("video/mpeg", "mpg"),
    ("video/msvideo", "avi"),
    ("video/quicktime", "mov"),
    ("video/x-flv", "flv"),
    ("video/x-m4v", "m4v"),
    ("video/x-matroska", "mkv"),
    ("video/x-mpeg", "mpg"),
    ("video/x-ms-wmv", "wmv"),
    ("video/x-msvideo", "avi"),
];

/// How many of the groups below are media; they come first.
const MEDIA_ALIASES: usize = 22;

/// How many of those are images; they come first among them.
const IMAGE_ALIASES: usize = 10;

/// Groups of extensions that share a type or a container.
const ALIASES: &[&[&str]] = &[
    &[
        "jpg", "jpeg", "jpe", "jfif", "pjpeg", "pjp", "jif", "jfi", "mpo",
    ],
    &["png", "apng"],
    &[
        "tif", "tiff", "dng", "nef", "nrw", "arw", "cr2", "orf", "pef", "srw", "sr2", "rw2", "3fr",
        "erf", "dcr", "kdc", "mef", "mos", "iiq", "fff",
    ],
    &["heic", "heif", "heics", "heifs", "hif"],
    &["avif", "avifs"],
    &["bmp", "dib"],
    &["ico", "cur"],
    &["psd", "psb"],
    &["jp2", "j2k", "jpf", "jpx", "jpm", "j2c", "jpc"],
    &["eps", "epsf", "epsi"],
    &[
        "mp4", "m4v", "mp4v", "m4a", "m4b", "m4p", "m4r", "m4s", "f4v", "f4a", "ismv", "cmfv",
        "cmfa",
    ],
    &["mov", "qt"],
    &["3gp", "3gpp", "3g2", "3gp2"],
    &["mkv", "mka", "mk3d", "mks"],
    &["webm", "weba", "mkv"],
    &["ogg", "oga", "ogv", "ogx", "ogm", "spx", "opus"],
    &["mpg", "mpeg", "mpe", "m1v", "m2v", "mpv", "vob", "dat"],
    &["ts", "mts", "m2ts", "m2t", "tp", "trp"],
    &["asf", "wmv", "wma"],
    &["mp3", "mpga", "mp2", "mpa"],
    &["aif", "aiff", "aifc"],
    &["mid", "midi", "kar", "rmi"],
    &["html", "htm", "xhtml", "xht", "shtml", "mhtml"],
    &[
        "txt", "text", "md", "log", "csv", "tsv", "srt", "vtt", "ini", "cfg",
    ],
    &["m3u8", "m3u"],
    &["js", "mjs", "cjs"],
    &["yaml", "yml"],
    &["ps", "eps", "ai"],
    &["pdf", "ai"],
    &["mpd", "xml"],
    &["vtt", "webvtt"],
    &[
        "tar", "tgz", "tbz", "tbz2", "txz", "tzst", "tar.gz", "tar.bz2", "tar.xz", "tar.zst",
        "cbt", "gem", "ova",
    ],
    &["gz", "svgz"],
    &["bz2", "tbz", "tbz2", "tar.bz2"],
    &["xz", "txz", "tar.xz"],
    &["zst", "tzst", "tar.zst"],
    &["rar", "cbr"],
    &["7z", "cb7"],
];

/// Media with only one spelling.
const MEDIA: &[&str] = &[
    "gif", "webp", "jxl", "svg", "svgz", "cr3", "raf", "avi", "flv", "wav", "flac", "aac", "amr",
    "mxf", "rm", "rmvb", "au", "ape", "wv", "ac3", "dts",
];

/// Images with only one spelling.
const IMAGES: &[&str] = &["gif", "webp", "jxl", "svg", "svgz", "cr3", "raf"];

/// Media that are audio only.
pub(super) const AUDIO: &[&str] = &[
    "m4a", "m4b", "m4p", "m4r", "f4a", "cmfa", "mka", "weba", "ogg", "oga", "spx", "opus", "wma",
    "mp3", "mpga", "mp2", "mpa", "aif", "aiff", "aifc", "mid", "midi", "kar", "rmi", "wav", "flac",
    "aac", "amr", "au", "ape", "wv", "ac3", "dts",
];

/// Types that hold files of many formats, so that the extension in the name says more.
pub(super) const CONTAINERS: &[&str] = &["zip", "gz", "xml", "json", "tar", "txt", "sqlite", "exe"];

/// Extensions of scripts that a server runs to produce the response: they name the script, not the file.
pub(super) const SCRIPTS: &[&str] = &[
    "php", "php3", "php5", "phtml", "asp", "aspx", "ashx", "jsp", "jspx", "cgi", "cfm", "do",
    "dll", "pl",
];

/// Extensions of files that run when opened.
pub(super) const PROGRAMS: &[&str] = &[
    "exe", "msi", "bat", "com", "scr", "js", "jar", "sh", "hta", "vbs", "ps1", "lnk", "url", "apk",
    "dmg", "deb", "rpm", "jnlp", "appimage",
];
/// Extensions of more than four letters that are in no table of formats.
pub(super) const LONG: &[&str] = &[
    "blend",
    "geojson",
    "gpkg",
    "html5",
    "ipynb",
    "jsonl",
    "ndjson",
    "patch",
    "plist",
    "shtml",
    "xhtml",
    "webvtt",
    "markdown",
    "properties",
    "mhtml",
    "pjpeg",
    "rmvb",
    "heics",
    "heifs",
    "avifs",
    "ismv",
    "jpeg",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_come_first_among_the_aliases() {
        assert_eq!(ALIASES[MEDIA_ALIASES - 1][0], "mid");
        assert_eq!(ALIASES[IMAGE_ALIASES - 1][0], "eps");
        assert!(AUDIO.iter().chain(IMAGES).all(|ext| is_medium(ext)));
        assert!(is_medium("jpeg") && is_medium("gif") && !is_medium("html") && !is_medium("zip"));
    }
}
