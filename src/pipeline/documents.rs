//! Documents in place of files: a page, feed or listing that came for a link which no site's source recognises.
//!
//! One request decides: the transfer requests a file, and if its first bytes show a document, the document goes back to
//! the walk with the response, so that its source need not request it again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::StatusCode;
use tokio::sync::mpsc;
use url::Url;

use super::LinkOptions;
use super::naming::{Content, Sniff};
use crate::model::{Document, Headers};
use crate::net::{Answer, NamedBy, Opened};

/// Maximum total size of waiting responses, in bytes. A response that does not fit is dropped and requested again.
const MAX_WAITING: usize = 64 << 20;
/// What a response is assumed to take besides its body: its headers keep the buffer they were read into.
const RESPONSE_OVERHEAD: usize = 16 << 10;
/// Maximum length of a document, in bytes.
pub(super) const MAX_DOCUMENT: usize = 32 << 20;

/// A document received in place of a file.
#[derive(Debug)]
pub(super) struct ReceivedDocument {
    pub(super) document: Document,
    /// The requested URL.
    pub(super) url: Url,
    /// The URL that was redirected to.
    pub(super) final_url: Url,
    pub(super) answer: Option<Answer>,
    pub(super) named_by: NamedBy,
    /// The headers that it was requested with, as its item has them.
    pub(super) headers: Headers,
}

/// The verdict on an item that may be a document: the document with its depth and link options, or `None` if it is
/// none.
pub(super) type DocumentOutcome = Option<(ReceivedDocument, usize, Option<Arc<LinkOptions>>)>;

/// Collects the documents that transfers come across.
#[derive(Debug)]
pub(super) struct DocumentQueue {
    outcomes: mpsc::UnboundedSender<DocumentOutcome>,
    waiting: Arc<AtomicUsize>,
}

/// Accompanies an item that may be a document. Dropping it reports that the item is none.
#[derive(Debug)]
pub(super) struct DocumentSender {
    outcomes: Option<mpsc::UnboundedSender<DocumentOutcome>>,
    waiting: Arc<AtomicUsize>,
    depth: usize,
    options: Option<Arc<LinkOptions>>,
}

impl DocumentQueue {
    /// Creates the queue and the receiver of the verdicts. Each [`DocumentSender`] sends exactly one.
    pub(super) fn new() -> (DocumentQueue, mpsc::UnboundedReceiver<DocumentOutcome>) {
        // There are no more verdicts than senders, and senders go with items, few of which are in progress at once.
        let (outcomes, receiver) = mpsc::unbounded_channel();
        let waiting = Arc::default();
        (DocumentQueue { outcomes, waiting }, receiver)
    }

    /// Creates the sender of an item at this depth, from a link with these options.
    pub(super) fn sender(&self, depth: usize, options: Option<Arc<LinkOptions>>) -> DocumentSender {
        DocumentSender {
            outcomes: Some(self.outcomes.clone()),
            waiting: self.waiting.clone(),
            depth,
            options,
        }
    }

    /// Records that this document is no longer waiting.
    pub(super) fn release(&self, received: &ReceivedDocument) {
        self.waiting.fetch_sub(received.len(), Ordering::Relaxed);
    }
}

impl DocumentSender {
    /// Sends the document to the walk.
    pub(super) fn send(mut self, mut received: ReceivedDocument) {
        if self.waiting.load(Ordering::Relaxed) + received.len() > MAX_WAITING {
            received.answer = None;
        }
        self.waiting.fetch_add(received.len(), Ordering::Relaxed);
        if let Some(outcomes) = self.outcomes.take() {
            // If nobody receives it, the run is over.
            let _ = outcomes.send(Some((received, self.depth, self.options.take())));
        }
    }
}

impl Drop for DocumentSender {
    fn drop(&mut self) {
        if let Some(outcomes) = self.outcomes.take() {
            let _ = outcomes.send(None);
        }
    }
}

/// Checks whether a status means that access is denied rather than that nothing is there.
pub(super) fn is_refusal(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 403 | 406 | 451)
}

impl ReceivedDocument {
    /// A refusal whose body has not been read.
    pub(super) fn refusal(url: Url, opened: &Opened) -> ReceivedDocument {
        let answer = Answer {
            url: opened.url.clone(),
            status: opened.response.status(),
            headers: opened.response.headers().clone(),
            body: Bytes::new(),
            open_end: false,
        };
        ReceivedDocument::refused(url, answer, opened.named_by)
    }

