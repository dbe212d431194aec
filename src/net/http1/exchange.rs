//! The body of an answer, and the connection that it comes by.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use tokio::task::unconstrained;

use super::{Connection, Fault, Idle};

/// How much of a body that nobody wants is read, if it is there already, so that its connection can be used again.
const UNWANTED: u64 = 64 << 10;

/// A body that is still to come.
pub(crate) struct Exchange {
    /// None once all has come, or will not.
    connection: Option<Box<Connection>>,
    body: Incoming,
    /// None where the connection is not to be used again.
    idle: Option<Arc<Idle>>,
}

impl Exchange {
    /// The connection is kept when all has come.
    pub(super) fn new(connection: Box<Connection>, body: Incoming, idle: Arc<Idle>) -> Exchange {
        Exchange {
            connection: Some(connection),
            body,
            idle: Some(idle),
        }
    }

    /// Lets the connection go with this answer.
    pub(super) fn is_last(&mut self) {
        self.idle = None;
    }

    /// How long the body is, if that is told.
    pub(crate) fn len(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// If it breaks off, or nothing comes for too long.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        if let Some(connection) = &mut self.connection {
            connection.silence.begin();
        }
        poll_fn(|cx| {
            if let Poll::Ready(come) = self.poll_chunk(cx) {
                return Poll::Ready(come);
            }
            let Some(connection) = &mut self.connection else {
                return Poll::Ready(Ok(None));
            };
            let lasted = ready!(connection.silence.poll(cx));
            self.connection = None;
            Poll::Ready(Err(Fault::silent(lasted)))
        })
        .await
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Fault>> {
        // What is there of the body is asked for first: that lets the connection go on.
        let mut is_driven = false;
        loop {
            let Some(connection) = &mut self.connection else {
                return Poll::Ready(Ok(None));
            };
            // It comes by the connection alone, which tells when to look again.
            let mut unheard = Context::from_waker(Waker::noop());
            match Pin::new(&mut self.body).poll_frame(&mut unheard) {
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers say nothing that is asked for.
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Ok(Some(data)));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    self.connection = None;
                    return Poll::Ready(Err(Fault::exchange(error)));
                }
                Poll::Ready(None) => {
                    self.keep();
                    return Poll::Ready(Ok(None));
                }
                Poll::Pending if connection.is_over() => {
                    self.connection = None;
                    return Poll::Ready(Err(Fault::ended()));
                }
                Poll::Pending if is_driven => return Poll::Pending,
                Poll::Pending => {
                    is_driven = true;
                    connection.drive(cx);
                }
            }
        }
    }

    /// Keeps the connection for the next request, if it may be used again.
    fn keep(&mut self) {
        if let Some(mut connection) = self.connection.take()
            && let Some(idle) = &self.idle
            && connection.is_open()
        {
            idle.put(connection);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut left = UNWANTED;
        // Whether or not the task has had its share of the thread.
        let mut drain = pin!(unconstrained(poll_fn(|cx| {
            while self.connection.is_some() && self.body.size_hint().lower() <= left {
                match ready!(self.poll_chunk(cx)) {
                    Ok(Some(data)) if data.len() as u64 <= left => left -= data.len() as u64,
                    _ => break,
                }
            }
            Poll::Ready(())
        })));
        let _ = drain.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
