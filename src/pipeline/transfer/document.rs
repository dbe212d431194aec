//! Reads documents: bodies that are not files themselves but lead to some.

use bytes::{Bytes, BytesMut};

use super::Mover;
use super::coding::Coding;
use super::read_body::PendingBody;
use super::setback::Setback;
use crate::model::{Document, Error, Kind};
use crate::net::Answer;
use crate::pipeline::documents::{MAX_DOCUMENT, ReceivedDocument};

impl Mover {
    /// Reads the rest of a document.
    pub(super) async fn read_document(
        &self,
        mut pending: PendingBody<'_>,
        early: Vec<Bytes>,
        coding: Option<Coding>,
        document: Document,
    ) -> Result<Setback, Setback> {
        let long = || {
            let message = format!("the {document} is longer than {MAX_DOCUMENT} bytes");
            Setback::GiveUp(Error::new(Kind::Corrupt, message))
        };
        let mut body = BytesMut::new();
        let mut early = early.into_iter();
        while let Some(piece) = match early.next() {
            Some(piece) => Some(piece),
            None => self.piece(&mut pending.opened).await?,
        } {
            if body.len() + piece.len() > MAX_DOCUMENT {
                return Err(long());
            }
            body.extend_from_slice(&piece);
        }
        let body = match coding {
            None => body.freeze(),
            Some(coding) => coding.plain(&body, MAX_DOCUMENT)?.ok_or_else(long)?.into(),
        };
        let opened = pending.opened;
        let answer = Answer {
            open_end: opened.open_end(),
            url: opened.url,
            status: opened.response.status(),
            headers: opened.response.headers().clone(),
            body,
        };
        Ok(Setback::Document(Box::new(ReceivedDocument {
            document,
            url: pending.target.url.clone(),
            final_url: answer.url.clone(),
            answer: Some(answer),
            named_by: opened.named_by,
            headers: pending.target.request.headers.clone(),
        })))
    }
}