    /// A refusal, with the body of its response dropped.
    pub(super) fn refused(url: Url, answer: Answer, named_by: NamedBy) -> ReceivedDocument {
        ReceivedDocument {
            document: Document::Refusal,
            url,
            final_url: answer.url.clone(),
            answer: Some(Answer {
                body: Bytes::new(),
                open_end: false,
                ..answer
            }),
            named_by,
            headers: Headers::default(),
        }
    }

    fn len(&self) -> usize {
        let len = |answer: &Answer| answer.body.len() + RESPONSE_OVERHEAD;
        self.answer.as_ref().map_or(0, len)
    }
}

/// Returns which kind of document starts like this at this address, if any.
pub(super) fn document(
    url: &Url,
    seen: &Sniff,
    content_type: Option<&str>,
    head: &[u8],
) -> Option<Document> {
    let essence = content_type.unwrap_or("").split(';').next().unwrap_or("");
    let essence = essence.trim().to_ascii_lowercase();
    let has = |word: &str| head.windows(word.len()).any(|part| part == word.as_bytes());
    let is_markup = matches!(seen.kind, Content::Page | Content::Text);
    match seen.ext.as_deref() {
        _ if says_stream(url, &essence) && may_be_stream(seen, head) => {
            return Some(Document::Stream);
        }
        _ if !is_markup && seen.kind != Content::Unknown => return None,
        Some("mpd") => return Some(Document::Stream),
        Some("m3u8") if has("#EXT-X-") => return Some(Document::Stream),
        Some("xml") | Some("html") if has("<rss") || has("<rdf:RDF") && has("rss") => {
            return Some(Document::Feed);
        }
        Some("xml") if has("http://www.w3.org/2005/Atom") && has("<feed") => {
            return Some(Document::Feed);
        }
        Some("xml") if has("<ListBucketResult") => return Some(Document::Listing),
        Some("json") if has("jsonfeed.org/version/") || has("jsonfeed.org\\/version\\/") => {
            return Some(Document::Feed);
        }
        Some("json")
            if has("//iiif.io/api/presentation/")
                || has("\\/\\/iiif.io\\/api\\/presentation\\/") =>
        {
            return Some(Document::Iiif);
        }
        _ => {}
    }
    let says_page = matches!(essence.as_str(), "text/html" | "application/xhtml+xml");
    let is_page = seen.kind == Content::Page
        || says_page && matches!(seen.kind, Content::Text | Content::Unknown);
    is_page.then_some(Document::Page)
}

/// Checks whether a response claims to be a playlist or a manifest, by its URL or its content type.
fn says_stream(url: &Url, essence: &str) -> bool {
    let types = [
        "application/dash+xml",
        "application/vnd.apple.mpegurl",
        "application/x-mpegurl",
    ];
    let path = url.path().to_ascii_lowercase();
    types.contains(&essence) || path.ends_with(".mpd") || path.ends_with(".m3u8")
}

