//! How a transfer ended: what is reported, and what is recorded.

use std::sync::Arc;
use std::thread;

use super::job::SavedFile;
use super::retry::RetryState;
use super::{Job, Mover};
use crate::model::{Error, Failure, Item, Kind, Outcome, Result};
use crate::net::NamedBy;
use crate::pipeline::archive::{Ending, Identity, Note, Origin, RecordedFailure, item_to_json};
use crate::pipeline::sink::takes_no_more;
use crate::pipeline::{LinkOptions, panicked};

/// The parts of a job that outlive its transfer.
pub(super) struct Subject {
    id: u64,
    pub(super) item: Arc<Item>,
    named_by: NamedBy,
    origin: Option<Arc<Origin>>,
    options: Option<Arc<LinkOptions>>,
    saved: Option<Box<SavedFile>>,
    /// Whether it cannot even be requested, so that its earlier failure stays on record.
    is_untried: bool,
}

impl Subject {
    /// Takes from a job what its outcome depends on.
    pub(super) fn of(job: &Job) -> Subject {
        let fault = job.fault.as_ref();
        Subject {
            id: job.id,
            item: job.item.clone(),
            named_by: job.named_by,
            origin: job.origin.clone(),
            options: job.options.clone(),
            saved: job.known.clone(),
            is_untried: fault.is_some_and(|fault| fault.kind == Kind::Expired),
        }
    }
}

impl Mover {
    /// Returns the outcome of a transfer, or `None` if the run was ended first. Failures are recorded.
    pub(super) fn outcome(
        &self,
        subject: &Subject,
        fetched: thread::Result<Result<Outcome>>,
        retry: &RetryState,
    ) -> Option<Outcome> {
        let error = match fetched {
            Ok(Ok(outcome)) => return Some(outcome),
            Ok(Err(error)) if error.kind == Kind::Closed => return None,
            Ok(Err(error)) => error,
            Err(_) => panicked("this transfer"),
        };
        if let Some(saved) = &subject.saved
            && error.kind != Kind::Disk
            && (!retry.began || saved.needs_full_download())
        {
            return Some(self.keep_saved(subject, saved, &error, retry));
        }
        if takes_no_more(&error) {
            self.stop.drain.cancel();
        }
        Some(self.failed(subject, &error, retry))
    }

    /// Only the check failed, which may have been a whole download: the saved file is as good as before.
    fn keep_saved(
        &self,
        subject: &Subject,
        saved: &SavedFile,
        error: &Error,
        retry: &RetryState,
    ) -> Outcome {
        let is_film = saved.version().is_none();
        let unknown = match is_film {
            true => "which subtitles are missing",
            false => "whether it has changed",
        };
        if error.kind == Kind::Missing && !is_film {
            // It is recorded as gone, so that it is not requested each time; what was saved of it stays known.
            self.failed(subject, error, retry);
        }
        Outcome::Skipped {
            reason: saved.reason,
            path: saved.path.clone(),
            warning: Some(format!("cannot tell {unknown}: {}", error.message)),
        }
    }

    fn failed(&self, subject: &Subject, error: &Error, retry: &RetryState) -> Outcome {
        let failure = Failure::new(error, retry.attempts());
        if !subject.is_untried {
            let options = subject.options.as_deref();
            let recorded = RecordedFailure {
                number: subject.id,
                item: item_to_json(&subject.item, subject.named_by),
                options: options.map(LinkOptions::to_json),
                ..RecordedFailure::of(&failure)
            };
            self.note(
                &subject.item,
                subject.origin.clone(),
                Ending::Failed(recorded),
            );
        }
        Outcome::Failed(failure)
    }

    /// The saved file is as it was, as far as is known.
    pub(super) fn unchanged(
        &self,
        job: &Job,
        saved: &SavedFile,
        warning: Option<String>,
    ) -> Outcome {
        self.note(&job.item, job.origin.clone(), Ending::Unchanged(None));
        Outcome::Skipped {
            reason: saved.reason,
            path: saved.path.clone(),
            warning,
        }
    }

    /// Records that the item is a document: others come in its place, so it has not failed in any run.
    pub(super) fn record_document(&self, item: &Item) {
        self.note(item, None, Ending::Document);
    }

    fn note(&self, item: &Item, origin: Option<Arc<Origin>>, ending: Ending) {
        // A failure to record the outcome does not change it.
        self.record_warning(self.archive.note(Note {
            identity: Identity {
                source: item.source.clone(),
                key: item.key.clone(),
            },
            origin,
            ending,
        }));
    }

    /// Returns a warning if the outcome of an item could not be recorded. Nothing more is started then: the next run
    /// would download it again.
    pub(super) fn record_warning(&self, noted: Result<()>) -> Option<String> {
        let error = noted.err()?;
        self.stop.drain.cancel();
        Some(format!("it could not be recorded: {error}"))
    }
}
