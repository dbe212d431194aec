//! The sections of a configuration file. Their defaults are those of the parts that they belong to.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use super::extractor::Extractor;
use super::host;
use super::job::Job;
use super::known::ANY;
use super::value::{Rate, Resolve, Size, Span, path};
use crate::model::{Error, Kind, Result};
use crate::{net, pipeline};

/// All sections except those of sources.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Sections {
    pub(super) output: Output,
    after: After,
    pub(super) archive: Archive,
    pub(super) net: Net,
    pub(super) stream: Stream,
    pub(super) extractor: Extractor,
    /// By host name. The default entry, `*`, is not a host; it has the keys that a host can have.
    host: BTreeMap<String, Host>,
    /// By job name, with a default entry for the same reason.
    pub(super) job: BTreeMap<String, Job>,
    // A known section, but each source reads its own part.
    #[serde(skip_deserializing)]
    source: BTreeMap<String, ()>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Output {
    directory: String,
    pub(super) template: Option<String>,
    mtime: pipeline::Mtime,
    min_free: Size,
}

/// The steps that follow a saved file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct After {
    metadata: bool,
    lines: bool,
    info: bool,
    zip: pipeline::Packing,
    cbz: pipeline::Packing,
    exec: Option<String>,
    exec_after: Option<String>,
}

impl After {
    fn post_processing(
        &self,
        placed: &dyn Fn(&str, Error) -> Error,
    ) -> Result<pipeline::PostProcessing> {
        let read = |key: &str, text: &Option<String>, known: &[&str]| {
            non_empty(text)
                .map(|text| pipeline::Command::parse(&expand_home(text), known))
                .transpose()
                .map_err(|error| placed(key, error))
        };
        Ok(pipeline::PostProcessing {
            metadata: self.metadata,
            lines: self.lines,
            info: self.info,
            zip: self.zip,
            cbz: self.cbz,
            exec: read("exec", &self.exec, pipeline::Command::OF_FILE)?,
            exec_after: read("exec_after", &self.exec_after, pipeline::Command::OF_RUN)?,
        })
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Archive {
    file: Option<String>,
    enabled: bool,
    skip: pipeline::Policy,
    duplicates: pipeline::Duplicates,
    digest: pipeline::archive::Algorithm,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Net {
    proxy: Option<String>,
    private: net::Private,
    user_agent: Option<String>,
    connect_timeout: Span,
    stall_timeout: Span,
    speed_floor: Size,
    speed_window: Span,
    retries: u32,
    backoff: Span,
    longest_wait: Span,
    connections: NonZeroUsize,
    per_host: NonZeroUsize,
    per_file: NonZeroUsize,
    rate: Option<Size>,
    ca_cert: Vec<String>,
    resolve: Vec<Resolve>,
    cookies: Option<String>,
    cookies_save: bool,
    cookies_from: Option<String>,
    netrc: NetrcChoice,
}

/// Whether the user's netrc is used, or which file to use instead.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected `true`, `false`, or a path in quotes")]
enum NetrcChoice {
    Enabled(bool),
    File(String),
}

/// What to download of streams.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Stream {
    quality: pipeline::Quality,
    subtitles: pipeline::Subtitles,
    live_for: Option<Span>,
}

impl Stream {
    /// Returns which rendition is wanted.
    pub(super) fn quality(&self) -> pipeline::Quality {
        self.quality
    }
}

/// A host with limits of its own.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Host {
    connections: Option<NonZeroUsize>,
    requests_per_second: Option<Rate>,
}

impl Default for Sections {
    fn default() -> Self {
        Sections {
            output: Output::default(),
            after: After::default(),
            archive: Archive::default(),
            net: Net::default(),
            stream: Stream::default(),
            extractor: Extractor::default(),
            host: BTreeMap::from([(ANY.to_owned(), Host::default())]),
            job: BTreeMap::from([(ANY.to_owned(), Job::default())]),
            source: BTreeMap::new(),
        }
    }
}

impl Default for Output {
    fn default() -> Self {
        let settings = pipeline::Settings::default();
        Output {
            directory: settings.root.display().to_string(),
            template: None,
            mtime: settings.mtime,
            min_free: Size(settings.min_free),
        }
    }
}

impl Default for Archive {
    fn default() -> Self {
        Archive {
            file: None,
            enabled: true,
            skip: pipeline::Policy::default(),
            duplicates: pipeline::Duplicates::default(),
            digest: pipeline::archive::Algorithm::default(),
        }
    }
}

impl Default for Net {
    fn default() -> Self {
        let settings = net::Settings::default();
        Net {
            proxy: settings.proxy,
            private: settings.private,
            user_agent: None,
            connect_timeout: Span(settings.connect_timeout),
            stall_timeout: Span(settings.stall_timeout),
            speed_floor: Size(settings.speed_floor),
            speed_window: Span(settings.speed_window),
            retries: settings.retries,
            backoff: Span(settings.backoff),
            longest_wait: Span(settings.longest_wait),
            connections: NonZeroUsize::new(settings.connections).unwrap_or(NonZeroUsize::MIN),
            per_host: NonZeroUsize::new(settings.per_host).unwrap_or(NonZeroUsize::MIN),
            per_file: NonZeroUsize::new(settings.per_file).unwrap_or(NonZeroUsize::MIN),
            rate: settings.rate.map(Size),
            ca_cert: Vec::new(),
            resolve: Vec::new(),
            cookies: None,
            cookies_save: settings.cookies_save,
            cookies_from: None,
            netrc: NetrcChoice::Enabled(false),
        }
    }
}

impl Net {
    /// Returns the settings of the client, without those of single hosts.
    fn settings(&self) -> net::Settings {
        let mut resolve: Vec<net::Override> = Vec::new();
        for Resolve { mapping: next, .. } in &self.resolve {
            match resolve.iter_mut().find(|known| known.host == next.host) {
                Some(known) => known.addresses.extend(&next.addresses),
                None => resolve.push(next.clone()),
            }
        }
        let defaults = net::Settings::default();
        net::Settings {
            proxy: non_empty(&self.proxy).map(str::to_owned),
            private: self.private,
            user_agent: non_empty(&self.user_agent).map_or(defaults.user_agent, str::to_owned),
            connect_timeout: self.connect_timeout.0,
            stall_timeout: self.stall_timeout.0,
            speed_floor: self.speed_floor.0,
            speed_window: self.speed_window.0,
            retries: self.retries,
            backoff: self.backoff.0,
            longest_wait: self.longest_wait.0,
            connections: self.connections.get(),
            per_host: self.per_host.get(),
            per_file: self.per_file.get(),
            rate: self
                .rate
                .map(|Size(bytes)| bytes)
                .filter(|bytes| *bytes > 0),
            ca_cert: self.ca_cert.iter().map(|text| path(text)).collect(),
            resolve,
            hosts: HashMap::new(),
            cookies: non_empty(&self.cookies).map(path),
            cookies_save: self.cookies_save,
            cookies_from: non_empty(&self.cookies_from).map(str::to_owned),
            netrc: match &self.netrc {
                NetrcChoice::Enabled(false) => net::Netrc::Off,
                NetrcChoice::Enabled(true) => net::Netrc::User,
                // Flags and environment variables are always text.
                NetrcChoice::File(file) => match file.as_str() {
                    "" | "false" => net::Netrc::Off,
                    "true" => net::Netrc::User,
                    file => net::Netrc::File(path(file)),
                },
            },
            headers: defaults.headers,
        }
    }
}

/// What the pipeline settings are used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A run that is recorded.
    Download,
    /// A look at what would be downloaded.
    Preview,
}