/// Checks whether these can be the first bytes of a playlist or manifest, in any text encoding, even behind long
/// comments or a few stray bytes.
fn may_be_stream(seen: &Sniff, head: &[u8]) -> bool {
    let plain: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
    let has = |word: &[u8]| plain.windows(word.len()).any(|part| part == word);
    let is_xml = plain.trim_ascii_start().starts_with(b"<") && !has(b"<html") && !has(b"<HTML");
    match seen.ext.as_deref() {
        Some("xml") => true,
        Some("html") => is_xml && seen.kind == Content::Page && has(b"<!--"),
        _ => {
            let mark = plain.iter().take_while(|byte| !byte.is_ascii()).count();
            plain[mark..].starts_with(b"#EXTM3U") && has(b"#EXT-X-")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::naming::sniff;
    use super::*;

    fn of(head: &str, content_type: &str) -> Option<Document> {
        at("https://x.org/a", head.as_bytes(), content_type)
    }

    fn at(url: &str, head: &[u8], content_type: &str) -> Option<Document> {
        let url = Url::parse(url).unwrap();
        document(&url, &sniff(head), Some(content_type), head)
    }

    #[test]
    fn declared_playlists_are_read_as_streams() {
        let (mpd, m3u8) = ("https://x.org/a.mpd", "https://x.org/a.M3U8?b");
        let long = format!("<?xml version='1.0'?><!-- {}", "x".repeat(5000));
        let open = &long[21..];
        let wide: Vec<u8> = "\u{feff}#EXTM3U\n#EXT-X-VERSION:3\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let nul = b"#EXTM3U\n#EXT-X-VERSION:3\n\0";
        let songs = b"#EXTM3U\n#EXTINF:3,\nsong.mp3\n";
        let page = b"<!doctype html><title>x</title>";
        let table: [(&str, &[u8], &str, Option<Document>); 8] = [
            (mpd, long.as_bytes(), "text/xml", Some(Document::Stream)),
            (mpd, open.as_bytes(), "", Some(Document::Stream)),
            (
                "https://x.org/a",
                long.as_bytes(),
                "application/dash+xml",
                Some(Document::Stream),
            ),
            ("https://x.org/a", long.as_bytes(), "text/xml", None),
            (m3u8, &wide, "", Some(Document::Stream)),
            (m3u8, nul, "text/plain", Some(Document::Stream)),
            (m3u8, songs, "audio/x-mpegurl", None),
            (m3u8, page, "", Some(Document::Page)),
        ];
        for (url, head, content_type, expected) in table {
            let seen = at(url, head, content_type);
            assert_eq!(seen, expected, "{url} {}", head[..20].escape_ascii());
        }
    }

    #[test]
    fn the_first_bytes_decide_what_it_is() {
        let table = [
            ("<!doctype html><title>x</title>", "", Some(Document::Page)),
            ("hello", "text/html; charset=utf-8", Some(Document::Page)),
            ("hello", "text/plain", None),
            (
                "<?xml version='1.0'?><rss version='2.0'>",
                "text/html",
                Some(Document::Feed),
            ),
            (
                "<rss version=\"2.0\" xmlns:x=\"y\"><channel>",
                "",
                Some(Document::Feed),
            ),
            (
                "<rss version=\"2.0\"><channel>",
                "application/rss+xml",
                Some(Document::Feed),
            ),
            (
                "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'>",
                "application/xml",
                Some(Document::Feed),
            ),
            (
                "{\"version\": \"https://jsonfeed.org/version/1.1\"}",
                "application/json",
                Some(Document::Feed),
            ),
            ("{\"version\": 3}", "application/json", None),
            (
                "{\"@context\": \"http://iiif.io/api/presentation/3/context.json\"}",
                "application/ld+json",
                Some(Document::Iiif),
            ),
            (
                "{\"@context\":\"http:\\/\\/iiif.io\\/api\\/presentation\\/2\\/context.json\"}",
                "text/plain",
                Some(Document::Iiif),
            ),
            (
                "{\"@context\": \"http://iiif.io/api/image/2/context.json\"}",
                "application/json",
                None,
            ),
            (
                "<?xml version='1.0'?><ListBucketResult xmlns='x'>",
                "application/xml",
                Some(Document::Listing),
            ),
            ("<?xml version='1.0'?><project>", "application/xml", None),
            ("GIF89a\x01", "text/html", None),
            ("#EXTM3U\n#EXTINF:3,\nsong.mp3\n", "audio/x-mpegurl", None),
            (
                "#EXTM3U\n#EXT-X-VERSION:3\n",
                "text/plain",
                Some(Document::Stream),
            ),
            (
                "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'>",
                "text/html",
                Some(Document::Stream),
            ),
        ];
        for (head, content_type, expected) in table {
            assert_eq!(of(head, content_type), expected, "{head}");
        }
    }

    #[test]
    fn a_sender_sends_one_outcome_whatever_becomes_of_it() {
        let received = || ReceivedDocument {
            document: Document::Page,
            url: Url::parse("https://x.org/").unwrap(),
            final_url: Url::parse("https://x.org/").unwrap(),
            answer: None,
            named_by: NamedBy::User,
            headers: Headers::default(),
        };
        let (queue, mut outcomes) = DocumentQueue::new();
        drop(queue.sender(0, None));
        assert!(outcomes.try_recv().unwrap().is_none());
        queue.sender(3, None).send(received());
        assert_eq!(outcomes.try_recv().unwrap().unwrap().1, 3);
        assert!(outcomes.try_recv().is_err());
    }
}
