//! Detects what a file is from its first bytes.

use std::borrow::Cow;

use file_format::{FileFormat, Kind};

use super::extension::usable;
use super::{container, text};
use crate::model::Medium;

/// Number of first bytes worth examining.
pub(crate) const HEAD: usize = 4100;

/// What a file is, as far as it matters for whether it is what was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A picture.
    Image,
    /// A video.
    Video,
    /// Audio.
    Audio,
    /// A web page.
    Page,
    /// Text: plain, JSON, XML, a playlist.
    Text,
    /// An archive of files, or something compressed.
    Archive,
    /// A document, a book, a table, a presentation.
    Document,
    /// A known format of another kind.
    Other,
    /// Bytes that are not recognised.
    Unknown,
    /// No bytes at all.
    Empty,
    /// Nothing but NUL bytes.
    Zeros,
}

impl Content {
    /// Whether it is an image, video or audio.
    pub(crate) fn is_medium(self) -> bool {
        matches!(self, Content::Image | Content::Video | Content::Audio)
    }

    /// Whether it can be read as a document: a page, or the description of a feed or a stream.
    pub(crate) fn is_readable(self) -> bool {
        matches!(self, Content::Page | Content::Text | Content::Unknown)
    }

    /// Whether it can be a medium of this kind. Video containers often hold audio alone.
    pub(crate) fn can_be(self, medium: Medium) -> bool {
        match (medium, self) {
            (_, Content::Unknown) => true,
            (Medium::Any, content) => content.is_medium(),
            (Medium::Image, content) => content == Content::Image,
            (Medium::Video, content) => content == Content::Video,
            (Medium::Audio, content) => matches!(content, Content::Audio | Content::Video),
        }
    }
}

/// The result of examining the first bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sniff {
    /// What the file is.
    pub(crate) kind: Content,
    /// The usual extension of its format.
    pub(crate) ext: Option<Cow<'static, str>>,
    /// The media type of its format.
    pub(crate) media_type: Option<Cow<'static, str>>,
}

impl Sniff {
    /// A format with an extension and a media type.
    pub(super) const fn new(kind: Content, ext: &'static str, media_type: &'static str) -> Sniff {
        Sniff {
            kind,
            ext: Some(Cow::Borrowed(ext)),
            media_type: Some(Cow::Borrowed(media_type)),
        }
    }

    /// A kind of content without a known format.
    pub(super) const fn bare(kind: Content) -> Sniff {
        Sniff {
            kind,
            ext: None,
            media_type: None,
        }
    }
}

/// Detects what a file is from its first [`HEAD`] bytes, or from all of it if it is shorter.
pub(crate) fn sniff(head: &[u8]) -> Sniff {
    let head = &head[..head.len().min(HEAD)];
    if head.is_empty() {
        return Sniff::bare(Content::Empty);
    }
    if head.iter().all(|&byte| byte == 0) {
        return Sniff::bare(Content::Zeros);
    }
    // Text is checked before the table of formats: many words in it are some format's magic number.
    container::known(head)
        .or_else(|| text::known(head))
        .unwrap_or_else(|| match FileFormat::from_bytes(head) {
            // The table matches on two bytes, which anything may have there.
            FileFormat::Mpeg2TransportStream if !container::is_in_packets(head, 188) => UNKNOWN,
            FileFormat::BdavMpeg2TransportStream if !container::is_in_packets(head, 192) => UNKNOWN,
            format => listed(format),
        })
}

const UNKNOWN: Sniff = Sniff::bare(Content::Unknown);

/// Returns width and height of an image, if they are in its first bytes.
pub(crate) fn dimensions(head: &[u8]) -> Option<(u32, u32)> {
    let size = imagesize::blob_size(head).ok()?;
    Some((size.width.try_into().ok()?, size.height.try_into().ok()?))
}

fn listed(format: FileFormat) -> Sniff {
    let (ext, media_type) = (format.extension(), format.media_type());
    let kind = match format.kind() {
        _ if format == FileFormat::ArbitraryBinaryData => return UNKNOWN,
        // A container for video and audio, like MP4.
        _ if format == FileFormat::AdvancedSystemsFormat => Content::Video,
        // Some media are filed under another kind, such as metadata or diagrams.
        _ if media_type.starts_with("image/") => Content::Image,
        _ if media_type.starts_with("video/") => Content::Video,
        _ if media_type.starts_with("audio/") => Content::Audio,
        Kind::Image => Content::Image,
        Kind::Video => Content::Video,
        Kind::Audio => Content::Audio,
        Kind::Archive | Kind::Compressed | Kind::Package => Content::Archive,
        Kind::Document | Kind::Ebook | Kind::Presentation | Kind::Spreadsheet => Content::Document,
        Kind::Playlist | Kind::Subtitle => Content::Text,
        _ => Content::Other,
    };
    Sniff {
        kind,
        ext: usable(usual(ext)).map(Cow::Owned),
        media_type: Some(Cow::Owned(media_type.to_owned())),
    }
}

