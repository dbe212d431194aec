//! Reads documents: bodies that are not files themselves but lead to some.

use bytes::{Bytes, BytesMut};

use super::Mover;
use super::coding::Coding;
use super::setback::Setback;
use super::take::Taking;
use crate::model::{Document, Error, Kind};
use crate::net::Answer;
use crate::pipeline::documents::{Came, LONGEST};

impl Mover {
    /// Reads the rest of a document.
    pub(super) async fn document(
        &self,
        mut taking: Taking<'_>,
        early: Vec<Bytes>,
        coding: Option<Coding>,
        document: Document,
    ) -> Result<Setback, Setback> {
        let long = || {
            let message = format!("the {document} is longer than {LONGEST} bytes");
            Setback::GiveUp(Error::new(Kind::Corrupt, message))
        };
        let mut body = BytesMut::new();
        let mut early = early.into_iter();
        while let Some(piece) = match early.next() {
            Some(piece) => Some(piece),
            None => self.piece(&mut taking.opened).await?,
        } {
            if body.len() + piece.len() > LONGEST {
                return Err(long());
            }
            body.extend_from_slice(&piece);
        }
        let body = match coding {
            None => body.freeze(),
            Some(coding) => coding.plain(&body, LONGEST)?.ok_or_else(long)?.into(),
        };
        let opened = taking.opened;
        let answer = Answer {
            open_end: opened.open_end(),
            url: opened.url,
            status: opened.response.status(),
            headers: opened.response.headers().clone(),
            body,
        };
        Ok(Setback::Document(Box::new(Came {
            document,
            url: taking.course.url.clone(),
            answer: Some(answer),
            led: opened.led,
            headers: taking.course.request.headers.clone(),
        })))
    }
}
