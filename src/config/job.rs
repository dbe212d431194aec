//! Jobs: batches with a name. A job has the general settings, with its own over them.

use std::collections::{BTreeMap, HashSet};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::all::Config;
use super::known::{self, ANY};
use super::layer::{Entry, Layer};
use super::parsed::Parsed;
use super::read::wrong;
use super::schedule::Schedule;
use super::secret_reader::is_reference;
use super::since::{Since, Until};
use super::value::{Size, path};
use crate::model::{Error, Headers, Kind, Result};
use crate::pipeline::{self, Filter, MediaKind, Policy, Ranges, Template};
use crate::source::nearest;

/// `[job.NAME]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Job {
    links: Vec<String>,
    lists: Vec<String>,
    schedule: Option<Parsed<Schedule>>,
    output: Option<String>,
    template: Option<Parsed<Template>>,
    skip: Option<Policy>,
    items: Option<Parsed<Ranges>>,
    since: Option<Parsed<Since>>,
    until: Option<Parsed<Until>>,
    kinds: Vec<MediaKind>,
    filter: Option<Parsed<Filter>>,
    stop_after_known: Option<NonZeroUsize>,
    max_new: Option<NonZeroU64>,
    connections: Option<std::num::NonZeroUsize>,
    rate: Option<Size>,
    cookies: Option<String>,
    /// Header values by name; each is a reference to where the value is kept.
    headers: BTreeMap<String, Parsed<Reference>>,
}

/// The job keys that override general settings: key, section, setting.
const OVERRIDES: [(&str, &str, &str); 6] = [
    ("output", "output", "directory"),
    ("template", "output", "template"),
    ("skip", "archive", "skip"),
    ("connections", "net", "connections"),
    ("rate", "net", "rate"),
    ("cookies", "net", "cookies"),
];

/// Where a secret is kept.
#[derive(Clone, Debug)]
struct Reference(String);

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Reference> {
        match is_reference(text) {
            true => Ok(Reference(text.to_owned())),
            // Without the text, which may be the secret.
            false => Err(Error::new(
                Kind::Config,
                "the value of a job's header must be kept elsewhere",
            )
            .hint("write `env:NAME`, `file:PATH` or `cmd:PROGRAM`")),
        }
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Config {
    /// Returns the names of all jobs, in the order in which they first appear.
    pub fn jobs(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let names = job_entries(&self.layers).map(|(_, name)| name);
        names.filter(|name| seen.insert(*name)).collect()
    }

    /// Returns the settings of a job: the general ones, with the job's own over them, and the flags over both.
    ///
    /// # Errors
    /// [`Kind::Config`] if there is no such job, with the names of the existing ones.
    pub fn job(&self, name: &str) -> Result<Config> {
        let known = self.jobs();
        if !known.contains(&name) {
            let error = Error::new(Kind::Config, format!("no job is called `{name}`"));
            return Err(match nearest(name, &known) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None if known.is_empty() => {
                    error.hint("a job is a section `[job.NAME]` of the configuration")
                }
                None => error.hint(format!("the jobs are {}", known::join_quoted(&known))),
            });
        }
        let own = OVERRIDES.iter().filter_map(|(key, section, setting)| {
            let entry = self.last_entry(&["job", name, key])?;
            Some(Entry {
                path: vec![(*section).to_owned(), (*setting).to_owned()],
                ..entry.clone()
            })
        });
        let own = Layer {
            is_file: false,
            entries: own.collect(),
        };
        let mut config = self.clone();
        // The flags are the last layer.
        config
            .layers
            .insert(self.layers.len().saturating_sub(1), own);
        config.sections = config.read_sections()?;
        config.job = Some(name.to_owned());
        Ok(config)
    }

    /// Returns the links and the lists of this job.
    pub fn links(&self) -> (Vec<String>, Vec<PathBuf>) {
        let Some(job) = self.current_job() else {
            return Default::default();
        };
        let lists = job.lists.iter().map(|text| path(text)).collect();
        (job.links.clone(), lists)
    }

    /// Returns how often this job is to run.
    pub fn schedule(&self) -> Option<&Schedule> {
        Some(&self.current_job()?.schedule.as_ref()?.0)
    }

    /// Adds the settings that only jobs have.
    pub(super) fn apply_job(&self, settings: pipeline::Settings) -> pipeline::Settings {
        let Some(job) = self.current_job() else {
            return settings;
        };
        pipeline::Settings {
            items: job.items.clone().map(|Parsed(items)| items),
            since: job.since.as_ref().map(|since| since.0.moment),
            until: job.until.as_ref().map(|until| until.0.moment),
            kinds: job.kinds.clone(),
            filter: job.filter.clone().map(|Parsed(filter)| filter),
            stop_after_known: job.stop_after_known,
            max_new: job.max_new,
            ..settings
        }
    }

    /// Returns the headers of this job, read from where they are kept. A value that is not set there is an error: without
    /// the header, a site may answer with less, and nobody would notice.
    pub(super) fn headers(&self) -> Result<Headers> {
        let mut headers = Headers::default();
        let (Some(name), Some(job)) = (&self.job, self.current_job()) else {
            return Ok(headers);
        };
        for (header, Parsed(Reference(text))) in &job.headers {
            let Some(entry) = self.last_entry(&["job", name, "headers", header]) else {
                continue;
            };
            let value = self.secrets.resolve(entry, text)?.ok_or_else(|| {
                let message = format!(
                    "the header `{header}` of the job `{name}` is not set: `{text}`, in {}",
                    entry.place
                );
                let hint = match text.strip_prefix("env:") {
                    Some(variable) => format!("set the variable `{variable}` where the job runs"),
                    None => "write the value there".to_owned(),
                };
                Error::new(Kind::Config, message).hint(hint)
            })?;
            headers.0.insert(header.clone(), value);
        }
        Ok(headers)
    }

    fn current_job(&self) -> Option<&Job> {
        self.sections.job.get(self.job.as_ref()?)
    }
}

/// Returns the entries that belong to a job, with its name.
fn job_entries(layers: &[Layer]) -> impl Iterator<Item = (&Entry, &str)> {
    let entries = layers.iter().flat_map(|layer| &layer.entries);
    entries.filter_map(|entry| match entry.path.as_slice() {
        [section, name, ..] if section == "job" && name != ANY => Some((entry, name.as_str())),
        _ => None,
    })
}

/// Refuses job names that cannot be typed or used as a file name.
pub(super) fn check_names(layers: &[Layer]) -> Result<()> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    for (entry, name) in job_entries(layers) {
        let is_well = !name.starts_with(['.', '-']) && name.chars().all(is_plain);
        if !is_well || name.is_empty() || name.len() > 100 {
            let why = "the name of a job is made of letters, digits, `_`, `-` and `.`";
            return Err(wrong(entry, why));
        }
    }
    Ok(())
}
