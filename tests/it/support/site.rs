//! A fake site: an HTTP/1.1 server on its own port, set up in advance for the requests it will get.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::reply::Reply;
use super::server;

/// How long a test waits for the site to see something.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server on the loopback interface. Dropping it ends all its threads and connections, and fails the test if a route
/// was never requested, something else was, or a handler panicked.
pub struct Site {
    pub(super) shared: Arc<Shared>,
    address: SocketAddr,
    accepting: Option<JoinHandle<()>>,
}

/// A request as received.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// The path with its query, or a whole URL if the client uses the site as a proxy.
    pub target: String,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body of the request.
    pub body: Vec<u8>,
    /// The number of its connection, from 1.
    pub connection: usize,
    pub at: Instant,
}

impl Request {
    /// Returns the first value of a header field, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    /// Returns the target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("")
    }

    fn is_for(&self, target: &str) -> bool {
        match target.strip_suffix('*') {
            Some(start) => self.target.starts_with(start),
            None if target.contains('?') => self.target == target,
            None => self.path() == target,
        }
    }
}

/// State shared by the threads of a site.
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) closing: bool,
    pub(super) sockets: HashMap<usize, Arc<TcpStream>>,
    pub(super) failures: Vec<String>,
    pub(super) active: usize,
    pub(super) max_concurrent: usize,
    pub(super) stalled: usize,
    pub(super) requests: Vec<Request>,
    routes: Vec<Route>,
}

struct Route {
    target: String,
    replies: Vec<(Reply, Option<usize>)>,
    requested: usize,
    optional: bool,
}

/// A route that was just added, to be refined.
pub struct NewRoute<'a> {
    site: &'a Site,
    route: usize,
    reply: usize,
}

impl NewRoute<'_> {
    /// Never requesting this route is not a failure.
    pub fn optional(self) -> Self {
        self.site.shared.lock().routes[self.route].optional = true;
        self
    }

    /// This reply is given once; unless another follows, a second request is a failure.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// This reply is given this many times; unless another follows, any other number of requests is a failure.
    pub fn times(self, count: usize) -> Self {
        self.site.shared.lock().routes[self.route].replies[self.reply].1 = Some(count);
        self
    }
}

impl Site {
    /// Starts a site without any routes.
    pub fn start() -> Site {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        Site::start_at(free).expect("a free port")
    }

