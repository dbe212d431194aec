//! HTTP/1.1 over connections of our own, used to download files.
//!
//! The task that waits for a response drives its connection: no other task stands in between and hands over each chunk,
//! and an idle connection costs nothing. How much is received at once depends on the length of the body. Proxies are
//! left to the client for pages.

mod connection;
mod dial;
mod exchange;
mod idle;
mod silence;
mod stream;
mod target;

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};

use super::resolver::Resolver;
use super::trust::Trust;
use super::{Fault, Response, Settings};
use connection::{Connection, SendError};
use dial::Dialer;
use idle::Idle;

pub(super) use exchange::Exchange;
pub(super) use target::Target;

/// Requests files.
pub(super) struct Http1 {
    dialer: Dialer,
    idle: Arc<Idle>,
    /// The headers of each request that does not set its own.
    defaults: HeaderMap,
}

impl Http1 {
    /// Creates the client. No connection is made yet.
    pub(super) fn new(
        settings: &Settings,
        defaults: HeaderMap,
        resolver: Resolver,
        trust: Arc<Trust>,
    ) -> Http1 {
        Http1 {
            dialer: Dialer::new(settings, resolver, trust),
            idle: Arc::new(Idle::new(settings.connections)),
            defaults,
        }
    }

    /// Sends a request, by POST if there is a body, and waits for the head of the response. If `must_be_new`, it is
    /// sent on a connection that has not been used before.
    ///
    /// # Errors
    /// The fault that kept the response from arriving.
    pub(super) async fn send(
        &self,
        target: Target<'_>,
        headers: HeaderMap,
        body: Option<Bytes>,
        must_be_new: bool,
    ) -> Result<Response, Fault> {
        let mut request = target.request(headers, &self.defaults, body)?;
        while !must_be_new && let Some(mut connection) = self.idle.take(target) {
            if !connection.is_open() {
                continue;
            }
            match connection.send(request).await {
                Ok(answer) => return Ok(self.response(answer, connection)),
                // The server has just closed the connection, and nothing was sent.
                Err(SendError::Unsent(unsent, _)) => request = *unsent,
                Err(SendError::Sent(fault)) => return Err(fault.on_reused_connection(true)),
            }
        }
        let mut connection = self.dialer.dial(target).await?;
        match connection.send(request).await {
            Ok(answer) => Ok(self.response(answer, connection)),
            Err(lost) => {
                self.dialer.note_unanswered(target, connection.address());
                Err(lost.into_fault().on_reused_connection(false))
            }
        }
    }

