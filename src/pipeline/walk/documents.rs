//! Lists what documents lead to: pages, feeds and listings that arrived in place of files.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::header;
use tokio::sync::mpsc;
use url::Url;

use super::{Child, Found, ListContext, Origin, ROOM, Walk};
use crate::model::{Body, Document, Error, Headers, Item, Kind, Link, Request, Result};
use crate::net::{Coding, Redacted, coding, header_map};
use crate::pipeline::LinkOptions;
use crate::pipeline::adopt::is_named_as_file;
use crate::pipeline::archive::{Ending, Identity, Note};
use crate::pipeline::documents::{ReceivedDocument, document, is_refusal};
use crate::pipeline::given::behind;
use crate::pipeline::naming::{HEAD, sniff};
use crate::pipeline::transfer::why_refused;
use crate::source::Ctx;

/// Passes streams on with the headers that their document was requested with, if they are on the same origin.
async fn forward_streams(
    mut listed: mpsc::Receiver<Found>,
    (url, headers): (Url, Headers),
    out: mpsc::Sender<Found>,
) {
    while let Some(mut found) = listed.recv().await {
        if let Body::Hls(request) | Body::Dash(request) = &mut found.item.body
            && request.headers.is_empty()
            && request.url.origin() == url.origin()
        {
            request.headers.clone_from(&headers);
        }
        if out.send(found).await.is_err() {
            // The listing itself notices that the receiver is gone.
            return;
        }
    }
}

impl Walk {
    /// Starts to list what a document leads to; its items come out of the returned child.
    pub(super) fn document(
        self: Arc<Self>,
        received: ReceivedDocument,
        depth: usize,
        options: Option<Arc<LinkOptions>>,
    ) -> Child {
        let shown = Redacted(&received.url).to_string();
        self.start(shown, |walk, out| walk.read(received, depth, options, out))
    }

    async fn read(
        self: Arc<Self>,
        received: ReceivedDocument,
        depth: usize,
        options: Option<Arc<LinkOptions>>,
        out: mpsc::Sender<Found>,
    ) -> Result<()> {
        let ReceivedDocument {
            document,
            url,
            final_url,
            answer,
            named_by,
            headers,
        } = received;
        let is_page = matches!(document, Document::Page | Document::Refusal);
        let is_led_to_site = is_page && self.registry.leads_to_site(&url, &final_url);
        let link = match is_led_to_site {
            // Its source finds more there than any reader of pages.
            true => Some(final_url),
            false => self.registry.reader(document).and_then(|source| {
                let name = &source.manifest().name;
                Url::parse(&format!("{name}:{url}")).ok()
            }),
        };
        let Some(link) = link else {
            let origin = Origin::of(&Link::from(url), named_by);
            let error = Error::new(
                Kind::Unsupported,
                format!("the server sent a {document}, not a file"),
            )
            .hint("no source reads it; give the address of the file itself");
            return self
                .finish_listing(Arc::new(origin), options.as_deref(), 0, Err(error))
                .await;
        };
        let ctx = Ctx::for_link_named_by(self.client.clone(), named_by);
        if let Some(answer) = answer {
            ctx.keep_response(url.clone(), answer);
        }
        let top = self.top_context(options);
        // The URL may return something else the next time, or the file.
        let asked = Origin::of(&Link::from(url.clone()), named_by);
        let context = ListContext {
            requested_link: Some(Arc::new(asked)),
            depth: depth + 1,
            handed: depth > 0,
            // For a link handed on by a listing, that listing tracks the progress.
            tracks: top.tracks && depth == 0,
            ..top
        };
        if document != Document::Stream || headers.is_empty() {
            return self.follow(Link::from(link), ctx, context, out).await;
        }
        // Its playlists and segments may need the same headers.
        let (found, listed) = mpsc::channel(ROOM);
        let with = forward_streams(listed, (url, headers), out);
        tokio::join!(self.follow(Link::from(link), ctx, context, found), with).0
    }

    /// Checks whether it must be determined first whether an item is a document.
    pub(super) fn asks_what_is(&self, item: &Item) -> bool {
        let asks = |request: &Request| {
            self.asks_first.load(Ordering::Relaxed)
                || self.adopts && !is_named_as_file(&request.url)
        };
        file(item).is_some_and(asks)
    }

