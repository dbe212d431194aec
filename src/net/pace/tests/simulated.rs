//! Simulated hosts on a simulated clock.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use super::super::controller::{Controller, Entry, Limits, Ticket};
use super::model::{Model, Over};

/// The outcome at one host.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    pub(super) wall: f64,
    pub(super) refused: usize,
    pub(super) arrived: usize,
    /// The limit at the end.
    pub(super) limit: usize,
}

/// How the limit is determined.
enum Rule {
    Fixed(usize),
    Found(Box<Controller>),
}

/// How long the client waits for a silent host, and before it retries.
const SILENCE: f64 = 2.0;
const BACKOFF: f64 = 0.4;
/// What a new connection transfers in the first round trip.
const WINDOW: f64 = 14_600.0;

struct Host {
    model: Model,
    rule: Rule,
    ready: VecDeque<usize>,
    live: usize,
    /// The requests that the host itself counts, and when its shared line becomes free.
    taken: usize,
    line_free: f64,
    tokens: f64,
    tokens_at: f64,
    asked: usize,
    /// How many events so far may have been delayed.
    timed: usize,
    /// The windows of idle connections.
    idle: Vec<f64>,
    /// Bodies in flight: flight, begin, end, bytes.
    bodies: Vec<(usize, f64, f64, f64)>,
    moved: f64,
    wakes: f64,
    outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq)]
struct At(f64);

impl Eq for At {}

impl PartialOrd for At {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for At {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// A request in flight.
struct Flight {
    host: usize,
    file: usize,
    ticket: Option<Ticket>,
    window: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Arrives,
    Accepted,
    Leaves,
    Done,
    Refused,
    Broken,
    Back,
    Wake,
}

/// Runs the files of all hosts through `all` slots, each host with the fixed limit, or with one that is found.
pub(super) fn run(models: &[Model], all: usize, fixed: Option<usize>) -> Vec<Outcome> {
    let hosts = models.iter().map(|model| Host::new(*model, all, fixed));
    let mut world = World {
        hosts: hosts.collect(),
        flights: Vec::new(),
        events: BinaryHeap::new(),
        all,
        turn: 0,
        now: 0.0,
    };
    world.run();
    world.hosts.into_iter().map(|host| host.outcome).collect()
}

struct World {
    hosts: Vec<Host>,
    flights: Vec<Flight>,
    events: BinaryHeap<Reverse<(At, usize, Step)>>,
    all: usize,
    turn: usize,
    now: f64,
}

impl World {
    fn run(&mut self) {
        self.admit();
        while let Some(Reverse((At(now), flight, step))) = self.events.pop() {
            self.now = now;
            assert!(now < 3600.0, "it does not end");
            self.step(flight, step);
            self.admit();
        }
    }

    fn later(&mut self, wait: f64, flight: usize, step: Step) {
        self.events
            .push(Reverse((At(self.now + wait), flight, step)));
    }

    /// Admits whatever may begin, the hosts in turn.
    fn admit(&mut self) {
        let mut idle = 0;
        while idle < self.hosts.len() {
            let index = self.turn % self.hosts.len();
            self.turn += 1;
            let places = self.all - self.hosts.iter().map(|host| host.live).sum::<usize>();
            let host = &mut self.hosts[index];
            let open = host.ready.front().is_some_and(|_| places > 0);
            match host.entry(self.now) {
                Entry::Open if open => {
                    idle = 0;
                    let flight = host.begin(index, self.now);
                    let connect = if flight.window == WINDOW && host.model.slow_start {
                        host.model.round_trip
                    } else {
                        0.0
                    };
                    let wait = connect + host.model.round_trip / 2.0 + host.delay();
                    self.flights.push(flight);
                    self.later(wait, self.flights.len() - 1, Step::Arrives);
                }
                Entry::Open => idle += 1,
                wait => {
                    idle += 1;
                    let until = match wait {
                        Entry::At(moment) => moment.as_secs_f64(),
                        _ => self.now + 1.0,
                    };
                    if open && (host.wakes <= self.now || until < host.wakes) {
                        host.wakes = until;
                        self.events
                            .push(Reverse((At(until.max(self.now)), index, Step::Wake)));
                    }
                }
            }
        }
    }

    fn step(&mut self, number: usize, step: Step) {
        if step == Step::Wake {
            return self.hosts[number].check_progress(self.now);
        }
        let flight = &mut self.flights[number];
        let host = &mut self.hosts[flight.host];
        let half = host.model.round_trip / 2.0;
        match step {
            Step::Arrives => {
                let (wait, next) = host.ask(self.now);
                let wait = wait + host.delay();
                self.later(wait, number, next);
            }
            Step::Accepted => {
                host.accepted(flight, self.now);
                let size = (host.model.size)(flight.file) as f64;
                let time = host.transfer(size, &mut flight.window, self.now);
                host.bodies.push((number, self.now, self.now + time, size));
                self.later((time - half).max(0.0), number, Step::Leaves);
                self.later(time, number, Step::Done);
            }
            Step::Leaves => host.taken -= 1,
            Step::Done => host.done(number, flight, self.now),
            Step::Refused | Step::Broken => {
                let wait = host.refused(flight, step == Step::Broken, self.now);
                self.later(wait, number, Step::Back);
            }
            Step::Back => host.ready.push_back(flight.file),
            Step::Wake => {}
        }
    }
}

impl Host {
    fn new(model: Model, all: usize, fixed: Option<usize>) -> Host {
        let limits = Limits {
            connections: all,
            requests_per_second: None,
        };
        Host {
            model,
            rule: match fixed {
                Some(limit) => Rule::Fixed(limit),
                None => Rule::Found(Box::new(Controller::new(&limits, clock(0.5)))),
            },
            ready: (0..model.files).collect(),
            live: 0,
            taken: 0,
            line_free: 0.0,
            tokens: model.per_second,
            tokens_at: 0.0,
            asked: 0,
            timed: 0,
            idle: Vec::new(),
            bodies: Vec::new(),
            moved: 0.0,
            wakes: -1.0,
            outcome: Outcome::default(),
        }
    }

