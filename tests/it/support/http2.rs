//! An HTTP/2 server that writes its frames by hand, since no library would misbehave like this.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// How to respond to a request (RFC 9113 §7 has the codes).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// A page.
    Serve,
    /// Half of a page, with or without its length; then the stream is reset with NO_ERROR.
    Half { has_length: bool },
    /// A page, followed at once by a reset saying that the rest of the request is not needed (§8.1).
    Early,
    /// The stream is reset with this code.
    Reset(u8),
    /// The client is to leave the connection, with this code; no request on it was processed.
    GoAway(u8),
}

/// The server. A `TlsServer` before its port adds TLS. Dropping it stops it, once its clients are gone.
pub struct Http2Server {
    port: u16,
    state: Arc<Mutex<State>>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Step>,
    closing: bool,
    connections: usize,
    /// The connection of each request.
    requests: Vec<usize>,
}

/// The body of a page.
pub const PAGE: &[u8] = b"a page";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

impl Http2Server {
    /// Starts a server that handles successive requests like this; the last step is for all that follow.
    pub fn start(script: impl IntoIterator<Item = Step>) -> Http2Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound address").port();
        let state = Arc::new(Mutex::new(State {
            script: script.into_iter().collect(),
            ..State::default()
        }));
        let shared = state.clone();
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if lock(&shared).closing {
                    return;
                }
                let shared = shared.clone();
                // An error means that a client went away.
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Http2Server {
            port,
            state,
            accepting: Some(accepting),
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the connection on which each request came, from 1.
    pub fn requests(&self) -> Vec<usize> {
        lock(&self.state).requests.clone()
    }
}

impl Drop for Http2Server {
    fn drop(&mut self) {
        lock(&self.state).closing = true;
        // Wakes the accepting thread.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let connection = {
        let mut state = lock(state);
        state.connections += 1;
        state.connections
    };
    let mut preface = [0; 24];
    stream.read_exact(&mut preface)?;
    if preface.starts_with(b"GET ") {
        // The client was told to use HTTP/1.1.
        lock(state).requests.push(connection);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", PAGE.len());
        return stream.write_all(&[head.as_bytes(), PAGE].concat());
    }
    write(&mut stream, SETTINGS, 0, 0, &[])?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload)?;
        let id = u32::from_be_bytes(id);
        match kind {
            SETTINGS if flags & 1 == 0 => write(&mut stream, SETTINGS, 1, 0, &[])?,
            HEADERS => {
                let step = {
                    let mut state = lock(state);
                    state.requests.push(connection);
                    match state.script.len() {
                        1 => state.script[0],
                        _ => state.script.pop_front().unwrap_or(Step::Serve),
                    }
                };
                match step {
                    Step::Serve => {
                        // `:status: 200` is in the static table of HPACK.
                        write(&mut stream, HEADERS, 4, id, &[0x88])?;
                        write(&mut stream, DATA, 1, id, PAGE)?;
                    }
                    Step::Half { has_length } => {
                        // `content-length` is entry 28 of the static table.
                        let length: &[u8] = if has_length { b"\x0f\x0d\x016" } else { b"" };
                        let head = [b"\x88", length].concat();
                        write(&mut stream, HEADERS, 4, id, &head)?;
                        write(&mut stream, DATA, 0, id, &PAGE[..PAGE.len() / 2])?;
                        write(&mut stream, RST_STREAM, 0, id, &[0; 4])?;
                    }
                    Step::Early => {
                        write(&mut stream, HEADERS, 4, id, &[0x88])?;
                        write(&mut stream, DATA, 1, id, PAGE)?;
                        write(&mut stream, RST_STREAM, 0, id, &[0; 4])?;
                    }
                    Step::Reset(code) => write(&mut stream, RST_STREAM, 0, id, &[0, 0, 0, code])?,
                    // The client has to close then; closing here might lose the frame.
                    Step::GoAway(code) => {
                        write(&mut stream, GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, code])?;
                    }
                }
            }
            _ => {}
        }
    }
}

fn write(stream: &mut TcpStream, kind: u8, flags: u8, id: u32, payload: &[u8]) -> io::Result<()> {
    let [_, a, b, c] = (payload.len() as u32).to_be_bytes();
    let head = [a, b, c, kind, flags];
    stream.write_all(&[&head[..], &id.to_be_bytes(), payload].concat())
}