    /// Starts to determine whether an item is a document: the child yields its entries, or the item itself. If that
    /// cannot be determined, the listing of the item fails.
    pub(super) fn undecided(
        self: Arc<Self>,
        found: Found,
        failures: mpsc::UnboundedSender<Error>,
    ) -> Child {
        let url = file(&found.item).map(|request| Redacted(&request.url).to_string());
        let shown = url.unwrap_or_else(|| found.item.key.clone());
        self.start(shown, |walk, out| async move {
            let (depth, options) = (found.depth, found.options.clone());
            let found = match walk.what_is(&found).await {
                Ok(Decided::Document(received)) => {
                    walk.is_no_item(&found.item);
                    return walk.read(*received, depth, options, out).await;
                }
                Ok(Decided::File) => decided(found),
                // It may still be a document if it can be downloaded after all. The transfer, if there is one, reports
                // its own outcome.
                Ok(Decided::Gone(error)) => Found {
                    refusal: Some(Box::new(error)),
                    ..found
                },
                Err(error) => {
                    if let Some(ticket) = found.ticket {
                        ticket.failed(error.kind);
                    }
                    // If nobody receives it, the listing is over.
                    let _ = failures.send(error);
                    return Ok(());
                }
            };
            out.send(found).await.map_err(|_| Error::closed())
        })
    }

    /// Records that the item has not failed, in any run: the entries of the document take its place.
    fn is_no_item(&self, item: &Item) {
        if self.fetches {
            let note = Note {
                identity: Identity {
                    source: item.source.clone(),
                    key: item.key.clone(),
                },
                origin: None,
                ending: Ending::Document,
            };
            // A failure to record this is reported by whoever waits for the archive at the end.
            let _ = self.archive.note(note);
        }
    }

    /// Requests the first bytes of an item.
    async fn what_is(&self, found: &Found) -> Result<Decided> {
        let Some(request) = file(&found.item) else {
            return Ok(Decided::File);
        };
        let url = &request.url;
        let mut named_by = found.named_by;
        let bound = header_map(&request.headers)?;
        let answer = self
            .client
            .call_first_bytes(&mut named_by, url, &bound, HEAD)
            .await?;
        let status = answer.status;
        // An empty response is a refusal, too.
        if !status.is_success() || matches!(status.as_u16(), 204 | 205) {
            let is_elsewhere = self.registry.leads_to_site(url, &answer.url);
            let may_help = is_elsewhere || self.registry.reader(Document::Refusal).is_some();
            if may_help && is_refusal(status) {
                let received = ReceivedDocument::refused(url.clone(), answer, named_by);
                return Ok(Decided::Document(Box::new(received)));
            }
            let (error, passes) = why_refused(status, &answer.headers);
            return match passes {
                true => Err(error),
                false => Ok(Decided::Gone(error)),
            };
        }
        let headers = &answer.headers;
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok());
        let coding = coding(headers).and_then(|name| Coding::named(&name));
        let plain = coding.and_then(|coding| coding.head(&answer.body, HEAD).ok());
        let head = plain.as_deref().unwrap_or(&answer.body);
        let head = &head[..head.len().min(HEAD)];
        let document = document(url, &sniff(head), kind, head);
        Ok(document.map_or(Decided::File, |document| {
            Decided::Document(Box::new(ReceivedDocument {
                document,
                url: url.clone(),
                final_url: answer.url.clone(),
                answer: None,
                named_by,
                headers: request.headers.clone(),
            }))
        }))
    }

    /// Notes that the user gave this link, or the one behind `source:`.
    pub(super) fn trust(&self, url: &Url) {
        self.client.trust(&behind(url));
    }
}

/// What an item turns out to be.
enum Decided {
    Document(Box<ReceivedDocument>),
    File,
    /// Gone, or refused for good, and why.
    Gone(Error),
}

/// Returns the request of an item that may be a document.
pub(super) fn file(item: &Item) -> Option<&Request> {
    match &item.body {
        Body::File(request) if request.expect.document => Some(request),
        _ => None,
    }
}

/// Marks an item as not being a document.
fn decided(mut found: Found) -> Found {
    if let Body::File(request) = &mut found.item.body {
        request.expect.document = false;
    }
    found
}