impl Sections {
    /// Returns the settings of the client.
    pub(super) fn net(&self) -> net::Settings {
        let settings = self.net.settings();
        let limits = |host: &Host| net::Limits {
            connections: host
                .connections
                .map_or(settings.per_host, NonZeroUsize::get),
            requests_per_second: host.requests_per_second.map(|Rate(rate)| rate),
        };
        let hosts = self.host.iter().filter(|(name, _)| *name != ANY);
        let hosts = hosts.map(|(name, host)| (host::normalized(name), limits(host)));
        net::Settings {
            hosts: hosts.collect(),
            ..settings
        }
    }

    /// Returns the settings of the pipeline, with templates that have been parsed already. `placed` adds the place of a
    /// key of `[after]` to an error.
    pub(super) fn pipeline(
        &self,
        templates: pipeline::Templates,
        placed: &dyn Fn(&str, Error) -> Error,
        purpose: Purpose,
    ) -> Result<pipeline::Settings> {
        let archive = match non_empty(&self.archive.file) {
            _ if !self.archive.enabled => None,
            Some(file) => Some(path(file)),
            None if purpose == Purpose::Preview => pipeline::default_archive(),
            None => Some(pipeline::default_archive().ok_or_else(|| {
                Error::new(Kind::Config, "there is no home folder for the archive")
                    .hint("set `HOME` or `XDG_STATE_HOME`, or name a file with `archive.file`; to download without an archive, use `--no-archive`")
            })?),
        };
        if self.output.directory.is_empty() {
            return Err(Error::new(Kind::Config, "the output folder has no name")
                .hint("`.` is the current folder"));
        }
        Ok(pipeline::Settings {
            root: path(&self.output.directory),
            templates,
            skip: self.archive.skip,
            duplicates: self.archive.duplicates,
            mtime: self.output.mtime,
            min_free: self.output.min_free.0,
            after: self.after.post_processing(placed)?,
            archive,
            digest: self.archive.digest,
            quality: self.stream.quality,
            subtitles: self.stream.subtitles.clone(),
            live_for: self.stream.live_for.map(|Span(time)| time),
            ..pipeline::Settings::default()
        })
    }
}

/// Expands `~/` at the start of a command to the home folder, quoted so that it stays one word.
fn expand_home(command: &str) -> Cow<'_, str> {
    let Some(rest) = command.trim_start().strip_prefix("~/") else {
        return command.into();
    };
    let home = path("~/");
    let Some(home) = home.to_str() else {
        return command.into();
    };
    // Braces in commands are placeholders.
    let home = home.replace('{', "{{").replace('}', "}}");
    format!("{}{rest}", shell_words::quote(&home)).into()
}

/// Returns a text, unless it is empty, which counts as unset.
pub(super) fn non_empty(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}
