//! The threads of a fake site: one accepts connections, and each connection has its own.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Request;
use super::reply::{Content, End, Framing, Reply};
use super::response::Response;
use super::site::Shared;

/// The most connections at once. More are closed without a response, so that a test with a leak fails instead of
/// hanging.
const CONNECTIONS: usize = 512;
/// The maximum size of a request head.
const HEAD: usize = 64 << 10;
/// How much of a body is written at once, which is also the size of a chunk.
const PIECE: usize = 16 << 10;

/// Accepts connections until the site closes, and then waits for all of them to end.
pub(super) fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    for (index, stream) in listener.incoming().enumerate() {
        if shared.lock().closing {
            break;
        }
        let Ok(stream) = stream else { continue };
        let connection = index + 1;
        let stream = Arc::new(stream);
        let taken = shared.change(|state| {
            let room = !state.closing && state.sockets.len() < CONNECTIONS;
            room.then(|| state.sockets.insert(connection, stream.clone()))
                .is_some()
        });
        if !taken {
            continue;
        }
        threads.push(std::thread::spawn({
            let shared = shared.clone();
            move || {
                // An error here means that a client went away; whether that was right is up to the test.
                let _ = serve(&stream, connection, &shared);
                // This drops the last handle, so the socket is closed here and not later.
                shared.change(|state| state.sockets.remove(&connection));
            }
        }));
    }
    for thread in threads {
        let _ = thread.join();
    }
}

fn serve(stream: &TcpStream, connection: usize, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut unread = Vec::new();
    while let Some(request) = read_request(stream, &mut unread, connection)? {
        let reply = shared.change(|state| state.reply_to(&request));
        let mut counted = Some(Counted(shared));
        let outcome = respond(stream, &request, reply, shared, &mut counted);
        drop(counted);
        let asked_to_close = request.header("connection") == Some("close");
        if !outcome? || asked_to_close {
            break;
        }
    }
    Ok(())
}

/// A request being served, until this is dropped.
struct Counted<'a>(&'a Shared);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.active -= 1);
    }
}

/// Reads the next request; `None` when the client is done.
fn read_request(
    mut stream: &TcpStream,
    unread: &mut Vec<u8>,
    connection: usize,
) -> io::Result<Option<Request>> {
    let end = loop {
        if let Some(end) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece)?;
        if count == 0 || unread.len() > HEAD {
            return Ok(None);
        }
        unread.extend_from_slice(&piece[..count]);
    };
    let head: Vec<u8> = unread.drain(..end + 4).collect();
    let head = String::from_utf8_lossy(&head);
    let mut lines = head.trim_end().split("\r\n");
    let mut words = lines.next().unwrap_or("").split(' ');
    let method = words.next().unwrap_or("").to_owned();
    let target = words.next().unwrap_or("").to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect::<Vec<_>>();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, length)| length.parse().ok());
    let length = length.unwrap_or(0).min(HEAD);
    while unread.len() < length {
        let mut piece = [0; 4096];
        match stream.read(&mut piece)? {
            0 => return Ok(None),
            count => unread.extend_from_slice(&piece[..count]),
        }
    }
    Ok(Some(Request {
        method,
        target,
        headers,
        body: unread.drain(..length).collect(),
        connection,
        at: Instant::now(),
    }))
}

/// Sends the response; returns whether the connection can be reused.
fn respond(
    stream: &TcpStream,
    request: &Request,
    reply: Reply,
    shared: &Shared,
    counted: &mut Option<Counted<'_>>,
) -> io::Result<bool> {
    let reply = decide(reply, request, shared);
    if !reply.delay.is_zero() && !shared.pause(reply.delay) {
        return Ok(false);
    }
    let response = Response::new(&reply, request);
    let all = &response.bytes[response.part.clone()];
    let (limit, end) = match reply.end {
        End::Whole => (all.len(), None),
        End::Cut(limit) | End::Reset(limit) | End::Stall(limit) => {
            (limit.min(all.len()), Some(reply.end))
        }
    };
    let chunked = !response.head.is_empty()
        && matches!(reply.framing, Framing::Chunked | Framing::ChunkedWithoutEnd);
    let mut writer = Writer {
        stream,
        shared,
        throttle: reply.throttle,
        began: Instant::now(),
        sent: 0,
    };
    let piece = reply
        .throttle
        .map_or(PIECE, |rate| (rate as usize / 20).clamp(1, PIECE));
    let mut buffer = response.head.clone();
    let mut at = 0;
    while at < limit {
        let planned = piece.min(all.len() - at);
        let count = planned.min(limit - at);
        if chunked {
            buffer.extend_from_slice(format!("{planned:x}\r\n").as_bytes());
        }
        buffer.extend_from_slice(&all[at..at + count]);
        if chunked && count == planned {
            buffer.extend_from_slice(b"\r\n");
        }
        if !writer.write(&buffer, count)? {
            return Ok(false);
        }
        buffer.clear();
        at += count;
    }
    if end.is_none() {
        buffer.extend(std::iter::repeat_n(b'+', reply.extra));
        if chunked && reply.framing == Framing::Chunked {
            buffer.extend_from_slice(b"0\r\n\r\n");
        }
    }
    // A client that has read the last byte may send its next request at once, so this one no longer counts as active.
    if !matches!(end, Some(End::Stall(_))) {
        counted.take();
    }
    writer.write(&buffer, 0)?;
    match end {
        None if response.keep => return Ok(true),
        None | Some(End::Whole | End::Cut(_)) => stream.shutdown(Shutdown::Write)?,
        Some(End::Reset(_)) => {
            socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
        }
        Some(End::Stall(_)) => {
            shared.change(|state| state.stalled += 1);
            // Ends when the client closes, or when the site closes and shuts the socket down.
            if stream.peek(&mut [0])? > 0 {
                shared.wait_for_close();
            }
        }
    }
    Ok(false)
}

/// Calls the handler, if the reply is one.
fn decide(mut reply: Reply, request: &Request, shared: &Shared) -> Reply {
    while let Content::With(handler) = &reply.content {
        reply = match catch_unwind(AssertUnwindSafe(|| handler(request))) {
            Ok(decided) => decided,
            Err(panic) => {
                let text = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied())
                    .unwrap_or("a panic");
                let line = format!("{} {}: {text}", request.method, request.target);
                shared.change(|state| state.failures.push(line));
                Reply::text("the test's handler failed").status(500)
            }
        };
    }
    reply
}

struct Writer<'a> {
    stream: &'a TcpStream,
    shared: &'a Shared,
    throttle: Option<u64>,
    began: Instant,
    sent: u64,
}

impl Writer<'_> {
    /// Writes, and waits for the time that this many bytes of the body take. Returns whether the site is still open.
    fn write(&mut self, bytes: &[u8], of_body: usize) -> io::Result<bool> {
        self.stream.write_all(bytes)?;
        let Some(rate) = self.throttle else {
            return Ok(true);
        };
        self.sent += of_body as u64;
        let due = self.began + Duration::from_secs_f64(self.sent as f64 / rate as f64);
        Ok(self
            .shared
            .pause(due.saturating_duration_since(Instant::now())))
    }
}