    /// Starts a site at this address, if the system permits it.
    pub fn start_at(address: SocketAddr) -> io::Result<Site> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let accepting = std::thread::spawn({
            let shared = shared.clone();
            move || server::accept(&listener, &shared)
        });
        Ok(Site {
            shared,
            address,
            accepting: Some(accepting),
        })
    }

    /// Sets a reply for this target. A target with a query must match exactly, one without matches any query, and one
    /// that ends in `*` matches by its beginning; the most specific wins. Several replies for one target are given in
    /// sequence, each at least once, and the last one is repeated.
    pub fn on(&self, target: &str, reply: Reply) -> NewRoute<'_> {
        let mut state = self.shared.lock();
        let known = state.routes.iter().position(|route| route.target == target);
        let route = known.unwrap_or_else(|| {
            state.routes.push(Route {
                target: target.to_owned(),
                replies: Vec::new(),
                requested: 0,
                optional: false,
            });
            state.routes.len() - 1
        });
        let replies = &mut state.routes[route].replies;
        if let Some((_, times @ None)) = replies.last_mut() {
            *times = Some(1);
        }
        replies.push((reply, None));
        let reply = replies.len() - 1;
        drop(state);
        NewRoute {
            site: self,
            route,
            reply,
        }
    }

    /// Returns the URL of a path on this site.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the port, for URLs with another name of this host.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the requests since the start or the last `forget`, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// Returns how often a target was requested; as in `on`, a query counts only if it is given.
    pub fn count(&self, target: &str) -> usize {
        let state = self.shared.lock();
        state
            .requests
            .iter()
            .filter(|request| request.is_for(target))
            .count()
    }

    /// Returns the highest number of requests served at the same time.
    pub fn max_concurrent(&self) -> usize {
        self.shared.lock().max_concurrent
    }

    /// Clears the record of requests, for a second run. Earlier requests still count as expected ones, and sequences of
    /// replies continue where they are.
    pub fn forget(&self) {
        let mut state = self.shared.lock();
        state.requests.clear();
        state.max_concurrent = state.active;
    }

    /// Waits until a target has been requested this many times.
    pub fn wait_for(&self, target: &str, count: usize) {
        self.wait(&format!("{count} requests for `{target}`"), |state| {
            state
                .requests
                .iter()
                .filter(|request| request.is_for(target))
                .count()
                >= count
        });
    }

    /// Waits until this many responses have stalled: all their bytes before that are sent.
    pub fn wait_for_stalls(&self, count: usize) {
        self.wait(&format!("{count} stalled answers"), |state| {
            state.stalled >= count
        });
    }

    fn wait(&self, what: &str, done: impl Fn(&State) -> bool) {
        let state = self.shared.lock();
        let (state, timeout) = self
            .shared
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !done(state))
            .unwrap_or_else(PoisonError::into_inner);
        let requested: Vec<_> = state
            .requests
            .iter()
            .map(|request| request.target.clone())
            .collect();
        drop(state);
        assert!(
            !timeout.timed_out(),
            "the site waited in vain for {what}; it was asked for {requested:?}"
        );
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.shared.close();
        // Wakes the accepting thread, which then sees that the site is closing.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        let wrong = self.shared.lock().wrong();
        assert!(
            wrong.is_empty() || std::thread::panicking(),
            "the site on port {} complains:\n{}",
            self.port(),
            wrong.join("\n")
        );
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes all threads that wait for a change.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changed.notify_all();
        changed
    }

    /// Waits this long, or until the site closes. Returns whether it is still open.
    pub(super) fn pause(&self, time: Duration) -> bool {
        let state = self.lock();
        let (state, _) = self
            .changed
            .wait_timeout_while(state, time, |state| !state.closing)
            .unwrap_or_else(PoisonError::into_inner);
        !state.closing
    }

    /// Waits until the site closes.
    pub(super) fn wait_for_close(&self) {
        let state = self.lock();
        let closed = self.changed.wait_while(state, |state| !state.closing);
        drop(closed);
    }

    fn close(&self) {
        let sockets = self.change(|state| {
            state.closing = true;
            std::mem::take(&mut state.sockets)
        });
        for socket in sockets.values() {
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl State {
    /// Notes a request and picks its reply. An unexpected request is a failure.
    pub(super) fn reply_to(&mut self, request: &Request) -> Reply {
        self.requests.push(request.clone());
        self.active += 1;
        self.max_concurrent = self.max_concurrent.max(self.active);
        let best = (0..self.routes.len())
            .filter(|index| request.is_for(&self.routes[*index].target))
            .max_by_key(|index| {
                let target = &self.routes[*index].target;
                (!target.ends_with('*'), target.len())
            });
        let Some(route) = best else {
            let line = format!("{} {} was not expected", request.method, request.target);
            self.failures.push(line);
            return Reply::text("not expected by this test").status(404);
        };
        let route = &mut self.routes[route];
        let mut before = 0;
        let reply = route.replies.iter().find(|(_, times)| {
            before += times.unwrap_or(usize::MAX - before);
            route.requested < before
        });
        route.requested += 1;
        match reply {
            Some((reply, _)) => reply.clone(),
            None => {
                let line = format!("`{}` was asked {} times", route.target, route.requested);
                self.failures.push(line);
                Reply::text("asked too often for this test").status(404)
            }
        }
    }

    fn wrong(&self) -> Vec<String> {
        let mut wrong = self.failures.clone();
        for route in self.routes.iter().filter(|route| !route.optional) {
            // Every reply of a sequence is part of the test, so the last one counts as well.
            let needed = route.replies.iter();
            let needed = needed.map(|(_, times)| times.unwrap_or(1)).sum::<usize>();
            match route.requested {
                0 => wrong.push(format!("`{}` was never asked", route.target)),
                requested if requested < needed => {
                    wrong.push(format!(
                        "`{}` was asked {requested} times, not {needed}",
                        route.target
                    ));
                }
                _ => {}
            }
        }
        wrong
    }
}