    fn response(
        &self,
        answer: http::Response<hyper::body::Incoming>,
        connection: Box<Connection>,
    ) -> Response {
        let address = connection.address();
        let (head, body) = answer.into_parts();
        let mut exchange = Exchange::new(connection, body, self.idle.clone());
        // A proxy on the way may see the end of this response elsewhere (RFC 9112 §6.3).
        if [TRANSFER_ENCODING, CONTENT_LENGTH]
            .iter()
            .all(|name| head.headers.contains_key(name))
        {
            exchange.close_after();
        }
        Response::new(head, address, exchange)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::Notify;
    use tokio::task::coop::poll_proceed;
    use tokio::task::yield_now;
    use url::Url;

    use super::*;
    use crate::net::pools::Reach;

    const SHORT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nshort";

    /// Starts a server that answers each request with these bytes; returns its URL and the number of connections so
    /// far.
    async fn server(answer: &'static [u8]) -> (Url, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/a?b", listener.local_addr().unwrap());
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer_all(stream, answer));
            }
        });
        (url.parse().unwrap(), count)
    }

    async fn answer_all(mut stream: TcpStream, answer: &[u8]) {
        let (mut request, mut piece) = (Vec::new(), [0; 1024]);
        while let Ok(len @ 1..) = stream.read(&mut piece).await {
            request.extend_from_slice(&piece[..len]);
            if request.ends_with(b"\r\n\r\n") {
                assert!(request.starts_with(b"GET /a?b HTTP/1.1\r\n"));
                request.clear();
                stream.write_all(answer).await.unwrap();
            }
        }
    }

    fn http1() -> Http1 {
        http1_of(&Settings::default())
    }

    fn http1_of(settings: &Settings) -> Http1 {
        let trust = Trust::new([]).unwrap();
        Http1::new(settings, HeaderMap::new(), Resolver::default(), trust)
    }

    async fn get(http1: &Http1, url: &Url) -> Response {
        let target = Target {
            url,
            reach: Reach::Any,
            pinned: None,
        };
        let sent = http1.send(target, HeaderMap::new(), None, false).await;
        sent.unwrap()
    }

    #[tokio::test]
    async fn a_connection_is_reused_after_a_complete_body() {
        let (url, count) = server(SHORT).await;
        let http1 = http1();
        for _ in 0..3 {
            let mut response = get(&http1, &url).await;
            assert_eq!(response.content_length(), Some(5));
            assert_eq!(&*response.chunk().await.unwrap().unwrap(), b"short");
            assert_eq!(response.chunk().await.unwrap(), None);
            assert_eq!(response.chunk().await.unwrap(), None);
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
        // Targets that may resolve differently have connections of their own.
        let target = Target {
            url: &url,
            reach: Reach::Public,
            pinned: None,
        };
        let sent = http1.send(target, HeaderMap::new(), None, false).await;
        drop(sent.unwrap());
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_short_body_that_nobody_wants_costs_no_connection() {
        let (url, count) = server(SHORT).await;
        let http1 = http1();
        for _ in 0..3 {
            drop(get(&http1, &url).await);
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn an_abandoned_body_closes_its_connection() {
        let (url, count) = server(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nshort").await;
        let http1 = http1();
        for _ in 0..3 {
            let mut response = get(&http1, &url).await;
            assert_eq!(&*response.chunk().await.unwrap().unwrap(), b"short");
        }
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn several_requests_at_once_have_a_connection_each() {
        let (url, count) = server(SHORT).await;
        let http1 = http1();
        for _ in 0..2 {
            let (one, other) = tokio::join!(get(&http1, &url), get(&http1, &url));
            drop((one, other));
        }
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    /// Uses up this much of the task's cooperative budget.
    fn spend(cx: &mut Context<'_>, units: usize) {
        for _ in 0..units {
            if let Poll::Ready(spent) = poll_proceed(cx) {
                spent.made_progress();
            }
        }
    }

    #[tokio::test]
    async fn connections_closed_while_idle_are_skipped() {
        let (url, [may_close, closed]) = closing().await;
        let http1 = http1();
        for units in 0..=128 {
            drop(get(&http1, &url).await);
            may_close.notify_one();
            closed.notified().await;
            // Lets the closed connection be noticed.
            yield_now().await;
            let target = Target {
                url: &url,
                reach: Reach::Any,
                pinned: None,
            };
            // Even a request that may not be sent twice can be sent: it was not sent yet.
            let body = Some(Bytes::from_static(b"x"));
            let mut asking = pin!(http1.send(target, HeaderMap::new(), body, false));
            let mut left = Some(units);
            let sent = poll_fn(|cx| {
                spend(cx, left.take().unwrap_or(0));
                asking.as_mut().poll(cx)
            });
            drop(sent.await.unwrap());
            may_close.notify_one();
            closed.notified().await;
        }
    }

    /// Starts a server that answers one request on each connection, and closes it silently when allowed; it notifies
    /// when done.
    async fn closing() -> (Url, [Arc<Notify>; 2]) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let words = [Arc::new(Notify::new()), Arc::new(Notify::new())];
        let [may_close, closed] = words.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1024];
                assert!(stream.read(&mut request).await.unwrap() > 0);
                stream.write_all(SHORT).await.unwrap();
                may_close.notified().await;
                drop(stream);
                closed.notify_one();
            }
        });
        (url.parse().unwrap(), words)
    }
}
