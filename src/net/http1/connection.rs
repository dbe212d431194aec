//! A single connection.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::unconstrained;

use super::silence::Silence;
use super::stream::{Carrier, ReadLimit, Stream};
use super::target::Key;
use super::{Fault, Target};

/// The maximum number of header fields in a response.
const MAX_HEADERS: usize = 256;

/// A connection, used for one request after another.
pub(super) struct Connection {
    key: Key,
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
    /// None once it has ended without a response.
    driver: Option<http1::Connection<TokioIo<Stream>, Full<Bytes>>>,
    is_over: bool,
    read_limit: ReadLimit,
    /// How long the server has been silent.
    pub(super) silence: Silence,
}

/// Why there is no response.
pub(super) enum SendError {
    /// The connection ended before the request was sent. It can be sent on another one.
    Unsent(Box<Request<Full<Bytes>>>, Fault),
    /// The request was sent, at least in part.
    Sent(Fault),
}

impl Connection {
    /// Starts HTTP on a stream. The server may be silent for no longer than `longest`.
    ///
    /// # Errors
    /// If the connection is closed.
    pub(super) async fn new(
        key: Key,
        address: SocketAddr,
        carrier: Carrier,
        longest: Duration,
    ) -> hyper::Result<Box<Connection>> {
        let read_limit = ReadLimit::new();
        let (sender, driver) = http1::Builder::new()
            .max_headers(MAX_HEADERS)
            // One malformed header line is no reason to give up a file.
            .allow_obsolete_multiline_headers_in_responses(true)
            .allow_spaces_after_header_name_in_responses(true)
            .ignore_invalid_headers_in_responses(true)
            .handshake(TokioIo::new(Stream::new(carrier, read_limit.clone())))
            .await?;
        Ok(Box::new(Connection {
            key,
            address,
            sender,
            driver: Some(driver),
            is_over: false,
            read_limit,
            silence: Silence::new(longest),
        }))
    }

    /// Returns the address of the server.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Checks whether the connection can carry requests to this target.
    pub(super) fn fits(&self, target: Target<'_>) -> bool {
        self.key.fits(target)
    }

    /// Checks whether another request may be sent.
    pub(super) fn is_open(&mut self) -> bool {
        // Also when the task has used up its cooperative budget: an end that goes unnoticed now costs another try.
        let mut look = pin!(unconstrained(poll_fn(|cx| {
            self.drive(cx);
            Poll::Ready(())
        })));
        let _ = look.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        !self.is_over && self.sender.is_ready()
    }

    /// Checks whether the connection has ended.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Sends and receives what it can. An error goes to whoever waits for the response or its body.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.is_over
            && let Some(driver) = &mut self.driver
        {
            self.is_over = Pin::new(driver).poll(cx).is_ready();
        }
    }

    /// Sends a request, and waits for the head of the response.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, SendError> {
        let mut answer = pin!(self.sender.try_send_request(request));
        self.silence.begin();
        self.read_limit.fit(Some(0));
        poll_fn(|cx| {
            self.drive(cx);
            let mut come = answer.as_mut().poll(cx);
            if come.is_pending() && self.is_over {
                // It ended before taking the request; dropping the driver returns the request.
                self.driver = None;
                come = answer.as_mut().poll(cx);
            }
            match come {
                Poll::Ready(Ok(answer)) => {
                    self.read_limit.fit(answer.body().size_hint().exact());
                    Poll::Ready(Ok(answer))
                }
                Poll::Ready(Err(mut lost)) => {
                    let unsent = lost.take_message();
                    let fault = Fault::exchange(lost.into_error());
                    Poll::Ready(Err(match unsent {
                        Some(request) => SendError::Unsent(Box::new(request), fault),
                        None => SendError::Sent(fault),
                    }))
                }
                Poll::Pending => {
                    let silent = self.silence.poll(cx);
                    silent.map(|waited| Err(SendError::Sent(Fault::unanswered(waited))))
                }
            }
        })
        .await
    }
}

impl SendError {
    /// Returns the fault, where there is no other connection to send the request on.
    pub(super) fn into_fault(self) -> Fault {
        match self {
            SendError::Unsent(_, fault) | SendError::Sent(fault) => fault,
        }
    }
}
