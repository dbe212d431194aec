//! The body of a response, and the connection that carries it.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use tokio::task::unconstrained;

use super::{Connection, Fault, Idle};

/// How much of an unwanted body is read, if it has arrived already, so that the connection can be reused.
const MAX_DRAINED: u64 = 64 << 10;

/// A body that is still arriving.
pub(crate) struct Exchange {
    /// None once the body is complete or has failed.
    connection: Option<Box<Connection>>,
    body: Incoming,
    /// None if the connection must not be reused.
    idle: Option<Arc<Idle>>,
}

impl Exchange {
    /// Creates the exchange; the connection is kept for reuse once the body is complete.
    pub(super) fn new(connection: Box<Connection>, body: Incoming, idle: Arc<Idle>) -> Exchange {
        Exchange {
            connection: Some(connection),
            body,
            idle: Some(idle),
        }
    }

    /// Marks the connection as not reusable after this response.
    pub(super) fn close_after(&mut self) {
        self.idle = None;
    }

    /// Returns the length of the body, if known.
    pub(crate) fn len(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    /// Returns the next chunk; none at the end.
    ///
    /// # Errors
    /// If the connection breaks, or nothing arrives for too long.
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
        // Buffered body data is taken first: that lets the connection make progress.
        let mut is_driven = false;
        loop {
            let Some(connection) = &mut self.connection else {
                return Poll::Ready(Ok(None));
            };
            // The body makes progress only through the connection, which wakes the task.
            let mut unheard = Context::from_waker(Waker::noop());
            match Pin::new(&mut self.body).poll_frame(&mut unheard) {
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers hold nothing of interest.
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
        let mut left = MAX_DRAINED;
        // Independent of the task's cooperative budget.
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