    fn delay(&mut self) -> f64 {
        self.timed += 1;
        self.model.delay(self.timed)
    }

    fn entry(&self, now: f64) -> Entry {
        match &self.rule {
            Rule::Fixed(limit) if self.live < *limit => Entry::Open,
            Rule::Fixed(_) => Entry::Full,
            Rule::Found(controller) => controller.entry(clock(now)),
        }
    }

    fn begin(&mut self, index: usize, now: f64) -> Flight {
        self.live += 1;
        Flight {
            host: index,
            file: self.ready.pop_front().unwrap(),
            ticket: match &mut self.rule {
                Rule::Fixed(_) => None,
                Rule::Found(controller) => controller.begin(clock(now)),
            },
            window: self.idle.pop().unwrap_or(WINDOW),
        }
    }

    /// Handles a request that arrives: returns what follows, and after what time.
    fn ask(&mut self, now: f64) -> (f64, Step) {
        let half = self.model.round_trip / 2.0;
        let rate = self.model.per_second;
        if rate.is_finite() {
            self.tokens = rate.min(self.tokens + rate * (now - self.tokens_at));
            self.tokens_at = now;
            if self.tokens < 1.0 {
                return (half, Step::Refused);
            }
            self.tokens -= 1.0;
        }
        self.asked += 1;
        if self.model.flaky > 0 && self.asked.is_multiple_of(self.model.flaky) {
            return (half, Step::Broken);
        }
        if self.model.refuses_at_random(self.asked) {
            return (half, Step::Refused);
        }
        if self.taken >= (self.model.at_once)(now) {
            return match self.model.over {
                Over::Busy => (half, Step::Refused),
                Over::Reset => (half, Step::Broken),
                Over::Stall => (SILENCE, Step::Broken),
            };
        }
        self.taken += 1;
        (self.model.work_time(self.taken) + half, Step::Accepted)
    }

    /// Returns how long a body takes.
    fn transfer(&mut self, size: f64, window: &mut f64, now: f64) -> f64 {
        let mut time = size / self.model.each;
        if self.model.total.is_finite() {
            self.line_free = self.line_free.max(now) + size / self.model.total;
            time = time.max(self.line_free - now);
        }
        if self.model.slow_start {
            let mut rest = size - *window;
            *window *= 2.0;
            let mut slow = 0.0;
            while rest > 0.0 {
                slow += self.model.round_trip;
                rest -= *window;
                *window = (*window * 2.0).min(4e6);
            }
            time = time.max(slow);
        }
        time
    }

    fn accepted(&mut self, flight: &mut Flight, now: f64) {
        let size = (self.model.size)(flight.file);
        if let (Rule::Found(controller), Some(ticket)) = (&mut self.rule, &mut flight.ticket) {
            controller.accepted(ticket, Some(size), clock(now));
        }
    }

    fn done(&mut self, number: usize, flight: &mut Flight, now: f64) {
        self.live -= 1;
        self.idle.push(flight.window);
        self.bodies.retain(|(body, ..)| *body != number);
        self.moved += (self.model.size)(flight.file) as f64;
        let moved = self.moved(now);
        self.outcome.arrived += 1;
        self.outcome.wall = now;
        if let (Rule::Found(controller), Some(ticket)) = (&mut self.rule, flight.ticket.take()) {
            controller.succeeded(ticket, clock(now), moved);
            self.outcome.limit = controller.limit();
        }
    }

    /// Returns how long the file waits before it joins the line again.
    fn refused(&mut self, flight: &mut Flight, broken: bool, now: f64) -> f64 {
        self.live -= 1;
        self.outcome.refused += 1;
        let retry_after = self.model.retry_after.filter(|_| !broken);
        if let (Rule::Found(controller), Some(ticket)) = (&mut self.rule, flight.ticket.take()) {
            let refusal = match broken {
                true => controller.broke(ticket, clock(now)),
                false => controller.refused(ticket, retry_after.map(clock), clock(now)),
            };
            if refusal.paused.is_some() {
                return 0.0;
            }
        }
        retry_after.unwrap_or(BACKOFF)
    }

    fn check_progress(&mut self, now: f64) {
        let moved = self.moved(now);
        if let Rule::Found(controller) = &mut self.rule {
            controller.check_progress(clock(now), moved);
        }
    }

    fn moved(&self, now: f64) -> u64 {
        let part = |(_, begin, end, size): &(usize, f64, f64, f64)| {
            size * ((now - begin) / (end - begin).max(1e-9)).min(1.0)
        };
        (self.moved + self.bodies.iter().map(part).sum::<f64>()) as u64
    }
}

fn clock(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}
