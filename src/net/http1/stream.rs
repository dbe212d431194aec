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

/// A stream that returns no more than a portion per read.
pub(super) struct Stream {
    inner: Take<Carrier>,
    portion: Portion,
}

/// The maximum number of bytes returned per read. All clones share one value.
#[derive(Clone, Debug)]
pub(super) struct Portion(Arc<AtomicU64>);

impl Portion {
    /// Small files: with many at once, little memory is used, and the data written is still in the cache.
    const LITTLE: u64 = 32 << 10;
    /// From this length on, making fewer calls matters more.
    const LONG: u64 = 1 << 20;

    /// Creates a portion for a response head.
    pub(super) fn new() -> Portion {
        Portion(Arc::new(AtomicU64::new(Portion::LITTLE)))
    }

    /// Sets the portion for a body of this length, if known.
    pub(super) fn suit(&self, len: Option<u64>) {
        let portion = match len {
            Some(len) if len < Portion::LONG => Portion::LITTLE,
            // As much as the buffer holds.
            _ => u64::MAX,
        };
        self.0.store(portion, Ordering::Relaxed);
    }
}

impl Stream {
    /// Creates a stream over this carrier.
    pub(super) fn new(carrier: Carrier, portion: Portion) -> Stream {
        Stream {
            inner: carrier.take(0),
            portion,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let portion = self.portion.0.load(Ordering::Relaxed);
        self.inner.set_limit(portion);
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
    async fn what_is_short_comes_in_small_portions() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = TcpStream::connect(listener.local_addr().unwrap());
        let (here, there) = tokio::join!(here, listener.accept());
        let (mut there, _) = there.unwrap();
        let portion = Portion::new();
        let mut stream = Stream::new(Either::Left(here.unwrap()), portion.clone());
        let sent = vec![0; 1 << 20];
        for len in [Some(5), None, Some(Portion::LONG), Some(5)] {
            portion.suit(len);
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
            let is_little = largest <= Portion::LITTLE;
            assert!(is_little || len != Some(5), "{len:?}: {largest}");
        }
    }
}