/// Returns the extension that people expect, where the table has another.
fn usual(ext: &str) -> &str {
    match ext {
        "aiff" => "aif",
        "tiff" => "tif",
        "oga" => "ogg",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes followed by noise, like the beginning of a longer file.
    fn head(bytes: &[u8]) -> Vec<u8> {
        let noise = (0..600u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8 | 0x80);
        bytes.iter().copied().chain(noise).collect()
    }

    #[test]
    fn names_media_by_their_first_bytes() {
        use Content::{Audio, Image, Video};
        let table: &[(&[u8], Content, &str)] = &[
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0", Image, "jpg"),
            (
                b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0",
                Image,
                "png",
            ),
            (b"GIF89a\x01\0\x01\0\x80\0\0", Image, "gif"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Image, "webp"),
            (b"II*\0\x08\0\0\0", Image, "tif"),
            (b"\0\0\0\x20ftypheic\0\0\0\0mif1heic", Image, "heic"),
            (b"\0\0\0\x20ftypmif1\0\0\0\0mif1heic", Image, "heic"),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", Image, "avif"),
            (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", Image, "avif"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1", Image, "heif"),
            (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ", Image, "jxl"),
            (b"\xff\x0a\xfa\x1f\x00", Image, "jxl"),
            (b"\0\0\x01\0\x01\0\x10\x10", Image, "ico"),
            (b"8BPS\0\x01\0\0", Image, "psd"),
            (b"\0\0\0\x18ftypisom\0\0\x02\0isommp42", Video, "mp4"),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", Video, "mov"),
            (b"\0\0\0\x08wide\0\0\x10\0mdat", Video, "mov"),
            (b"\0\0\0\x18ftypM4V \0\0\0\0M4V mp42", Video, "m4v"),
            (b"\0\0\0\x183gp4ftyp", Content::Unknown, ""),
            (b"\0\0\0\x18ftyp3gp4\0\0\0\0isom3gp4", Video, "3gp"),
            (
                b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
                Video,
                "webm",
            ),
            (
                b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\x82\x88matroska",
                Video,
                "mkv",
            ),
            (b"RIFF\x10\0\0\0AVI LIST", Video, "avi"),
            (b"FLV\x01\x05\0\0\0\x09", Video, "flv"),
            (b"\0\0\x01\xba\x44\0", Video, "mpg"),
            (
                b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x2a\x80theora",
                Video,
                "ogv",
            ),
            (b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42", Audio, "m4a"),
            (b"ID3\x04\0\0\0\0\0\x0a", Audio, "mp3"),
            (b"ID3\x04\0\0\0\0\0\x020\0fLaC\0", Audio, "flac"),
            (b"\xff\xfb\x90\x64\0", Audio, "mp3"),
            (b"\xff\xf1\x50\x80", Audio, "aac"),
            (b"fLaC\0\0\0\x22", Audio, "flac"),
            (b"RIFF\x10\0\0\0WAVEfmt ", Audio, "wav"),
            (
                b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead",
                Audio,
                "opus",
            ),
            (
                b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1e\x01vorbis",
                Audio,
                "ogg",
            ),
            (b"FORM\0\0\x10\0AIFFCOMM", Audio, "aif"),
            (b"MThd\0\0\0\x06\0\x01", Audio, "mid"),
            (
                b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c",
                Video,
                "asf",
            ),
        ];
        for (bytes, kind, ext) in table {
            let sniff = sniff(&head(bytes));
            assert_eq!(
                (sniff.kind, sniff.ext.as_deref().unwrap_or_default()),
                (*kind, *ext),
                "{}",
                bytes.escape_ascii()
            );
        }
    }

    #[test]
    fn quickly_recognised_formats_agree_with_the_table() {
        let images: [&[u8]; 7] = [
            b"\xff\xd8\xff\xe0\0\x10JFIF",
            b"\xff\xd8\xff\xdb\0\x43",
            b"\xff\xd8\xff\xf7\0\x0b",
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\0\0\0\0\0\0\0\x08acTL",
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\0\0\0\0\0\0\0\x08IDAT",
            b"RIFF\x10\0\0\0WEBPVP8 ",
            b"GIF89a\x01\0\x01\0",
        ];
        for image in images {
            let image = head(image);
            let table = listed(FileFormat::from_bytes(&image));
            assert_eq!(sniff(&image), table, "{}", image[..8].escape_ascii());
        }
    }

    #[test]
    fn transport_streams_and_tar_are_recognised_by_later_bytes() {
        let mut stream = vec![0u8; 188 * 4];
        stream.iter_mut().step_by(188).for_each(|byte| *byte = 0x47);
        assert_eq!(sniff(&stream).ext.as_deref(), Some("ts"));
        let mut stream = vec![0xffu8; 192 * 4];
        stream
            .iter_mut()
            .skip(4)
            .step_by(192)
            .for_each(|byte| *byte = 0x47);
        assert_eq!(sniff(&stream).ext.as_deref(), Some("m2ts"));
        // A match of these two bytes alone could be anything.
        for (first, size) in [(0, 188), (4, 192)] {
            let mut noise = head(&[0xf3; 900]);
            for packet in [0, 1] {
                noise[first + packet * size] = 0x47;
            }
            assert_eq!(sniff(&noise), UNKNOWN);
            noise[first + 2 * size] = 0x47;
            assert_eq!(sniff(&noise).kind, Content::Video);
            noise.truncate(first + size + 1);
            assert_eq!(sniff(&noise).kind, Content::Video);
        }
        let mut tar = vec![0u8; 512];
        tar[..5].copy_from_slice(b"a.txt");
        tar[257..265].copy_from_slice(b"ustar\x0000");
        assert_eq!(
            sniff(&tar),
            Sniff::new(Content::Archive, "tar", "application/x-tar")
        );
    }

    #[test]
    fn audio_only_mp4_is_recognised() {
        let movie = |handler: &[u8]| {
            let mut bytes =
                b"\0\0\0\x18ftypisom\0\0\x02\0isommp42\0\0\0\x28moov\0\0\0\x20hdlr\0\0\0\0\0\0\0\0"
                    .to_vec();
            bytes.extend_from_slice(handler);
            bytes.resize(0x18 + 0x28, 0);
            sniff(&bytes)
        };
        assert_eq!(movie(b"soun").ext.as_deref(), Some("m4a"));
        assert_eq!(movie(b"vide").ext.as_deref(), Some("mp4"));
    }

    #[test]
    fn documents_archives_and_blank_files_are_distinguished() {
        let table: &[(&[u8], Content, Option<&str>)] = &[
            (
                b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
                Content::Document,
                Some("pdf"),
            ),
            (b"PK\x03\x04\x14\0\0\0", Content::Archive, Some("zip")),
            (b"\x1f\x8b\x08\0\0\0\0\0", Content::Archive, Some("gz")),
            (b"7z\xbc\xaf\x27\x1c\0\x04", Content::Archive, Some("7z")),
            (b"Rar!\x1a\x07\x01\0", Content::Archive, Some("rar")),
            (b"\xde\xad\xbe\xef\x01\x02\x03", Content::Unknown, None),
        ];
        for (bytes, kind, ext) in table {
            let sniff = sniff(&head(bytes));
            assert_eq!(
                (sniff.kind, sniff.ext.as_deref()),
                (*kind, *ext),
                "{}",
                bytes.escape_ascii()
            );
        }
        assert_eq!(sniff(b""), Sniff::bare(Content::Empty));
        assert_eq!(sniff(&[0; 5000]), Sniff::bare(Content::Zeros));
    }

    #[test]
    fn reads_the_size_of_a_picture() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0";
        assert_eq!(dimensions(png), Some((640, 480)));
        assert_eq!(dimensions(b"text"), None);
        assert_eq!(dimensions(b"\x89PNG"), None);
    }

    #[test]
    fn holds_content_against_the_wanted_medium() {
        let table = [
            (Content::Image, Medium::Image, true),
            (Content::Image, Medium::Video, false),
            (Content::Video, Medium::Audio, true),
            (Content::Audio, Medium::Video, false),
            (Content::Page, Medium::Any, false),
            (Content::Zeros, Medium::Any, false),
            (Content::Unknown, Medium::Image, true),
        ];
        for (content, medium, expected) in table {
            assert_eq!(content.can_be(medium), expected, "{content:?} {medium:?}");
        }
    }
}
