//! The thread on which reporters run, so that a slow terminal holds up the reports and not the runtime.

use std::io;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::{Reporter, Summary};
use crate::model::{Error, Event, Kind, Result};

/// How many events are taken at a time.
const BATCH: usize = 512;

/// How long events are collected after a batch that was not nearly full: waking up for each of them costs more than
/// reporting it. The pause is shorter while many events come, so that the senders need not wait for room in the channel.
const PAUSE: Duration = Duration::from_millis(20);
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// How often reporters get to draw.
const TICK: Duration = Duration::from_millis(100);

/// Running reporters. They end when the last sender of events is dropped.
#[derive(Debug)]
pub struct Reporting {
    thread: JoinHandle<(Summary, Result<()>)>,
    /// Cancelled when no more events will come.
    end: CancellationToken,
}

/// Signals from the user to the reporters, and from the reporters to the run.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// Cancelled by the user's first Ctrl-C, or an equivalent signal: the run counts as interrupted.
    pub interrupted: CancellationToken,
    /// Cancelled before that, if the signal was not Ctrl-C but SIGTERM or SIGHUP.
    pub terminated: CancellationToken,
    /// Cancelled by the reporters when their output is closed.
    pub output_closed: CancellationToken,
}

impl Reporting {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(
        reporters: Vec<Box<dyn Reporter>>,
        events: mpsc::Receiver<Event>,
        signals: Signals,
    ) -> Result<Reporting> {
        let cannot =
            |error: io::Error| Error::new(Kind::Disk, "cannot start reporting").because(error);
        // The thread has a runtime of its own, since it must not burden the main one.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(cannot)?;
        let end = CancellationToken::new();
        let ended = end.clone();
        let thread = thread::Builder::new()
            .name("report".into())
            .spawn(move || runtime.block_on(report(reporters, events, signals, ended)))
            .map_err(cannot)?;
        Ok(Reporting { thread, end })
    }

    /// Waits for the last report.
    ///
    /// # Errors
    /// [`Kind::Disk`] when stdout could not be written to, unless its reader just closed it.
    ///
    /// # Panics
    /// If a reporter panicked.
    pub fn finish(self) -> (Summary, Result<()>) {
        self.end.cancel();
        match self.thread.join() {
            Ok(end) => end,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

async fn report(
    reporters: Vec<Box<dyn Reporter>>,
    mut events: mpsc::Receiver<Event>,
    signals: Signals,
    end: CancellationToken,
) -> (Summary, Result<()>) {
    let began = Instant::now();
    let mut summary = Summary::default();
    let mut live = LiveReporters {
        reporters,
        output_closed: signals.output_closed,
        failure: Ok(()),
    };
    let mut batch = Vec::with_capacity(BATCH);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_announced = false;
    let mut pause = PAUSE;
    loop {
        tokio::select! {
            count = events.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    break;
                }
                for event in batch.drain(..) {
                    let item = summary.take(&event);
                    live.each(|reporter| reporter.event(&event, item.as_ref(), &summary));
                }
                live.each(|reporter| reporter.flush(&summary));
                if count >= BATCH / 2 {
                    pause = (pause / 2).max(SHORTEST_PAUSE);
                } else {
                    if count < BATCH / 8 {
                        pause = (pause * 2).min(PAUSE);
                    }
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = end.cancelled() => {}
                    }
                }
            }
            () = signals.interrupted.cancelled(), if !is_announced => {
                is_announced = true;
                let text = interrupt_notice(&summary, signals.terminated.is_cancelled());
                live.each(|reporter| reporter.notice(&text));
            }
            _ = ticks.tick() => live.each(|reporter| reporter.flush(&summary)),
        }
    }
    summary.elapsed = began.elapsed();
    summary.interrupted = signals.interrupted.is_cancelled();
    live.each(|reporter| reporter.finish(&summary));
    (summary, live.failure)
}

/// The message at the first Ctrl-C or equivalent signal.
fn interrupt_notice(summary: &Summary, is_terminated: bool) -> String {
    let files = match summary.open().filter(|(_, item)| item.began).count() {
        // It may be waiting for a response, or for a command that runs for a file.
        0 => "work in progress".to_owned(),
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    match is_terminated {
        true => format!("finishing {files} within seconds; a second SIGTERM stops at once"),
        false => format!("finishing {files}; press Ctrl-C again to stop at once"),
    }
}

/// The reporters whose output is still open.
struct LiveReporters {
    reporters: Vec<Box<dyn Reporter>>,
    output_closed: CancellationToken,
    failure: Result<()>,
}

impl LiveReporters {
    fn each(&mut self, mut call: impl FnMut(&mut dyn Reporter) -> io::Result<()>) {
        let (output_closed, failure) = (&self.output_closed, &mut self.failure);
        self.reporters.retain_mut(|reporter| {
            let Err(error) = call(reporter.as_mut()) else {
                return true;
            };
            output_closed.cancel();
            // A reader that closes its end, such as `head`, is no failure.
            if error.kind() != io::ErrorKind::BrokenPipe {
                *failure = Err(Error::new(Kind::Disk, "cannot write to stdout").because(error));
            }
            false
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::found;
    use super::super::{Lines, OpenItem, Verbosity};
    use super::*;

    /// Accepts this many events, then fails with this kind of error.
    struct Failing(u32, io::ErrorKind);

    impl Reporter for Failing {
        fn event(&mut self, _: &Event, _: Option<&OpenItem>, _: &Summary) -> io::Result<()> {
            self.0 = self.0.checked_sub(1).ok_or(self.1)?;
            Ok(())
        }

        fn finish(&mut self, _: &Summary) -> io::Result<()> {
            panic!("it was called after it had failed")
        }
    }

    fn run(reporter: Failing) -> (Summary, Result<()>, bool) {
        let signals = Signals::default();
        let (sender, receiver) = mpsc::channel(4);
        let quiet = Lines::new(io::sink(), Verbosity::Quiet, false);
        let reporters: Vec<Box<dyn Reporter>> = vec![Box::new(reporter), Box::new(quiet)];
        let reporting = Reporting::start(reporters, receiver, signals.clone()).unwrap();
        for id in 1..=100 {
            sender.blocking_send(found(id)).unwrap();
        }
        drop(sender);
        let (summary, result) = reporting.finish();
        (summary, result, signals.output_closed.is_cancelled())
    }

    #[test]
    fn a_reader_that_has_had_enough_ends_the_run_quietly() {
        let (summary, result, output_closed) = run(Failing(3, io::ErrorKind::BrokenPipe));
        assert!(output_closed && result.is_ok());
        assert_eq!(summary.found, 100);
    }

    #[test]
    fn a_full_disk_behind_stdout_is_an_error() {
        let (_, result, output_closed) = run(Failing(3, io::ErrorKind::StorageFull));
        assert!(output_closed);
        assert_eq!(result.unwrap_err().kind, Kind::Disk);
    }

    #[test]
    fn tells_the_user_that_the_end_is_under_way() {
        let mut summary = Summary::default();
        summary.take(&found(1));
        assert_eq!(
            interrupt_notice(&summary, false),
            "finishing work in progress; press Ctrl-C again to stop at once"
        );
        summary.take(&Event::Began {
            id: 1,
            total: None,
            have: 0,
        });
        assert_eq!(
            interrupt_notice(&summary, false),
            "finishing 1 file; press Ctrl-C again to stop at once"
        );
        assert_eq!(
            interrupt_notice(&summary, true),
            "finishing 1 file within seconds; a second SIGTERM stops at once"
        );
    }
}
