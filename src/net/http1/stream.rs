//! The byte stream below HTTP: TCP, or TLS over it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, Take};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

/// TCP, or TLS over it.
pub(super) type Carrier = Either<TcpStream, TlsStream<TcpStream>>;

/// A stream that returns no more than a limit per read.
pub(super) struct Stream {
    inner: Take<Carrier>,
    read_limit: ReadLimit,
}

/// The maximum number of bytes returned per read. All clones share one value.
#[derive(Clone, Debug)]
pub(super) struct ReadLimit(Arc<AtomicU64>);

impl ReadLimit {
    /// Small files: with many at once, little memory is used, and the data written is still in the cache.
    const SMALL: u64 = 32 << 10;
    /// From this length on, making fewer calls matters more.
    const LONG_BODY: u64 = 1 << 20;

    /// Creates a limit for a response head.
    pub(super) fn new() -> ReadLimit {
        ReadLimit(Arc::new(AtomicU64::new(ReadLimit::SMALL)))
    }

    /// Sets the limit for a body of this length, if known.
    pub(super) fn fit(&self, len: Option<u64>) {
        let read_limit = match len {
            Some(len) if len < ReadLimit::LONG_BODY => ReadLimit::SMALL,
            // As much as the buffer holds.
            _ => u64::MAX,
        };
        self.0.store(read_limit, Ordering::Relaxed);
    }
}

impl Stream {
    /// Creates a stream over this carrier.
    pub(super) fn new(carrier: Carrier, read_limit: ReadLimit) -> Stream {
        Stream {
            inner: carrier.take(0),
            read_limit,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read_limit = self.read_limit.0.load(Ordering::Relaxed);
        self.inner.set_limit(read_limit);
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.inner.get_mut()).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.inner.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.inner.get_mut()).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.inner.get_mut()).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.get_ref().is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn short_bodies_are_read_in_small_pieces() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = TcpStream::connect(listener.local_addr().unwrap());
        let (here, there) = tokio::join!(here, listener.accept());
        let (mut there, _) = there.unwrap();
        let read_limit = ReadLimit::new();
        let mut stream = Stream::new(Either::Left(here.unwrap()), read_limit.clone());
        let sent = vec![0; 1 << 20];
        for len in [Some(5), None, Some(ReadLimit::LONG_BODY), Some(5)] {
            read_limit.fit(len);
            let read = async {
                let (mut left, mut largest) = (sent.len(), 0);
                let mut buffer = vec![0; sent.len()];
                while left > 0 {
                    let come = stream.read(&mut buffer).await.unwrap();
                    largest = largest.max(come);
                    left -= come;
                }
                largest as u64
            };
            let (written, largest) = tokio::join!(there.write_all(&sent), read);
            written.unwrap();
            let is_little = largest <= ReadLimit::SMALL;
            assert!(is_little || len != Some(5), "{len:?}: {largest}");
        }
    }
}
